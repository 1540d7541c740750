"""The similar tracks of a snapshot: of one track, and summed over several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.serving.snapshot import mapped
from api.serving.snapshot.manifest import STRATEGIES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from api.serving.snapshot.filtering import Row

_NEIGHBOURS = STRATEGIES.index("neighbours")


class Similar:
    """Which tracks are like which, best first."""

    def __init__(self, folder: Path) -> None:
        self._starts = mapped.numbers(folder / "similar.starts", "q")
        self._track = mapped.numbers(folder / "similar.track", "i")
        self._similarity = mapped.numbers(folder / "similar.score", "f")

    def of_track(self, place: int, limit: int | None = None) -> Iterable[tuple[int, float]]:
        """Return the places of the tracks most like one, each with its similarity."""
        begin, end = self._starts[place], self._starts[place + 1]
        if limit is not None:
            end = min(begin + limit, end)
        return zip(self._track[begin:end], self._similarity[begin:end], strict=True)

    def of_tracks(self, places: Iterable[int]) -> list[Row]:
        """Return the tracks most like several, by the sum of their similarities.

        For each speaks the one of the several that it is most like.
        """
        sums: dict[int, float] = {}
        best: dict[int, tuple[float, int]] = {}
        for seed in places:
            for track, similarity in self.of_track(seed):
                sums[track] = sums.get(track, 0.0) + similarity
                best[track] = max(best.get(track, (similarity, seed)), (similarity, seed))
        ranked = sorted(sums, key=lambda track: (-sums[track], track))
        return [(track, sums[track], best[track][1], _NEIGHBOURS) for track in ranked]

"""A bench says by itself whether a promise holds, and the guard when one is worse than before."""

import json
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import promises
from bench.measure import Cost, Rounds
from bench.promises import Promise


def test_a_ratio_is_taken_round_by_round_so_that_what_slowed_both_falls_out() -> None:
    seconds = {"ours": (2.0, 20.0, 3.0), "peer": (1.0, 10.0, 1.0)}
    rounds = Rounds(
        {name: [Cost(wall, wall, 1) for wall in walls] for name, walls in seconds.items()}
    )
    assert rounds.ratios("ours", "peer") == [2.0, 2.0, 3.0]
    assert rounds.medians["ours"].wall == 3.0


@pytest.mark.parametrize(
    ("bound", "limit", "holds"),
    [("at most", 1.5, True), ("at most", 1.4, False), ("at least", 1.5, True)],
)
def test_the_median_is_what_must_keep_the_limit(bound: str, limit: float, holds: bool) -> None:
    promise = Promise("a day", "3 s", "2 s", [1.4, 1.5, 9.0], limit, bound)  # type: ignore[arg-type]
    assert promise.holds is holds
    assert promise.row[-1] == ("holds" if holds else "missed")


def test_the_guard_names_what_is_half_as_bad_again_or_broke_its_limit_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promises, "KEPT", tmp_path)
    monkeypatch.setattr(bench, "BASELINES", tmp_path / "baselines.json")
    before = {"build": {"a day": 1.0, "a pull": 4.0, "a build": 2.0, "a query": 0.9}}
    bench.BASELINES.write_text(json.dumps(before))
    promises.report(
        "build",
        Promise("a day", "", "", [1.6], 2.0),
        Promise("a pull", "", "", [2.0], 1.0, "at least"),
        Promise("a build", "", "", [2.9]),
        Promise("a query", "", "", [1.1], 1.0),
        Promise("a new one", "", "", [99.0]),
    )
    assert bench._worse_than_before(["build"]) == [
        "build, a day: 1.60, was 1.00",
        "build, a pull: 2.00, was 4.00",
        "build, a query: 1.10, was 0.90",
    ]

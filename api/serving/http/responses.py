"""The response bodies of both paths, counted as they are made."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from api.serving.errors import SnapshotDamaged
from api.serving.http import problems

if TYPE_CHECKING:
    from api.serving.feedback.hidden import Hidden
    from api.serving.snapshot.current import CurrentSnapshot
    from api.serving.snapshot.filtering import Wanted
    from api.serving.snapshot.lookup import Snapshot
    from api.serving.telemetry.prometheus_metrics import Counts


class Responses:
    """Makes response bodies from the current snapshot."""

    def __init__(self, served: CurrentSnapshot, counts: Counts, hidden: Hidden) -> None:
        self._served = served
        self._hidden = hidden
        self._counts = counts

    def present(self) -> Snapshot:
        """Return the current snapshot; raises `RequestFailed` (503) when there is none."""
        served = self._served
        if served.snapshot is None:
            with suppress(SnapshotDamaged):
                served.refresh()
        if served.snapshot is None:
            detail = f"there is nothing to serve: {served.degraded}"
            raise problems.RequestFailed(503, detail, {"retry-after": "5"})
        return served.snapshot

    def user(self, user_id: int, limit: int, wanted: Wanted | None = None) -> bytes:
        """One user's tracks, limited to what is wanted.

        Args:
            user_id: The app's id of the user.
            limit: How many tracks at most.
            wanted: The mode, the genre and the ids to leave out.

        """
        answers = self.present()
        user = answers.of_user(user_id, limit, self.hidden_by(user_id), wanted)
        self._counts.user(user.strategy, known=user.known, stale=answers.is_stale)
        return b"{%b,%b}" % (user.body, answers.envelope(user.arm))

    def users(self, user_ids: list[int], limit: int) -> bytes:
        """Several users' tracks, all from the same predictions."""
        answers = self.present()
        stale = answers.is_stale
        users = [answers.of_user(user_id, limit, self.hidden_by(user_id)) for user_id in user_ids]
        for user in users:
            self._counts.user(user.strategy, known=user.known, stale=stale)
        bodies = b",".join(b"{%b}" % user.body for user in users)
        return b'{%b,"answers":[%b]}' % (answers.envelope(), bodies)

    def similar(self, track_id: int, limit: int) -> bytes:
        """The tracks most similar to one; raises `RequestFailed` (404) for an unknown track."""
        body = self.present().similar_to(track_id, limit)
        if body is None:
            raise problems.RequestFailed(404, "there is no such track")
        return body

    def hidden_by(self, user_id: int) -> frozenset[int]:
        """What a user hid; raises `RequestFailed` (503) while that is not known."""
        if not self._hidden.is_known:
            detail = "what users hid can't be read at present; the server's log says why"
            raise problems.RequestFailed(503, detail, {"retry-after": "5"})
        return self._hidden.of_user(user_id)

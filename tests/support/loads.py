"""Two loads of one day, enough to see a build go on from another."""

from datetime import datetime

from tests.support.lake import Load, session, track

DAY = datetime(2026, 1, 10)
FIRST = Load(
    "1.1",
    DAY,
    tracks=[track(7, "A", "2026-01-02")],
    listen_history=[session(1, "2026-01-09", [7], "2026-01-09")],
)
SECOND = Load("2.1", DAY, listen_history=[session(2, "2026-01-09", [7], "2026-01-09")])

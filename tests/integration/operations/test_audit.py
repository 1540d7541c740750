"""An audit compares a full pull with the marts, key by key."""

from datetime import datetime
from pathlib import Path

import pytest

from orchestration.run.errors import NotReconciled
from orchestration.run.lock import hold
from orchestration.run.settings import Settings
from orchestration.steps.audit import Reconciliation, reconcile
from tests.support.lake import Lake, Load, session, track
from tests.support.warehouse import Warehouse

EARLIER = Load(
    "1.1",
    datetime(2026, 1, 9),
    tracks=[track(7, "A", "2026-01-02"), track(9, "gone since", "2026-01-02")],
    listen_history=[session(1, "2026-01-03T10:00:00", [7], "2026-01-03T10:00:00")],
)
FULL = Load(
    "2.1",
    datetime(2026, 1, 10),
    tracks=[
        track(7, "A", "2026-01-02"),
        track(8, "B", "2026-01-02"),
        track(None, "C", "2026-01-02"),
    ],
    listen_history=[
        session(1, "2026-01-03T10:00:00", [7], "2026-01-03T10:00:00"),
        session(2, "2026-01-04T10:00:00", [], "2026-01-04T10:00:00"),
    ],
)


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    Lake(data_dir).add(EARLIER, FULL)
    Warehouse(data_dir).build()
    return Settings(data_dir=data_dir)


def test_every_key_of_the_api_is_looked_for_and_what_vanished_there_is_told(
    settings: Settings,
) -> None:
    with hold(settings.data_dir, "audit") as lock:
        found = reconcile(settings, lock, "2.1")
        assert found == [
            Reconciliation("tracks", sent=2, missing=0, vanished=1),
            Reconciliation("users", sent=0, missing=0, vanished=0),
            Reconciliation("listen_history", sent=2, missing=0, vanished=0),
        ]
        assert str(found[0]) == "tracks 2 of 2, 1 vanished there"

        Warehouse(settings.data_dir).run(
            "delete from dim_tracks where track_id = 8;"
            "delete from staging.int_sessions where listens = 0"
        )
        with pytest.raises(NotReconciled, match=r"tracks lacks 1, listen_history lacks 1 .*2\.1"):
            reconcile(settings, lock, "2.1")

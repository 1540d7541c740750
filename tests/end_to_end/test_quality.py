"""What stops a day, and how a person overrules it."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.checksums import LAKE_BOUND, checksums
from tests.support.installation import DAY_1, DAY_2, Installation
from tests.support.living_app import clock, newest, records_after
from tests.support.original_api import OriginalApi, serving


def test_a_stale_app_stops_the_day_and_readers_keep_the_last(day_1: Installation) -> None:
    before = checksums(day_1.marts)
    with serving(OriginalApi(records_after(3))) as api:
        complaint = day_1.fails("run", "--api-url", api.url, "--as-of", "2026-03-20T21:00:00")
    assert "events.newest_session is" in complaint
    assert "limit 72 h" in complaint
    assert complaint.count("\n") == 1
    assert checksums(day_1.marts) == before


def test_a_quiet_first_day_warns_and_a_quiet_app_goes_on_by_its_own_rhythm(
    data_dir: Path,
) -> None:
    small = Installation(data_dir)
    records = records_after(1)
    weeks = [newest(records_after(1), "listen_history", 0) for _ in range(3)]
    for week, sessions in enumerate(weeks):
        for session in sessions:
            for column in ("created_at", "updated_at"):
                at = datetime.fromisoformat(session[column]) + timedelta(weeks=week)
                session[column] = at.isoformat()
    records["listen_history"] = [one for week in weeks for one in week]
    last = clock(14)
    with serving(OriginalApi(records)) as api:
        first, later, at_last = (
            ("run", "--api-url", api.url, "--as-of", (last + timedelta(days=days)).isoformat())
            for days in (5, 10, 16)
        )
        assert "events.newest_session is" in " ".join(small.does(*first).split())
        small.does(*later)
        complaint = small.fails(*at_last)
    assert "limit 336 h" in complaint
    assert small.ask("select version from publication") == [(2,)]


@pytest.mark.slow
def test_a_refused_load_stops_the_day_until_a_person_accepts_it(day_1: Installation) -> None:
    records = records_after(30)
    for user in records["users"]:
        user["email"] = "unknown"
    with serving(OriginalApi(records)) as api:
        at = max(clock(29), DAY_2) + timedelta(hours=1)
        complaint = day_1.fails("run", "--api-url", api.url, "--as-of", at.isoformat())
    assert "users: email reads like an e-mail address" in complaint
    assert complaint.count("\n") == 1
    load_id = complaint.split("load ")[1].split()[0]
    assert "counts from the next build on" in day_1.does(
        "accept", load_id, "--reason", "it is right"
    )
    assert "counts already" in day_1.fails("accept", load_id, "--reason", "it is right")
    day_1.does("build")
    day_1.does("publish")
    (unknown,) = day_1.ask("select count(*) from dim_users where email = 'unknown'")
    assert unknown[0] == len(records["users"])


@pytest.mark.slow
def test_an_audit_pulls_and_tests_everything_and_publishes(day_1: Installation) -> None:
    before = checksums(day_1.marts, leave_out=LAKE_BOUND)
    output = " ".join(day_1.does("audit", "--as-of", DAY_1.isoformat()).split())
    assert "every data test, on every row" in output
    ((users,),) = day_1.ask("select count(*) from dim_users where not is_inferred")
    assert f"users {users} of {users}" in output
    assert checksums(day_1.marts, leave_out=LAKE_BOUND) == before
    assert day_1.ask("select version from publication") == [(2,)]

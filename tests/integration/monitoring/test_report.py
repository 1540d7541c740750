"""The report shows the current state from the monitoring marts, whatever is in them."""

import re
from datetime import date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.monitoring.report.monitoring_rows import open_records
from orchestration.monitoring.report.page_contents import SECTIONS
from orchestration.monitoring.report.state import Level, Reason, state
from orchestration.monitoring.report.writing import write
from orchestration.run.errors import NothingMonitored
from orchestration.run.settings import Settings
from tests.support.monitoring_marts import written

BEGAN = datetime(2026, 3, 1, 21)
DAY = BEGAN.date()
Row = dict[str, Any]


def run(number: int = 1, outcome: str = "succeeded", **more: object) -> Row:
    """A daily run; each number begins a day later than the one before."""
    began = BEGAN + timedelta(days=number)
    row = {"run_id": str(number), "command": "run", "day": began.date(), "outcome": outcome}
    return row | {"seconds": 12.5, "began_at": began, "ended_at": began, "run_clock": began} | more


def step(number: int = 1, name: str = "publish", outcome: str = "succeeded") -> Row:
    row = {"run_id": str(number), "step": name, "day": DAY, "outcome": outcome, "attempts": 1}
    return row | {"seconds": 3.0, "began_at": BEGAN, "row_count": 10}


def failed(number: int, command: str = "run") -> Row:
    return run(number, "failed", command=command, failed_step="build", error="1 of 58 failed")


def age(status: str) -> Row:
    hours = {"age_hours": 40.0, "warn_after_hours": 30.0, "error_after_hours": 50.0}
    about = {"run_id": "1", "day": DAY, "place": "source", "table_name": "raw.users"}
    return about | hours | {"status": status, "measured_at": BEGAN, "run_clock": BEGAN}


def node(status: str, *, is_failed: bool = False) -> Row:
    about: Row = {"run_id": "1", "invocation_id": "i", "node_id": "t", "node_name": "unique_track"}
    about |= {"resource_type": "test", "status": status, "is_failed": is_failed, "failures": 3}
    return about | {"day": DAY, "seconds": 0.1, "finished_at": BEGAN}


def expectation(*, refuses: bool = False) -> Row:
    about = {"run_id": "1", "load_id": "l", "day": DAY, "table_name": "users", "rule": "known"}
    counts = {"evaluated": 30, "unexpected": 2, "severity": "warn", "is_met": False}
    return about | counts | {"refuses": refuses}


def look(*, is_healthy: bool, minutes: int = 0) -> Row:
    answer = "ok" if is_healthy else "down"
    at = BEGAN + timedelta(minutes=minutes)
    return {"run_id": "1", "day": DAY, "answer": answer, "is_healthy": is_healthy, "checked_at": at}


GOOD: dict[str, list[Row]] = {"pipeline_runs": [run()], "pipeline_steps": [step()]}
ALERT = {"run_id": "1", "day": DAY, "alert": "BuildFailed", "channel": "webhook"}
COLUMN = {"run_id": "1", "day": DAY, "table_name": "users", "column_name": "age", "is_now": "INT"}


@pytest.mark.parametrize(
    ("marts", "level", "why"),
    [
        ({}, Level.UNKNOWN, None),
        (GOOD, Level.GREEN, None),
        ({"pipeline_runs": [run(), failed(2)]}, Level.RED, "run failed in build"),
        ({"pipeline_runs": [run(1, "crashed")]}, Level.RED, "run crashed"),
        ({"table_freshness": [age("error")]}, Level.RED, "raw.users is 40 h old"),
        ({"table_freshness": [age("warn")]}, Level.AMBER, "more than 30 h is odd"),
        ({"api_health": [look(is_healthy=False)]}, Level.RED, "the app's API was down"),
        ({"dbt_results": [node("fail", is_failed=True)]}, Level.RED, "unique_track: 3 rows"),
        ({"dbt_results": [node("warn")]}, Level.AMBER, "unique_track warned of 3 rows"),
        ({"quality_results": [expectation()]}, Level.AMBER, "users: known (2 of 30 are not)"),
        ({"schema_changes": [COLUMN]}, Level.AMBER, "users has a new column age (INT)"),
        ({"alerts": [ALERT | {"delivery": "failed"}]}, Level.AMBER, "no alert arrived by webhook"),
        ({"alerts": [ALERT | {"delivery": "sent"}]}, Level.GREEN, None),
    ],
)
def test_the_colour_follows_from_what_is_wrong(
    tmp_path: Path, marts: dict[str, list[Row]], level: Level, why: str | None
) -> None:
    found = reasons(tmp_path, **(GOOD | marts if marts else {}))
    assert max((one.level for one in found), default=stands(tmp_path)) == level
    assert stands(tmp_path) == level
    assert (why is None and not found) or any(why and why in one.message for one in found)


def test_the_next_publication_ends_a_failure(tmp_path: Path) -> None:
    marts = {"pipeline_runs": [failed(1), failed(2, "build"), run(3)], "pipeline_steps": [step(3)]}
    assert reasons(tmp_path, **marts) == []


def test_a_command_that_is_not_about_the_failure_does_not_end_it(tmp_path: Path) -> None:
    marts = {"pipeline_runs": [run(1), failed(2), run(3, command="compact")]}
    (found,) = reasons(tmp_path, **marts, pipeline_steps=[step(1), step(3, "compact")])
    assert found.message == "run failed in build, began 2026-03-03 21:00 UTC: 1 of 58 failed"


def test_an_api_that_recovered_is_no_fault(tmp_path: Path) -> None:
    looks = [look(is_healthy=False), look(is_healthy=True, minutes=5)]
    assert reasons(tmp_path, **GOOD, api_health=looks) == []


def test_the_page_is_whole_by_itself_and_says_nothing_that_it_should_not(tmp_path: Path) -> None:
    error = "user ada@example.com said <script>alert(1)</script> & https://x.example/?token=secret1"
    bad = run(1, "failed", failed_step="ingest", error=error)
    settings = at(tmp_path, pipeline_runs=[bad], pipeline_steps=[step(1, "ingest", "failed")])
    path, level = write(settings)
    page = path.read_text()
    assert (path, level) == (settings.report_file, Level.RED)
    assert "Red: something is broken" in page
    for secret in ("ada@", "example.com", "secret1", "<script"):
        assert secret not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"(?i)(src|href|action)\s*=\s*[\"'](?!#|data:,)|url\((?!#)|@import", page)
    assert_well_formed(page)


@pytest.mark.parametrize("days", [1, 120])
def test_each_picture_has_its_table_on_the_first_day_and_after_months(
    tmp_path: Path, days: int
) -> None:
    settings = at(tmp_path, **days_of(days))
    assert "No list is seven days old yet" in write(settings)[0].read_text(), "nothing is published"
    written(settings.marts_file, "recommendations", **_listened(days))
    written(settings.marts_file, "recommendations/experiments", experiments=[ARM])
    page = write(settings)[0].read_text()
    pictures = [picture for few in SECTIONS.values() for picture in few]
    drawn = [picture for picture in pictures if picture.draw]
    assert page.count("<svg ") == len(drawn) == 14
    assert page.count("<details>") == len(pictures)
    assert "Green: all is well" in page
    assert len(page) < 1_000_000
    ids = re.findall(r" id=\"([^\"]+)\"", page)
    assert len(ids) == len(set(ids)), "a mark of one picture would be drawn in another"
    assert_well_formed(page)


def test_a_file_without_a_table_tells_that_nothing_is_known(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    duckdb.connect(settings.monitoring_file).close()
    path, level = write(settings)
    assert level is Level.UNKNOWN
    assert "No run is on record yet" in path.read_text()


def test_without_monitoring_marts_the_report_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(NothingMonitored, match="moovitamix monitor"):
        write(Settings(data_dir=tmp_path))


def at(data_dir: Path, **marts: list[Row]) -> Settings:
    settings = Settings(data_dir=data_dir)
    written(settings.monitoring_file, **marts)
    return settings


def reasons(data_dir: Path, **marts: list[Row]) -> list[Reason]:
    with open_records(at(data_dir, **marts).monitoring_file) as records:
        return list(state(records).reasons)


def stands(data_dir: Path) -> Level:
    with open_records(Settings(data_dir=data_dir).monitoring_file) as records:
        return state(records).level


def days_of(days: int) -> dict[str, list[Row]]:
    """Marts of so many days on which all went well; each has rows."""
    marts: dict[str, list[Row]] = {}
    for number in range(days):
        when = BEGAN + timedelta(days=number)
        for mart, row in _a_day(number, when, when.date()).items():
            marts.setdefault(mart, []).append(row)
    return marts


def _a_day(number: int, when: datetime, day: date) -> dict[str, Row]:
    at_once = {"run_id": str(number), "day": day, "measured_at": when}
    rows = {"place": "published", "table_name": "marts.duckdb", "row_count": 5 * number}
    pull = {"table_name": "users", "kind": "incremental", "verdict": "accepted", "received": 40}
    band = {"usual_low": 10.0, "usual_high": 70.0} if number > 6 else {}
    times = {"p50_ms": 2.0, "p95_ms": 5.0, "p99_ms": 9.0, "calls": 9, "errors": number % 2}
    nulls = {"place": "raw", "table_name": "tracks", "column_name": "album", "null_share": 0.1}
    rates = {"command": "run", "step": "ingest", "executions": 1, "succeeded": 1, "failed": 0}
    return {
        "pipeline_runs": run(number),
        "pipeline_steps": step(number, "ingest"),
        "task_rates": {"day": day, **rates},
        "quality_results": expectation() | {"is_met": True, "day": day},
        "dbt_results": node("pass") | {"command": "build", "day": day, "node_id": str(number)},
        "alerts": ALERT | {"day": day, "delivery": "sent", "sent_at": when},
        "load_volume": at_once_of(pull | band, when, day),
        "table_volume": at_once | rows | {"bytes": 1000},
        "table_freshness": age("pass") | {"run_clock": when, "share_of_limit": 0.8},
        "column_nulls": at_once | nulls | {"null_count": 1, "row_count": 10},
        "quarantined_records": at_once
        | {"place": "quarantine", "reason": "null key", "records": 2},
        "api_calls": {"day": day, "endpoint": "users", **times},
        "api_health": look(is_healthy=True) | {"checked_at": when, "response_ms": 2.0},
        "serving_hours": {"hour": when, "day": day, "feedback_events": 30, "feedback_p99_ms": 4.0}
        | {"feedback_errors": number % 2},
    }


ARM = {"experiment": "one", "arm": "one/control", "kind": "discover", "within_days": 7}


def _listened(days: int) -> dict[str, list[Row]]:
    """Outcomes of so many days of lists, and the rates of all of them."""
    of_all = {"kind": "recommendations", "model_version": 1, "within_days": 7, "counts": "first"}
    tracks = {"shown": 50, "listened": 4, "rate": 0.08, "rate_low": 0.03, "rate_high": 0.19}
    one = of_all | tracks | {"strategy": "model", "ranks": "01", "is_complete": True}
    return {
        "recommendation_outcomes": [
            one | {"day": DAY + timedelta(days=number)} for number in range(days)
        ],
        "recommendation_rates": [of_all | tracks | {"list_days": days}],
    }


def at_once_of(row: Row, when: datetime, day: date) -> Row:
    return row | {"run_id": "1", "day": day, "run_clock": when, "finished_at": when}


class _Nesting(HTMLParser):
    """Complains where a tag is closed that was not the last to be opened."""

    VOID = frozenset({"meta", "link", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag, tag


def assert_well_formed(page: str) -> None:
    nesting = _Nesting()
    nesting.feed(page)
    assert nesting.open == []

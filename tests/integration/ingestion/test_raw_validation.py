"""What raw validation accepts, what it refuses, and what it leaves behind."""

import os
import re
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion.errors import LoadRefused, NoSuchLoad, RawValidationFailed
from ingestion.pull.ingest import ingest
from ingestion.settings import IngestionSettings
from ingestion.validation.accept import accept
from ingestion.validation.raw_validation import ValidationProcess
from lake.loads import ValidationResult, validation_results
from tests.support.landing import accepted, ops, require_all_landed, settings_for
from tests.support.original_api import OriginalApi, catalogue, serving

DAY = datetime(2026, 2, 1, 4)
Record = dict[str, Any]


@pytest.fixture
def api() -> Iterator[OriginalApi]:
    with serving(OriginalApi(catalogue())) as api:
        yield api


@pytest.fixture
def settings(api: OriginalApi, tmp_path: Path) -> IngestionSettings:
    return settings_for(tmp_path, api)


def spoil(api: OriginalApi, table: str, share: float, **values: Any) -> None:
    records = api.records[table]
    for record in records[: int(share * len(records))]:
        record.update(values)


FAULTS: dict[str, tuple[str, float, Record]] = {
    "email is known": ("users", 0.5, {"email": None}),
    "email reads like an e-mail address": ("users", 0.5, {"email": "nobody"}),
    "duration reads like MM:SS": ("tracks", 0.5, {"duration": "215"}),
    "artist is known": ("tracks", 0.5, {"artist": None}),
    "id is known": ("tracks", 0.1, {"id": None}),
    "id fits INTEGER": ("users", 0.1, {"id": 2**40}),
    "user_id is known": ("listen_history", 0.1, {"user_id": None}),
    "created_at is known": ("listen_history", 0.1, {"created_at": None}),
    "created_at lies between the first record and the load": (
        "listen_history",
        0.1,
        {"created_at": "2026-03-01T00:00:00"},
    ),
    "items holds at most 2,000 tracks": ("listen_history", 0.1, {"items": [1] * 2001}),
    "items holds track ids that fit INTEGER, no null": ("listen_history", 0.1, {"items": [None]}),
}


@pytest.mark.parametrize("rule", FAULTS)
def test_a_load_at_fault_is_refused_by_the_rule_meant_for_it(
    rule: str, api: OriginalApi, settings: IngestionSettings
) -> None:
    table, share, values = FAULTS[rule]
    spoil(api, table, share, **values)
    with pytest.raises(LoadRefused, match=f"{table}: {re.escape(rule)}"):
        ingest(settings, as_of=DAY, run_id="r")
    assert accepted(settings.lake_url) == []
    assert (table, rule) in _failed(settings, "error")


def test_a_handful_of_bad_records_is_no_fault_of_the_load(
    api: OriginalApi, settings: IngestionSettings
) -> None:
    for table in ("tracks", "users"):
        for record in api.records[table][:5]:
            record["id"] = None
    for session in api.records["listen_history"][:5]:
        session["created_at"] = "2026-03-01T00:00:00"
    ingest(settings, as_of=DAY, run_id="r")
    require_all_landed(settings.lake_url, api)


def test_what_is_odd_is_noted_and_counts(api: OriginalApi, settings: IngestionSettings) -> None:
    spoil(api, "users", 1, gender="Robot")
    spoil(api, "tracks", 0.1, duration="215")
    ingest(settings, as_of=DAY, run_id="r")
    assert len(accepted(settings.lake_url)) == 1
    assert _failed(settings, "warn") == [
        ("tracks", "duration reads like MM:SS"),
        ("users", "gender is one of the 9 known"),
    ]


def test_a_mended_window_is_pulled_again(api: OriginalApi, settings: IngestionSettings) -> None:
    good = [user["email"] for user in api.records["users"]]
    spoil(api, "users", 1, email=None)
    with pytest.raises(LoadRefused):
        ingest(settings, as_of=DAY, run_id="r1")
    for user, email in zip(api.records["users"], good, strict=True):
        user["email"] = email
    done = ingest(settings, as_of=DAY + timedelta(hours=1), run_id="r2")
    assert done.kind == "initial"
    assert done.load_id is not None
    require_all_landed(settings.lake_url, api, done.load_id)
    assert accepted(settings.lake_url) == [done.load_id]


def test_a_refusal_that_a_crash_kept_from_its_run_is_reported_by_the_next(
    api: OriginalApi, settings: IngestionSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(api, "users", 1, email=None)
    unlink = Path.unlink

    def crash(path: Path, missing_ok: bool = False) -> None:
        if path == settings.pending_file:
            raise KeyboardInterrupt
        unlink(path, missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", crash)
        with pytest.raises(KeyboardInterrupt):
            ingest(settings, as_of=DAY, run_id="r1")
    with pytest.raises(LoadRefused, match="email is known") as refused:
        ingest(settings, as_of=DAY + timedelta(hours=1), run_id="r2")
    assert [one.load_id for one in validation_results(settings.lake_url)] == [refused.value.load_id]
    assert accepted(settings.lake_url) == []


def test_a_person_can_overrule_raw_validation_and_the_reason_stays(
    api: OriginalApi, settings: IngestionSettings
) -> None:
    spoil(api, "users", 1, email=None)
    with pytest.raises(LoadRefused) as refused:
        ingest(settings, as_of=DAY, run_id="r1")
    load_id = refused.value.load_id
    accept(settings, load_id, "addresses are no longer published", "r2")
    assert accepted(settings.lake_url) == [load_id]
    (result,) = validation_results(settings.lake_url)
    assert result.reason is not None
    assert result.reason.startswith("addresses are no longer published (overruled: users: email")
    assert result.run_id == "r2"
    for name, why in ((load_id, "counts already"), ("1.1", "has no load 1.1")):
        with pytest.raises(NoSuchLoad, match=why):
            accept(settings, name, "again", "r3")


@pytest.fixture(scope="module")
def eight_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after eight like days, only to be copied."""
    data_dir = tmp_path_factory.mktemp("eight_days") / "data"
    with serving(OriginalApi(catalogue())) as api:
        settings = settings_for(data_dir, api, overlap=timedelta(days=99))
        for day in range(8):
            ingest(settings, as_of=DAY + timedelta(days=day), run_id=f"r{day}")
    return data_dir


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda sessions: sessions[:40], "listen_history brings"),
        (lambda sessions: sessions * 12, "listen_history brings"),
    ],
)
def test_a_day_far_from_the_days_before_is_refused(
    change: Callable[[list[Record]], list[Record]],
    reason: str,
    api: OriginalApi,
    eight_days: Path,
    tmp_path: Path,
) -> None:
    shutil.copytree(eight_days, tmp_path, dirs_exist_ok=True)
    settings = settings_for(tmp_path, api, overlap=timedelta(days=99))
    sessions = [dict(session) for session in change(api.records["listen_history"])]
    for number, session in enumerate(sessions):
        moved = datetime.fromisoformat(session["created_at"]) + timedelta(seconds=number)
        session["created_at"] = moved.isoformat()
    api.records["listen_history"] = sessions
    with pytest.raises(LoadRefused, match=reason):
        ingest(settings, as_of=DAY + timedelta(days=8), run_id="odd")
    # A full pull is like no other: its volume says nothing.
    ingest(settings, as_of=DAY + timedelta(days=8), full=True, run_id="full")


def test_the_pages_are_whole_without_a_network_and_show_no_person(
    api: OriginalApi, settings: IngestionSettings
) -> None:
    spoil(api, "users", 0.5, email="odd@@nobody")
    with pytest.raises(LoadRefused, match=r"quality/index\.html"):
        ingest(settings, as_of=DAY, run_id="r")
    pages = {path.name: path.read_text() for path in settings.quality_dir.rglob("*.html")}
    assert set(pages) == {
        "index.html",
        "load.html",
        "listen_history.html",
        "tracks.html",
        "users.html",
    }
    for page in pages.values():
        assert not re.search(r"<(script|link|img|iframe)\b", page)
        assert not re.search(r"(src|href)=.(https?:)?//|url\(.?(https?:)?//|@import", page)
        assert "nobody" not in page
        assert "example.com" not in page
    assert "users (failed)" in pages["index.html"]


def test_nulls_are_counted_by_column(api: OriginalApi, settings: IngestionSettings) -> None:
    spoil(api, "users", 0.1, gender=None)
    ingest(settings, as_of=DAY, run_id="r")
    nulls = ops(settings.lake_url, "column_nulls", "table_name, column_name, rows, nulls")
    assert ("users", "gender", 120, 12) in nulls
    assert ("tracks", "name", 250, 0) in nulls


def test_a_validation_process_that_died_decides_nothing(
    settings: IngestionSettings, tmp_path: Path
) -> None:
    process = ValidationProcess()
    process.end()
    load = ValidationResult("1.1", "accepted", None, "full", DAY, None, DAY, DAY, "r")
    with pytest.raises(RawValidationFailed, match="has ended"):
        process.validate(settings.lake_url, load, tmp_path)


def test_the_validation_process_ends_with_a_parent_that_is_killed() -> None:
    program = (
        "from ingestion.validation.raw_validation import ValidationProcess;"
        "process = ValidationProcess();"
        "print(process._process.pid, flush=True); import time; time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    process = os.pidfd_open(pid) if Path(f"/proc/{pid}").exists() else None
    if process is not None:
        assert select.select([process], [], [], 30)[0], "the process outlived its parent"
        os.close(process)


EMPTIED: dict[str, tuple[str, str, Any]] = {
    "null": ("tracks", "genres", None),
    "an empty text": ("tracks", "songwriters", ""),
    "blanks": ("users", "favorite_genres", "  "),
    "an empty list": ("listen_history", "items", []),
    "null for lists": ("listen_history", "items", None),
}


@pytest.mark.parametrize("what", EMPTIED)
def test_a_column_that_suddenly_says_nothing_refuses_the_load(
    what: str, api: OriginalApi, settings: IngestionSettings
) -> None:
    table, column, nothing = EMPTIED[what]
    ingest(settings, as_of=DAY, run_id="first")
    was = [dict(record) for record in api.records[table]]
    spoil(api, table, 1, **{column: nothing})
    rule = rf"{table}: {table}\.{column} is filled in 10% of the records or more: 100% were"
    with pytest.raises(LoadRefused, match=rf"{rule} in the loads before \(found 0%\)") as raised:
        ingest(settings, as_of=DAY + timedelta(days=1), run_id="second")
    assert len(accepted(settings.lake_url)) == 1
    accept(settings, raised.value.load_id, "the app gave them up", "third")
    assert len(accepted(settings.lake_url)) == 2
    api.records[table] = was
    ingest(settings, as_of=DAY + timedelta(days=2), run_id="fourth")
    assert len(accepted(settings.lake_url)) == 3


def test_a_column_that_was_always_empty_may_stay_so(
    api: OriginalApi, settings: IngestionSettings
) -> None:
    spoil(api, "tracks", 1, genres=None)
    spoil(api, "listen_history", 0.6, items=[])
    for day in range(2):
        ingest(settings, as_of=DAY + timedelta(days=day), run_id=f"{day}")
    spoil(api, "listen_history", 1, items=[])
    ingest(settings, as_of=DAY + timedelta(days=2), run_id="2")
    assert len(accepted(settings.lake_url)) == 3


def test_a_column_that_is_suddenly_half_empty_or_all_the_same_is_noted(
    api: OriginalApi, settings: IngestionSettings
) -> None:
    ingest(settings, as_of=DAY, run_id="first")
    spoil(api, "tracks", 0.7, songwriters=None)
    spoil(api, "users", 1, favorite_genres="Rock")
    ingest(settings, as_of=DAY + timedelta(days=1), run_id="second")
    warnings = _failed(settings, "warn")
    assert (
        "users",
        "users.favorite_genres is not the same throughout, as in the loads before",
    ) in warnings
    usual = (
        "tracks.songwriters is filled in 50% of the records or more: 100% were in the loads before"
    )
    assert ("tracks", usual) in warnings


def _failed(settings: IngestionSettings, severity: str) -> list[tuple[Any, ...]]:
    found = ops(settings.lake_url, "quality_results", "table_name, rule, severity, outcome")
    assert found
    return [one[:2] for one in found if one[2:] == (severity, "failed")]

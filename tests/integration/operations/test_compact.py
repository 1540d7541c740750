"""A compacted lake gives the same marts, whatever happens while it is compacted."""

import contextlib
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.compact import Retention, compact_lake
from ingestion.settings import IngestionSettings
from lake import files, log
from orchestration.operations.compaction import superseded_queries
from tests.support.checksums import checksums
from tests.support.emptied import emptied
from tests.support.lake import Lake, Load, session, track
from tests.support.warehouse import Warehouse

DAY = datetime(2026, 1, 10, 6)
USER = {"id": 1, "first_name": "Ada", "email": "ada@example.com", "updated_at": DAY}
LOADS = [
    Load(
        f"{hour}.1",
        DAY + timedelta(hours=hour),
        tracks=[track(7, "A", "2026-01-02"), track(8, f"name {hour // 3}", f"2026-01-0{hour}")],
        users=[USER],
        listen_history=[
            session(1, "2026-01-09", [7] * hour, f"2026-01-09T0{hour}:00"),
            session(hour, "2026-01-08", [7, 8], "2026-01-08"),
            session(None, "2026-01-08", [hour], "2026-01-08"),
        ],
    )
    for hour in range(1, 7)
]
REFUSED = Load("9.1", DAY, users=[USER | {"first_name": "Eve"}])


def _settings(data_dir: Path) -> IngestionSettings:
    return IngestionSettings(data_dir=data_dir)


def _lake(data_dir: Path) -> None:
    lake = Lake(data_dir)
    lake.add(*LOADS)
    lake.land(REFUSED)
    lake.decide(REFUSED, "refused")


def _sums(data_dir: Path) -> dict[str, tuple[int, int]]:
    return checksums(data_dir / "build.duckdb", schemas=["main", "staging", "quarantine"])


def _raw(data_dir: Path) -> list[str]:
    folder = data_dir / "lake" / "raw"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.parquet"))


@pytest.fixture(scope="module")
def built(data_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of six loads in one day, and its marts; not to be changed."""
    _lake(emptied(data_home))
    Warehouse(data_home).build()
    kept = tmp_path_factory.mktemp("built") / "data"
    shutil.copytree(data_home, kept, ignore=shutil.ignore_patterns("dbt"))
    return kept


def _restore(built: Path, data_dir: Path) -> None:
    for name in ("lake", "build.duckdb"):
        path = data_dir / name
        if path.is_dir():
            shutil.rmtree(path)
        copy: Callable[..., Any] = shutil.copytree if (built / name).is_dir() else shutil.copy
        copy(built / name, path)


def test_many_files_become_one_and_the_marts_stay(built: Path, data_home: Path) -> None:
    _restore(built, data_home)
    before = _sums(built)
    done = compact_lake(_settings(data_home))
    assert done.files_after < done.files_before
    names = _raw(data_home)
    # One for each table, and what was refused, which may be accepted yet.
    assert len(names) == 4
    assert [name for name in names if "compacted." not in name] == [
        "users/load_date=2026-01-10/9.1.0a1b2c.parquet"
    ]
    warehouse = Warehouse(data_home)
    warehouse.build("--full-refresh")
    assert _sums(data_home) == before
    # And once more: with a new load beside, and a load that counts no longer inside.
    lake = Lake(data_home, decisions=["seven already"] * 7)
    lake.add(Load("8.1", DAY, listen_history=[session(9, "2026-01-08", [7], "2026-01-08")]))
    lake.decide(LOADS[1], "refused")
    compact_lake(_settings(data_home))
    assert len(_raw(data_home)) == 4
    warehouse.build()
    assert warehouse.rows("select distinct user_id from fact_listen_history order by all") == [
        (1,), (3,), (4,), (5,), (6,), (9,),
    ]  # fmt: skip


def test_what_is_superseded_goes_and_the_marts_and_their_proofs_stay(
    built: Path, data_home: Path
) -> None:
    import duckdb

    _restore(built, data_home)
    before = _sums(built)
    warehouse = Warehouse(data_home)
    with duckdb.connect(data_home / "build.duckdb", read_only=True) as file:
        superseded = {
            table: file.execute(sql, {"before": datetime(2026, 2, 1)}).to_arrow_table()
            for table, sql in superseded_queries().items()
        }
    done = compact_lake(_settings(data_home), Retention(superseded=superseded))
    # Five versions of a session that grew; of six deliveries the first and the last stay.
    sessions = 5
    assert done.superseded == sessions + 4 + 4
    warehouse.build("--full-refresh")
    assert _sums(data_home) == before
    assert warehouse.rows(
        "select table_name, reason, sum(records) from ops.removed_records group by all order by all"
    ) == [
        ("listen_history", "superseded", sessions),
        ("tracks", "superseded", 4),
        ("users", "superseded", 4),
    ]
    assert compact_lake(_settings(data_home), Retention(superseded=superseded)).superseded == 0


class Killed(BaseException):
    """As kill -9: nothing catches it."""


def _kill_at(patch: pytest.MonkeyPatch, step: int) -> None:
    """Die at the n-th change of the lake: before it, or right after it."""
    done = 0
    replace, unlink = Path.replace, files.remove

    def killing(change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*words: Any) -> Any:
            nonlocal done
            done += 1
            if 2 * done == step:
                raise Killed
            result = change(*words)
            if 2 * done + 1 == step:
                raise Killed
            return result

        return changed

    def one_by_one(storage: Any, paths: Any) -> None:
        for path in list(paths):
            killing(unlink)(storage, [path])

    patch.setattr(Path, "replace", killing(replace))
    patch.setattr(files, "remove", one_by_one)


def _rows(data_dir: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What staging would read, by the rule of `open_lake` in Python."""
    import duckdb
    import fsspec

    storage = fsspec.filesystem("file")
    found = {}
    for folder in sorted((data_dir / "lake" / "raw").glob("*/*")):
        paths = [path for path in files.current(storage, str(folder)) if "/9.1." not in path]
        found[folder.parent.name] = duckdb.sql(
            f"from read_parquet({paths}) order by all"
        ).fetchall()
    return found


def _crash(built: Path, step: int) -> None:
    data_dir = built.parent / "crashed"
    shutil.rmtree(data_dir, ignore_errors=True)
    shutil.copytree(built / "lake", data_dir / "lake")
    expected = _rows(built)
    with pytest.MonkeyPatch.context() as patch:
        _kill_at(patch, step)
        with contextlib.suppress(Killed):
            compact_lake(_settings(data_dir))
    assert _rows(data_dir) == expected
    results = log.read(str(data_dir / "lake"), "load_verdicts")
    assert sorted(one["load_id"] for one in results) == [
        "1.1", "2.1", "3.1", "4.1", "5.1", "6.1", "9.1",
    ]  # fmt: skip
    compact_lake(_settings(data_dir))
    assert _rows(data_dir) == expected
    assert len(_raw(data_dir)) == 4
    assert not list(data_dir.rglob("*.tmp"))


EVERY_STEP = st.integers(2, 60)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(step=EVERY_STEP)
def test_killed_at_any_step_no_row_is_twice_or_missing(built: Path, step: int) -> None:
    _crash(built, step)


@pytest.mark.slow
@pytest.mark.parametrize("step", range(2, 80))
def test_killed_at_every_step_no_row_is_twice_or_missing(built: Path, step: int) -> None:
    _crash(built, step)


def test_days_of_runs_go_when_asked_and_what_decides_stays(tmp_path: Path) -> None:
    _lake(tmp_path)
    lake = str(tmp_path / "lake")
    for day in (1, 20):
        log.append(lake, "api_health", [{"run_id": str(day)}], datetime(2026, 1, day).date())
    compact_lake(_settings(tmp_path), Retention(ops_before=datetime(2026, 1, 15)))
    assert [row["run_id"] for row in log.read(lake, "api_health")] == ["20"]
    assert len(log.read(lake, "load_verdicts")) == 7

"""Only a whole, good build is sealed, and nothing untested slips into the next one."""

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from tests.emptied import emptied
from tests.lake import Lake, Load, session, track
from tests.warehouse import MARTS, ROOT, Warehouse

DAY = datetime(2026, 1, 10)
FIRST = Load(
    "1.1",
    DAY,
    tracks=[track(7, "A", "2026-01-02")],
    listen_history=[session(1, "2026-01-09", [7], "2026-01-09")],
)
SECOND = Load("2.1", DAY, listen_history=[session(2, "2026-01-09", [7], "2026-01-09")])


@pytest.fixture(scope="module")
def first_day(data_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after the build of the first load."""
    Lake(emptied(data_home)).add(FIRST)
    Warehouse(data_home).build()
    kept = tmp_path_factory.mktemp("first_day") / "data"
    shutil.copytree(data_home, kept)
    return kept


@pytest.fixture
def warehouse(first_day: Path, data_dir: Path) -> Warehouse:
    """A copy of it."""
    shutil.copytree(first_day, data_dir, dirs_exist_ok=True)
    return Warehouse(data_dir)


@pytest.fixture(scope="module")
def project_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One address for all changed projects, so that dbt parses only what changed."""
    return tmp_path_factory.mktemp("project") / "dbt_project"


@pytest.fixture
def project(project_home: Path) -> Path:
    """A copy of the dbt project, to be changed."""
    for path in project_home.iterdir() if project_home.exists() else ():
        if path.name != "target":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    ignored = shutil.ignore_patterns("target", "logs")
    shutil.copytree(  # with new times: dbt takes a file that is no newer for unchanged
        ROOT / "dbt_project",
        project_home,
        ignore=ignored,
        copy_function=shutil.copy,
        dirs_exist_ok=True,
    )
    return project_home


def test_a_build_of_a_part_is_not_sealed_and_the_next_starts_over(warehouse: Warehouse) -> None:
    assert warehouse.state() == ("sealed", True)

    Lake(warehouse.data_dir).add(SECOND)
    warehouse.build("--select", "sessions", "--indirect-selection", "cautious")
    assert warehouse.state() == ("dirty", False)
    warehouse.build()
    assert warehouse.state() == ("sealed", True)
    assert warehouse.rows("select user_id from fact_listen_history order by all") == [(1,), (2,)]


def test_a_failing_test_leaves_the_build_dirty_and_the_next_starts_over(
    data_dir: Path, project: Path
) -> None:
    Lake(data_dir).add(FIRST)
    warehouse = Warehouse(data_dir, project)
    warehouse.build()
    doubt = project / "tests" / "nobody_listens.sql"
    doubt.write_text("select * from {{ ref('fact_listen_history') }}")
    assert warehouse.dbt("build").failed >= {"nobody_listens"}
    assert warehouse.state()[0] == "dirty"

    doubt.unlink()
    warehouse.build()
    assert warehouse.state() == ("sealed", True)


def test_a_build_without_rows_is_not_sealed(warehouse: Warehouse) -> None:
    warehouse.build("--empty")
    assert warehouse.state()[0] == "dirty"
    warehouse.build()
    assert warehouse.rows("select track_id from fact_listen_history") == [(7,)]


def test_a_lake_that_is_gone_is_not_taken_for_an_empty_one(warehouse: Warehouse) -> None:
    lake = warehouse.data_dir / "lake"
    gone = lake.rename(lake.with_name("lake.gone"))
    with pytest.raises(Exception, match="knows nothing of 1 loads"):
        warehouse.dbt("build")
    assert warehouse.rows("select track_id from fact_listen_history") == [(7,)]

    gone.rename(lake)
    warehouse.build()
    assert warehouse.state()[0] == "sealed"


def test_only_tables_of_models_are_noted_for_readers(data_dir: Path) -> None:
    warehouse = Warehouse(data_dir)
    warehouse.build()
    noted = "select table_name from ledger.relations where schema_name = 'main' order by all"
    assert [name for (name,) in warehouse.rows(noted)] == sorted(MARTS)


def test_a_changed_data_test_looks_at_the_whole_history(data_dir: Path, project: Path) -> None:
    Lake(data_dir).add(FIRST)
    warehouse = Warehouse(data_dir, project)
    warehouse.build()
    warehouse.publish()
    properties = project / "models" / "marts" / "fact_listen_history.yml"
    stricter = """\
        data_tests:
          - accepted_values:
              arguments: {values: [2]}
              config: {where: __new__}
"""
    before, after = properties.read_text().split("      - name: etl_updated_at")
    properties.write_text(f"{before}{stricter}      - name: etl_updated_at{after}")
    assert [name for name in warehouse.dbt("build").failed if name.startswith("accepted_values")]


def test_tests_after_the_build_change_nothing(warehouse: Warehouse) -> None:
    assert not warehouse.dbt("test").failed
    assert warehouse.state() == ("sealed", True)


def test_changed_models_and_macros_are_built_from_the_start(data_dir: Path, project: Path) -> None:
    Lake(data_dir).add(FIRST)
    warehouse = Warehouse(data_dir, project)
    warehouse.build()
    warehouse.build()
    assert warehouse.state() == ("sealed", False)

    model = project / "models" / "intermediate" / "sessions.sql"
    model.write_text(model.read_text() + "-- every word counts\n")
    warehouse.build()
    assert warehouse.state() == ("sealed", True)

    macro = project / "macros" / "portable" / "lists.sql"
    macro.write_text(macro.read_text().replace("list_min(", "list_min( "))
    warehouse.build()
    assert warehouse.state() == ("sealed", True)


def test_a_day_tests_what_is_not_yet_published_and_an_audit_tests_everything(
    warehouse: Warehouse,
) -> None:
    warehouse.publish()
    Lake(warehouse.data_dir).add(SECOND)
    warehouse.build()
    spoil = "update fact_listen_history set session_position = 0 where load_id = '{}'"

    warehouse.run(spoil.format("1.1"))
    assert warehouse.dbt("build").failed == set()
    assert warehouse.dbt("test").failed == {"positions_count_from_one"}

    warehouse.run(spoil.format("2.1"))
    assert "positions_count_from_one" in warehouse.dbt("build").failed


def test_what_a_test_found_can_be_read(warehouse: Warehouse) -> None:
    warehouse.run("update fact_listen_history set session_position = 0")
    warehouse.dbt("test")
    found = warehouse.rows("select user_id, track_id from failures.positions_count_from_one")
    assert found == [(1, 7)]


def test_freshness_is_told_by_the_run_s_clock(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Lake(data_dir).add(FIRST)
    warehouse = Warehouse(data_dir)
    told = {}
    for hours in (1, 30, 60):
        monkeypatch.setenv(
            "MOOVITAMIX_AS_OF", datetime(2026, 1, 10 + hours // 24, hours % 24).isoformat()
        )
        told[hours] = set(warehouse.dbt("source", "freshness").statuses.values())
    assert told == {1: {"pass"}, 30: {"warn"}, 60: {"error"}}

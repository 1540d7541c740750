"""Only a whole, good build is validated, and nothing untested slips into the next one."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.support.lake import Lake
from tests.support.loads import FIRST, SECOND
from tests.support.warehouse import MARTS, Warehouse


def test_a_build_of_a_part_is_not_validated_and_the_next_starts_over(built: Warehouse) -> None:
    assert built.state() == ("validated", True)

    Lake(built.data_dir).add(SECOND)
    built.build("--select", "int_sessions", "--indirect-selection", "cautious")
    assert built.state() == ("in_progress", False)
    built.build()
    assert built.state() == ("validated", True)
    assert built.rows("select user_id from fact_listen_history order by all") == [(1,), (2,)]


def test_a_failing_test_leaves_the_build_failed_and_the_next_starts_over(
    built: Warehouse, project: Path
) -> None:
    warehouse = Warehouse(built.data_dir, project)
    doubt = project / "tests" / "nobody_listens.sql"
    doubt.write_text("select * from {{ ref('fact_listen_history') }}")
    assert warehouse.dbt("build").failed >= {"nobody_listens"}
    assert warehouse.state()[0] == "failed"

    doubt.unlink()
    warehouse.build()
    assert warehouse.state() == ("validated", True)


@pytest.mark.slow
def test_a_build_without_rows_is_not_validated(built: Warehouse) -> None:
    built.build("--empty")
    assert built.state()[0] == "in_progress"
    built.build()
    assert built.rows("select track_id from fact_listen_history") == [(7,)]


@pytest.mark.slow
def test_a_lake_that_is_gone_is_not_taken_for_an_empty_one(built: Warehouse) -> None:
    lake = built.data_dir / "lake"
    gone = lake.rename(lake.with_name("lake.gone"))
    with pytest.raises(Exception, match="knows nothing of 1 loads"):
        built.dbt("build")
    assert built.rows("select track_id from fact_listen_history") == [(7,)]

    gone.rename(lake)
    built.build()
    assert built.state()[0] == "validated"


def test_only_tables_of_models_are_noted_for_readers(built: Warehouse) -> None:
    relations = "select table_name from ledger.relations where schema_name = 'main' order by all"
    assert [name for (name,) in built.rows(relations)] == sorted(MARTS)


@pytest.mark.slow
def test_a_changed_data_test_looks_at_the_whole_history(built: Warehouse, project: Path) -> None:
    warehouse = Warehouse(built.data_dir, project)
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


def test_tests_after_the_build_change_nothing(built: Warehouse) -> None:
    assert not built.dbt("test").failed
    assert built.state() == ("validated", True)


def test_changed_models_and_macros_are_built_from_the_start(
    built: Warehouse, project: Path
) -> None:
    warehouse = Warehouse(built.data_dir, project)
    warehouse.build()
    assert warehouse.state() == ("validated", False)

    model = project / "models" / "intermediate" / "int_sessions.sql"
    model.write_text(model.read_text() + "-- every word counts\n")
    warehouse.build()
    assert warehouse.state() == ("validated", True)

    macro = project / "macros" / "portable" / "lists.sql"
    macro.write_text(macro.read_text().replace("list_min(", "list_min( "))
    warehouse.build()
    assert warehouse.state() == ("validated", True)


def test_a_day_tests_what_is_not_yet_published_and_an_audit_tests_everything(
    built: Warehouse,
) -> None:
    built.publish()
    Lake(built.data_dir).add(SECOND)
    built.build()
    spoil = "update fact_listen_history set session_position = 0 where load_id = '{}'"

    built.run(spoil.format("1.1"))
    assert built.dbt("build").failed == set()
    assert built.dbt("test").failed == {"positions_count_from_one"}

    built.run(spoil.format("2.1"))
    assert "positions_count_from_one" in built.dbt("build").failed


def test_what_a_test_found_can_be_read(built: Warehouse) -> None:
    built.run("update fact_listen_history set session_position = 0")
    built.dbt("test")
    found = built.rows("select user_id, track_id from failures.positions_count_from_one")
    assert found == [(1, 7)]


def test_freshness_is_told_by_the_run_s_clock(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Lake(data_dir).add(FIRST)
    warehouse = Warehouse(data_dir)
    by_hours = {}
    for hours in (1, 30, 60):
        monkeypatch.setenv(
            "MOOVITAMIX_AS_OF", datetime(2026, 1, 10 + hours // 24, hours % 24).isoformat()
        )
        by_hours[hours] = set(warehouse.dbt("source", "freshness").statuses.values())
    assert by_hours == {1: {"pass"}, 30: {"warn"}, 60: {"error"}}

"""Each part of the build is validated by itself: a failure in one takes nothing from the others."""

from pathlib import Path

import duckdb

from orchestration.run.lock import hold
from orchestration.run.settings import Settings
from orchestration.warehouse.publishing.publish import publish
from tests.support.lake import Lake
from tests.support.loads import FIRST, SECOND
from tests.support.warehouse import Warehouse


def _published(data_dir: Path) -> dict[str, list[tuple[int]]]:
    with hold(data_dir, "publish") as lock:
        publish(Settings(data_dir=data_dir), lock)
    tables = ("fact_listen_history", "features.feature_user_track")
    with duckdb.connect(data_dir / "marts.duckdb", read_only=True) as marts:
        return {
            table: marts.sql(f"select user_id from {table} order by all").fetchall()
            for table in tables
        }


def test_a_part_that_fails_stays_as_it_was_published_and_the_marts_go_on(
    data_dir: Path, project: Path
) -> None:
    Lake(data_dir).add(FIRST)
    warehouse = Warehouse(data_dir, project)
    warehouse.build()
    warehouse.build("--selector", "features")
    assert warehouse.state("features") == ("validated", True)
    assert _published(data_dir)["features.feature_user_track"] == [(1,)]

    doubt = project / "tests" / "features" / "nobody_plays.sql"
    doubt.parent.mkdir()
    doubt.write_text("select * from {{ ref('feature_user_track') }}")
    Lake(data_dir).add(SECOND)
    warehouse.build()
    assert warehouse.state() == ("validated", False), "a test of features is none of the marts"
    assert warehouse.dbt("build", "--selector", "features").failed >= {"nobody_plays"}
    assert warehouse.state("features")[0] == "failed"
    assert warehouse.state()[0] == "validated"
    assert _published(data_dir) == {
        "fact_listen_history": [(1,), (2,)],
        "features.feature_user_track": [(1,)],
    }
    assert _published(data_dir)["features.feature_user_track"] == [(1,)], "and again"

    doubt.unlink()
    warehouse.build("--selector", "features")
    assert warehouse.state("features") == ("validated", True)
    assert _published(data_dir)["features.feature_user_track"] == [(1,), (2,)]


def test_a_part_is_known_by_what_is_built_not_by_a_name(data_dir: Path) -> None:
    Lake(data_dir).add(FIRST)
    warehouse = Warehouse(data_dir)
    warehouse.build("--select", "fqn:*", "--exclude", "fqn:moovitamix.monitoring")
    assert [warehouse.state(part)[0] for part in ("marts", "features")] == [
        "validated",
        "validated",
    ]
    warehouse.build("--select", "feature_users")
    assert warehouse.state("features")[0] == "in_progress"
    assert warehouse.state()[0] == "validated"
    warehouse.build("--select", "path:models/features")
    assert warehouse.state("features")[0] == "validated"


def test_a_part_on_marts_that_are_not_validated_is_not_either(built: Warehouse) -> None:
    built.build("--select", "int_sessions", "--indirect-selection", "empty")
    built.build("--selector", "features")
    assert built.state("features")[0] == "in_progress"


def test_a_ledger_of_an_earlier_version_is_built_from_the_start(built: Warehouse) -> None:
    before = built.marts()
    built.run("alter table ledger.state rename validated_at to sealed_at")
    built.run("update ledger.state set status = 'sealed'")
    built.build()
    assert built.state() == ("validated", True)
    assert built.marts() == before

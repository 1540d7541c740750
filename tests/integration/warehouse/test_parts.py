"""Each part of the build has its own seal: what fails in one takes nothing from the others."""

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
    assert warehouse.state("features") == ("sealed", True)
    assert _published(data_dir)["features.feature_user_track"] == [(1,)]

    doubt = project / "tests" / "features" / "nobody_plays.sql"
    doubt.parent.mkdir()
    doubt.write_text("select * from {{ ref('feature_user_track') }}")
    Lake(data_dir).add(SECOND)
    warehouse.build()
    assert warehouse.state() == ("sealed", False), "a test of features is none of the marts"
    assert warehouse.dbt("build", "--selector", "features").failed >= {"nobody_plays"}
    assert warehouse.state("features")[0] == "dirty"
    assert warehouse.state()[0] == "sealed"
    assert _published(data_dir) == {
        "fact_listen_history": [(1,), (2,)],
        "features.feature_user_track": [(1,)],
    }
    assert _published(data_dir)["features.feature_user_track"] == [(1,)], "and again"

    doubt.unlink()
    warehouse.build("--selector", "features")
    assert warehouse.state("features") == ("sealed", True)
    assert _published(data_dir)["features.feature_user_track"] == [(1,), (2,)]


def test_a_part_is_known_by_what_is_built_not_by_a_name(data_dir: Path) -> None:
    Lake(data_dir).add(FIRST)
    warehouse = Warehouse(data_dir)
    warehouse.build("--select", "fqn:*", "--exclude", "fqn:moovitamix.monitoring")
    assert [warehouse.state(part)[0] for part in ("marts", "features")] == ["sealed", "sealed"]
    warehouse.build("--select", "feature_users")
    assert warehouse.state("features")[0] == "dirty"
    assert warehouse.state()[0] == "sealed"
    warehouse.build("--select", "path:models/features")
    assert warehouse.state("features")[0] == "sealed"


def test_a_part_on_marts_without_a_seal_gets_none(built: Warehouse) -> None:
    built.build("--select", "int_sessions", "--indirect-selection", "empty")
    built.build("--selector", "features")
    assert built.state("features")[0] == "dirty"


def test_a_book_without_parts_is_one_of_the_marts(built: Warehouse) -> None:
    built.run("alter table ledger.state drop part; alter table ledger.relations drop part")
    built.build()
    assert built.state() == ("sealed", False)

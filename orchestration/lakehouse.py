"""What is published, in a DuckLake too: Parquet with a catalogue on PostgreSQL, for many at once.

A DuckDB file has many readers or one writer. A lakehouse has many of both, on many machines: each
publication comes into it as one transaction, and whoever writes tables of their own beside it waits
for nobody. It holds the masked marts: whoever may read a catalogue may read all of it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.errors import LakehouseMissing, LakehouseUnreachable
from orchestration.settings import Settings

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


def share(settings: Settings, keep_former: timedelta = timedelta(days=1)) -> int:
    """Bring the published tables into the lakehouse in one transaction; return how many.

    Former ones go once they are older than `keep_former`: until then queries that have begun, and
    `at (version => …)`, find them. Raises `LakehouseMissing` without the extensions,
    `LakehouseUnreachable` where the catalogue or the place of its data refuses.
    """
    import duckdb

    try:
        return _shared(settings, keep_former)
    except duckdb.Error as error:
        raise LakehouseUnreachable(str(error).splitlines()[0]) from error


def _shared(settings: Settings, keep_former: timedelta) -> int:
    with _opened(settings) as files:
        published = files.execute(TABLES, ["published"]).fetchall()
        files.execute("begin")
        for schema, table in published:
            files.execute(f'create schema if not exists lakehouse."{schema}"')
            name = f'"{schema}"."{table}"'
            files.execute(f"create or replace table lakehouse.{name} as from published.{name}")
        ours = {schema for schema, _ in published}
        for schema, table in files.execute(TABLES, ["lakehouse"]).fetchall():
            if schema in ours and (schema, table) not in published:
                files.execute(f'drop table lakehouse."{schema}"."{table}"')
        files.execute("commit")
        _forget_former(files, keep_former)
    return len(published)


def _forget_former(files: "duckdb.DuckDBPyConnection", keep: timedelta) -> None:
    older = f"older_than => now() - interval {int(keep.total_seconds())} second"
    files.execute(f"call ducklake_expire_snapshots('lakehouse', {older})")
    files.execute(f"call ducklake_cleanup_old_files('lakehouse', {older})")


@contextmanager
def _opened(settings: Settings) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Connect to both: `published`, and `lakehouse`."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "extension_directory": str(extensions(settings.data_dir / "tmp" / "extensions")),
        "temp_directory": str(settings.data_dir / "tmp"),
        "memory_limit": settings.memory_limit,
        "preserve_insertion_order": False,
    }
    with duckdb.connect(config=config) as files:
        files.execute(f"attach '{settings.masked_marts_file}' as published (read_only)")
        catalogue = settings.lakehouse.get_secret_value().replace("'", "''")
        files.execute(
            f"attach 'ducklake:{catalogue}' as lakehouse (data_path '{settings.lakehouse_data}')"
        )
        yield files


def extensions(folder: Path) -> Path:
    """Lay the extensions that PyPI brought as DuckDB looks for them; return the folder.

    DuckDB would fetch them from its own server, which is not asked.
    """
    import duckdb

    platform = duckdb.sql("pragma platform").fetchall()[0][0]
    place = folder / f"v{duckdb.__version__}" / platform
    place.mkdir(parents=True, exist_ok=True)
    for package, name in EXTENSIONS.items():
        found = find_spec(package)
        if found is None or not found.submodule_search_locations:
            raise LakehouseMissing(package.replace("_", "-"))
        (file,) = Path(found.submodule_search_locations[0]).rglob("*.duckdb_extension")
        draft = place / f"{name}.{os.getpid()}.tmp"
        draft.symlink_to(file)
        draft.replace(place / f"{name}.duckdb_extension")
    return folder

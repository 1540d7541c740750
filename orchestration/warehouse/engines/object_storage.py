"""Access of DuckDB to a lake through fsspec, as `dir://`.

That is one on object storage, S3 and what speaks like it: DuckDB's own extension would have to be
downloaded from its server. Who may read is said as for every client of that storage: `AWS_…` for
S3. And it is one below a folder `key=value`, which DuckDB would take for a column of every table.
"""

from typing import TYPE_CHECKING

from lake.paths import is_misread
from orchestration.run.settings import Settings

if TYPE_CHECKING:
    import duckdb


def open_build(settings: Settings) -> "duckdb.DuckDBPyConnection":
    """Open the build file to read, its views over the lake too."""
    import duckdb

    connection = duckdb.connect(settings.build_file, read_only=True)
    reach(connection, settings.lake_url)
    return connection


def reach(connection: "duckdb.DuckDBPyConnection", lake_url: str) -> None:
    """Register the lake under `dir://` where the macro `lake_root` says so; else it needs nothing.

    Paths then begin below the lake.
    """
    if is_misread(lake_url):
        import fsspec
        from fsspec.implementations.dirfs import DirFileSystem

        storage, root = fsspec.core.url_to_fs(lake_url)
        connection.register_filesystem(DirFileSystem(root, storage))

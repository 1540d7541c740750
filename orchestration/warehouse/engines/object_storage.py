"""Access of DuckDB to a lake through fsspec, as `dir://`.

It serves two kinds of lakes. One is on object storage (S3 and its like): DuckDB's own extension
would have to be downloaded from its server. Credentials are set as for every client of that
storage: `AWS_…` for S3. The other is below a folder `key=value`, which DuckDB would read as a
column of every table.
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

"""Lets DuckDB read a lake on object storage, wherever fsspec reaches: S3 and what speaks like it.

DuckDB's own extension would have to be downloaded from its server. Who may read is said as for
every client of that storage: `AWS_…` for S3.
"""

from typing import TYPE_CHECKING

from orchestration.settings import Settings

if TYPE_CHECKING:
    import duckdb


def open_build(settings: Settings) -> "duckdb.DuckDBPyConnection":
    """Open the build file to read, its views over the lake too."""
    import duckdb

    connection = duckdb.connect(settings.build_file, read_only=True)
    reach(connection, settings.lake_url)
    return connection


def reach(connection: "duckdb.DuckDBPyConnection", lake_url: str) -> None:
    """Register the storage of a URL; a lake on a disk needs nothing."""
    if "://" in lake_url:
        import fsspec

        connection.register_filesystem(fsspec.core.url_to_fs(lake_url)[0])

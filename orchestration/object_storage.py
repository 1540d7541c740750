"""Lets DuckDB read a lake on object storage, wherever fsspec reaches: S3 and what speaks like it.

DuckDB's own extension would have to be downloaded from its server. Who may read is said as for
every client of that storage: `AWS_…` for S3.
"""

from typing import TYPE_CHECKING, Any

from dbt.adapters.duckdb.plugins import BasePlugin

from orchestration.settings import Settings

if TYPE_CHECKING:
    import duckdb


class Plugin(BasePlugin):
    """What profiles.yml names, so that dbt's connections read the lake, run by us or by hand."""

    def initialize(self, config: dict[str, Any]) -> None:
        """Take the lake's URL from the profile."""
        self.lake_url = str(config["lake_url"])

    def configure_connection(self, conn: "duckdb.DuckDBPyConnection") -> None:
        """Let the connection read what the URL names."""
        _reach(conn, self.lake_url)


def open_build(settings: Settings) -> "duckdb.DuckDBPyConnection":
    """Open the build file to read, its views over the lake too."""
    import duckdb

    connection = duckdb.connect(settings.build_file, read_only=True)
    _reach(connection, settings.lake_url)
    return connection


def _reach(connection: "duckdb.DuckDBPyConnection", lake_url: str) -> None:
    """Register the storage of a URL; a lake on a disk needs nothing."""
    if "://" in lake_url:
        import fsspec

        connection.register_filesystem(fsspec.core.url_to_fs(lake_url)[0])

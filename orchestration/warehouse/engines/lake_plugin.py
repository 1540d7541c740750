"""A plugin of dbt-duckdb, named in profiles.yml: dbt reads the lake, run by us or by hand."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbt.adapters.duckdb.plugins import BasePlugin

from lake.paths import folder, lake_in
from orchestration.warehouse.engines.object_storage import reach

if TYPE_CHECKING:
    import duckdb


class Plugin(BasePlugin):
    """dbt-duckdb asks for a class of this name."""

    def initialize(self, config: dict[str, Any]) -> None:
        """Take where the lake is from the profile."""
        self.lake_url = lake_in(config["lake_url"], folder(Path(config["data_dir"] or "data")))

    def configure_connection(self, conn: "duckdb.DuckDBPyConnection") -> None:
        """Give the connection access to the lake's URL."""
        reach(conn, self.lake_url)

"""The record of a pending pull, from which a later run finishes its load."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from ingestion.pull.ingest_report import Pull
from ingestion.source.window import Window
from lake.atomic import replace_file


@dataclass(frozen=True, slots=True)
class PendingPull:
    """A whole pull, saved just before dlt completes its package.

    So each pending package has a record; a record may be left without a package.
    """

    lake_url: str
    """`IngestionSettings.lake_name`."""
    run_id: str
    load_id: str
    as_of: datetime
    window: Window
    pulls: tuple[Pull, ...]
    new_columns: tuple[tuple[str, str], ...]

    def save(self, path: Path) -> None:
        """Write the record, by rename."""
        replace_file(path, _JSON.dump_json(self, indent=1))

    @classmethod
    def load(cls, path: Path) -> "PendingPull | None":
        """Read the record; None if there is none, or a damaged one."""
        try:
            return _JSON.validate_json(path.read_bytes())
        except (FileNotFoundError, ValueError):
            return None


_JSON = TypeAdapter(PendingPull)

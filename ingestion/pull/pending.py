"""The record of a pending pull, from which a later run finishes its load."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from ingestion.pull.report import Pull
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
        replace_file(path, json.dumps(asdict(self), default=_instant, indent=1).encode())

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """Read the record, if there is one."""
        try:
            saved = json.loads(path.read_bytes(), object_hook=_instants)
        except FileNotFoundError:
            return None
        saved["window"] = Window(**saved["window"])
        saved["pulls"] = tuple(Pull(**pull) for pull in saved["pulls"])
        saved["new_columns"] = tuple((table, column) for table, column in saved["new_columns"])
        return cls(**saved)


def _instant(value: object) -> dict[str, str]:
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} can't be saved")
    return {"instant": value.isoformat()}


def _instants(value: dict[str, Any]) -> object:
    return datetime.fromisoformat(value["instant"]) if value.keys() == {"instant"} else value

"""The note of the pull in flight: what a later run must know to finish a load it did not begin."""

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
    """A whole pull that dlt has extracted, or will have the moment after this note was written.

    So a package that is pending has its note, always; a note may be left without a package.
    """

    lake_url: str
    """Below the data folder, or as settings give it (`lake_name`)."""
    run_id: str
    load_id: str
    as_of: datetime
    window: Window
    pulls: tuple[Pull, ...]
    new_columns: tuple[tuple[str, str], ...]

    def save(self, path: Path) -> None:
        """Write the note whole, by rename."""
        replace_file(path, json.dumps(asdict(self), default=_instant, indent=1).encode())

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """The note, if there is one."""
        try:
            note = json.loads(path.read_bytes(), object_hook=_instants)
        except FileNotFoundError:
            return None
        note["window"] = Window(**note["window"])
        note["pulls"] = tuple(Pull(**pull) for pull in note["pulls"])
        note["new_columns"] = tuple((table, column) for table, column in note["new_columns"])
        return cls(**note)


def _instant(value: object) -> dict[str, str]:
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} has no place in the note")
    return {"instant": value.isoformat()}


def _instants(value: dict[str, Any]) -> object:
    return datetime.fromisoformat(value["instant"]) if value.keys() == {"instant"} else value

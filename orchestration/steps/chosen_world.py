"""The world that a data folder lives on: its ids mean other people in another world."""

from pathlib import Path

from lake.atomic import replace_file
from lake.paths import absolute
from orchestration.run.errors import OrchestrationError
from orchestration.run.settings import Settings

GENERATED = "the generated world"


class OtherWorldInUse(OrchestrationError):
    """The data folder lives on another world."""

    runbook = "source-died"

    def __init__(self, data_dir: Path, in_use: str, asked: str, record: Path) -> None:
        super().__init__(
            f"{data_dir} lives on {in_use}; in {asked} the same ids are other people and tracks:"
            f" set MOOVITAMIX_DATA_DIR to another folder (or, if it was moved, delete {record})"
        )


def require_same_world(settings: Settings, world: Path | None) -> None:
    """Record which world the embedded source serves; raise `OtherWorldInUse` if it was another."""
    asked = str(absolute(world)) if world else GENERATED
    record = settings.data_dir / "source" / "serves.txt"
    in_use = _in_use(settings, record)
    if in_use and in_use != asked:
        raise OtherWorldInUse(settings.data_dir, in_use, asked, record)
    replace_file(record, asked.encode())


def _in_use(settings: Settings, record: Path) -> str | None:
    """Return what the lake's records came from; None where it has none, or came from elsewhere."""
    if "://" not in settings.lake_url and not (Path(settings.lake_url) / "raw").exists():
        return None
    if record.exists():
        return record.read_text()
    made = (settings.data_dir / "source" / "world.json").exists()
    return GENERATED if made else None

"""Settings of the app simulator: environment variables with the prefix `MOOVITAMIX_SOURCE_`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import SettingsConfigDict

from lake.locations import Locations
from lake.paths import absolute


def _in_utc(instant: datetime) -> datetime:
    """Instants carry no zone here: one that has a zone is turned to UTC first."""
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant


Instant = Annotated[datetime, AfterValidator(_in_utc)]
World = Annotated[Path, AfterValidator(absolute)]


class SourceSettings(Locations):
    """What world is served, at what clock, and where.

    The sizes, the seed and the launch day are `None` unless asked for: an existing world then
    keeps the ones it was made with, and a new one takes the defaults.
    """

    model_config = SettingsConfigDict(env_prefix="MOOVITAMIX_SOURCE_")

    seed: int | None = Field(default=None, ge=0)
    """Seed of a new simulated world (7)."""
    users: int | None = Field(default=None, ge=1)
    """Users of a new simulated world (2000)."""
    tracks: int | None = Field(default=None, ge=50)
    """Tracks of a new simulated world (5000)."""
    days: int | None = Field(default=None, ge=1)
    """Days of history of a new simulated world (120)."""
    launched_on: date | None = Field(default=None)
    """First day of a new simulated world; empty: from its days of history."""
    as_of: Instant | None = Field(default=None)
    """Fixed clock of the app simulator, in UTC; empty: the current time."""
    world: World | None = Field(default=None)
    """Folder of Parquet files to serve instead of a simulated world."""
    listens_to_lists: float = Field(
        default=0, ge=0, le=1, validation_alias="MOOVITAMIX_WORLD_LISTENS_TO_LISTS"
    )
    """Share of a simulated world's sessions that begin with the published lists."""
    host: str = Field(default="127.0.0.1")
    """Address that the app simulator listens on."""
    port: int = Field(default=8000, ge=0, le=65535)
    """Port that the app simulator listens on; 0: any free one."""

    @property
    def folder(self) -> Path:
        """The source's own folder under the data directory."""
        return self.data_dir / "source"

"""How the source is set: environment variables with the prefix `MOOVITAMIX_SOURCE_`."""

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
    lives on with the ones it was made with, and a new one takes the defaults.
    """

    model_config = SettingsConfigDict(
        env_prefix="MOOVITAMIX_SOURCE_", env_ignore_empty=True, frozen=True
    )

    seed: int | None = Field(
        default=None, ge=0, description="every name, taste and play follows from it"
    )
    users: int | None = Field(
        default=None, ge=1, description="users after `days` days (default 2000)"
    )
    tracks: int | None = Field(
        default=None, ge=50, description="tracks after `days` days (default 5000)"
    )
    days: int | None = Field(
        default=None, ge=1, description="days of history at the start (default 120)"
    )
    launched_on: date | None = Field(
        default=None, description="the app's first day (default: the first of the month `days` ago)"
    )
    as_of: Instant | None = Field(
        default=None, description="hold the clock there, in UTC (default: now)"
    )
    world: World | None = Field(
        default=None,
        description="serve this directory's Parquet files instead of a generated world",
    )
    host: str = Field(default="127.0.0.1", description="the address to listen on")
    port: int = Field(
        default=8000, ge=0, le=65535, description="the port to listen on; 0: a free one"
    )

    @property
    def folder(self) -> Path:
        """The source's own folder under the data directory."""
        return self.data_dir / "source"

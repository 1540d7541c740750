"""Settings of the serving API: environment variables with the prefix `MOOVITAMIX_SERVING_`."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from lake.locations import Folder, Locations

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_LIMIT = 50
"""Tracks in one answer, and kept per user: what bounds the memory."""
LARGEST_BATCH = 100
"""Users in one batch."""

MEMORY = r"^\d+(\.\d+)? ?([KMGTkmgt][iI]?)?[bB]$"


class ServingSettings(Locations):
    """Where it listens, what it reads, and what it allows."""

    model_config = SettingsConfigDict(env_prefix="MOOVITAMIX_SERVING_")

    host: str = Field(default="127.0.0.1")
    """Address that the serving API listens on."""
    port: int = Field(default=8001, ge=0, le=65535)
    """Port that the serving API listens on; 0: any free one."""
    workers: int = Field(default=2, ge=1, le=64)
    """Processes that answer requests."""
    rate: float = Field(default=200, gt=0, le=1e6)
    """Requests per second that each key may send."""
    burst: int = Field(default=400, ge=LARGEST_BATCH, le=10**7)
    """Requests that each key may send at once."""
    stale_after: timedelta = Field(default=timedelta(hours=36))
    """Age after which predictions are marked stale."""
    count_every: float = Field(default=60, gt=0)
    """Seconds between two writes of the hourly counts."""
    memory_limit: str = Field(default="1GB", pattern=MEMORY)
    """Memory of DuckDB while answers are prepared."""
    track_uri: str = Field(
        default="moovitamix:track:{track_id}",
        validation_alias="MOOVITAMIX_TRACK_URI",
        pattern=r"^\S*\{track_id\}\S*$",
    )
    """URI of a track in JSPF and M3U8 playlists; `{track_id}` in it is replaced by the id."""
    dir: Folder | None = Field(default=None)
    """Folder of the serving API; empty: `serving` in the data folder."""

    @property
    def folder(self) -> Path:
        """Keys, snapshots, limits and metrics."""
        return self.dir or self.data_dir / "serving"

    @property
    def keys_file(self) -> Path:
        """The API keys, hashed."""
        return self.folder / "keys.json"

    @property
    def metrics_folder(self) -> Path:
        """What each worker counts, in prometheus_client's files."""
        return self.folder / "metrics"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

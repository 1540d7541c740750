"""The settings of an ingest: the API, its credentials, limits and retries."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from ingestion.access import AccessSettings, login_apart, split_login
from lake.locations import Locations


class IngestionSettings(AccessSettings, Locations):
    """Settings of one ingest, each from `MOOVITAMIX_<NAME>`; times in seconds."""

    model_config = SettingsConfigDict(extra="ignore")

    api_url: str = "http://127.0.0.1:8000"
    """Address of the app's API; without one, a run starts the embedded app simulator."""

    # Our own API serves 10,000 records a page; the original refuses that with a 422 and gets 100.
    page_size: int = Field(default=10_000, ge=1)
    """Records per page that a pull asks the API for."""
    concurrency: int = Field(default=8, ge=1, le=64)
    """Requests that run at the same time."""
    # Re-read behind the cursor: a record that its app committed late still carries its old time.
    overlap: timedelta = Field(default=timedelta(hours=1), ge=timedelta(0))
    """Time that each pull reads again before the last one, for records that were committed late."""
    attempts: int = Field(default=3, ge=1)
    """Complete pulls that are tried before a pull fails."""

    connect_timeout: float = Field(default=5.0, gt=0)
    """Seconds to wait for a connection."""
    read_timeout: float = Field(default=60.0, gt=0)
    """Seconds to wait for the next byte of an answer."""
    # An API that fails a fifth of its answers fails one page for good in 0.2^9, 1 in 2 million.
    retries: int = Field(default=8, ge=0)
    """Times that a request is repeated after an error of the server."""
    connect_retries: int = Field(default=4, ge=0)
    """Times that a failed connection is repeated."""
    backoff: float = Field(default=0.1, ge=0)
    """Seconds before the first repeated request; doubled each time."""
    backoff_max: float = Field(default=20.0, ge=0)
    """Most seconds between two repeated requests."""
    retry_after_max: int = Field(default=120, ge=0)
    """Longest `Retry-After` of the API to accept, in seconds."""
    wait_max: float = Field(default=300.0, gt=0)
    """Seconds spent on one answer in all, pauses included."""

    # Together they keep the process under 1 GB: ten answers are held at once, one of them as
    # Python's objects, which take a dozen times the room.
    answer_max_mb: int = Field(default=32, ge=1, le=1024)
    """Largest answer in MB, also when it is unpacked."""
    answer_timeout: float = Field(default=120.0, gt=0)
    """Seconds until an answer must be complete."""
    nesting_max: int = Field(default=64, ge=4, le=500)
    """Deepest nesting of lists and objects in an answer."""
    records_max: int = Field(default=50_000_000, ge=1)
    """Most records of a table in one pull."""
    pages_max: int = Field(default=500_000, ge=1)
    """Most pages of a table in one pull."""
    columns_max: int = Field(default=200, ge=20, le=5_000)
    """Most columns of a table, declared and new ones."""

    forget_key: SecretStr | None = None
    """Key that hashes the ids of erased people; empty: `forget.key` in the data folder."""

    # Below a handful a share means nothing: 2 of 20 records are 10 %, and no trend.
    rejected_share: float = Field(default=0.01, ge=0, le=1)
    """Largest share of records of a pull that may be unreadable."""
    rejected_handful: int = Field(default=5, ge=0)
    """Number of unreadable records that is always accepted."""

    @model_validator(mode="before")
    @classmethod
    def _login_apart(cls, given: dict[str, Any]) -> dict[str, Any]:
        return login_apart(given)

    @field_validator("api_url")
    @classmethod
    def _reachable(cls, url: str) -> str:
        return split_login(url)[0]

    @property
    def lake_name(self) -> str:
        """The lake's name in the record of a pending pull: relative if in the data folder."""
        return self.lake_url.removeprefix(f"{self.data_dir}/")

    @property
    def forget_key_file(self) -> Path:
        """The key that hashes ids of forgotten people, unless `forget_key` gives one."""
        return self.data_dir / "forget.key"

    @property
    def pending_file(self) -> Path:
        """The record of the pending pull."""
        return self.dlt_dir / "pull.json"

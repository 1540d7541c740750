"""What an ingest may be told: where the API and the lake are, and how patient to be."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import (
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import SettingsConfigDict

from ingestion.access import AccessSettings, login_apart, split_login
from lake.locations import Locations


class IngestionSettings(Locations, AccessSettings):
    """Settings of one ingest, each from `MOOVITAMIX_<NAME>`; times in seconds."""

    model_config = SettingsConfigDict(
        env_prefix="MOOVITAMIX_",
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,  # it may be a password
    )

    api_url: str = "http://127.0.0.1:8000"

    # Our own API serves 10,000 records a page; the original refuses that with a 422 and gets 100.
    page_size: int = Field(default=10_000, ge=1)
    concurrency: int = Field(default=8, ge=1, le=64)
    # Re-read behind the cursor: a record that its app committed late still carries its old time.
    overlap: timedelta = Field(default=timedelta(hours=1), ge=timedelta(0))
    attempts: int = Field(default=3, ge=1, description="whole pulls tried before giving up")

    connect_timeout: float = Field(default=5.0, gt=0)
    read_timeout: float = Field(default=60.0, gt=0)
    # An API that fails a fifth of its answers fails one page for good in 0.2^9, 1 in 2 million.
    retries: int = Field(default=8, ge=0)
    connect_retries: int = Field(default=4, ge=0, description="nobody listens: known soon")
    backoff: float = Field(default=0.1, ge=0)
    backoff_max: float = Field(default=20.0, ge=0)
    retry_after_max: int = Field(default=120, ge=0, description="an API may ask to wait so long")
    wait_max: float = Field(default=300.0, gt=0, description="trying for one answer, pauses too")

    # Together they keep the process under 1 GB: ten answers are held at once, one of them as
    # Python's objects, which take a dozen times the room.
    answer_max_mb: int = Field(default=32, ge=1, le=1024, description="an answer, unpacked too")
    answer_timeout: float = Field(default=120.0, gt=0, description="an answer, to its last byte")
    nesting_max: int = Field(
        default=64, ge=4, le=500, description="lists and objects in each other"
    )
    records_max: int = Field(default=50_000_000, ge=1, description="of a table, in a pull")
    pages_max: int = Field(default=500_000, ge=1, description="of a table, in a pull")
    columns_max: int = Field(default=200, ge=20, le=5_000, description="declared ones and new ones")

    forget_key: SecretStr | None = None

    # Below a handful a share says nothing: 2 of 20 records are 10 %, and no trend.
    rejected_share: float = Field(default=0.01, ge=0, le=1)
    rejected_handful: int = Field(default=5, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _login_apart(cls, given: dict[str, Any]) -> dict[str, Any]:
        return login_apart(given)

    @field_validator("api_url")
    @classmethod
    def _reachable(cls, url: str) -> str:
        return split_login(url)[0]

    @property
    def lake_in_notes(self) -> str:
        """The lake as notes in the data folder name it, which may be moved: by its place there."""
        return self.lake_url.removeprefix(f"{self.data_dir}/")

    @property
    def forget_key_file(self) -> Path:
        """The key that hashes ids of forgotten people, unless `forget_key` gives one."""
        return self.data_dir / "forget.key"

    @property
    def note(self) -> Path:
        """Where the note of the pull in flight lies."""
        return self.dlt_dir / "pull.json"

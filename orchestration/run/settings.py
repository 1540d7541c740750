"""Where a run reads and writes, and at which instant; from the environment (`MOOVITAMIX_…`)."""

import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingestion.access import AccessSettings, login_apart
from lake.clock import naive_utc
from lake.locations import Locations
from lake.paths import folder, require_plain

ROOT = Path(__file__).resolve().parents[2]
MEMORY = r"^\d+(\.\d+)? ?([KMGTkmgt][iI]?)?[bB]$"

# A word of five letters is masked for nothing more often than it is a secret.
SECRET_NAMES, SHORTEST_SECRET = re.compile(r"SECRET|PASSWORD|TOKEN|(?:^|_)KEY(?:_|$)"), 6


def _a_web_address(url: str | None) -> str | None:
    if url and not re.match(r"https?://[^/\s]", url):
        raise ValueError("an address begins with http:// or https://")
    return url


def _a_cron_expression(text: str) -> str:
    from croniter import croniter  # type: ignore[import-untyped]

    if not croniter.is_valid(text):
        raise ValueError("a cron expression has five fields, as 0 5 * * 0")
    return text


Cron = Annotated[str, AfterValidator(_a_cron_expression)]
WebAddress = Annotated[str, AfterValidator(_a_web_address)]


class Settings(Locations, AccessSettings):
    """The settings of a run, read when made; paths are absolute, instants naive UTC."""

    model_config = SettingsConfigDict(
        env_prefix="MOOVITAMIX_",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,  # it may be a password
    )

    target: Literal["dev", "spark"] = "dev"
    """What builds the marts: `dev` is DuckDB, `spark` Apache Spark (docs/scaling.md)."""
    api_url: str | None = None
    """The app's API; none: a run starts the embedded source for itself."""
    as_of: datetime | None = None
    """The run's clock; none: the API's, else now."""
    quiet_hours: int | None = Field(default=None, ge=0, le=87_600)
    """Hours without a listen after which a run stops; none: by the app's own pauses; 0: never."""
    recommendations: bool = True
    """Whether a run ends with recommendations: features, a model when one is due, its batch."""
    dbt_threads: int = Field(default=2, ge=1, le=64, description="models that dbt builds at once")
    memory_limit: str = Field(default="4GB", pattern=MEMORY)
    """DuckDB's, in whatever builds or publishes; what is more goes to `tmp` in the data folder."""
    lakehouse: SecretStr = SecretStr("")
    """Catalogue of a DuckLake that gets each publication, as `postgres:host=… dbname=…`."""
    lakehouse_data: str = Field(default="", validate_default=True)
    """Where that lakehouse keeps its Parquet: a folder that its readers reach too."""
    backup_dir: Path | None = None
    """Where backups lie; none: beside the data folder. Best on another disk."""
    backup_keep: int = Field(default=7, ge=0, description="newest ones that stay; 0: all")

    @model_validator(mode="before")
    @classmethod
    def _login_apart(cls, given: dict[str, Any]) -> dict[str, Any]:
        return login_apart(given)

    @field_validator("as_of")
    @classmethod
    def _naive(cls, instant: datetime | None) -> datetime | None:
        return instant and naive_utc(instant)

    @field_validator("lakehouse_data")
    @classmethod
    def _its_own(cls, place: str, given: ValidationInfo) -> str:
        """Files of a lakehouse are its own; in the data folder others would change them."""
        if not given.data["lakehouse"].get_secret_value():
            return place
        data_dir = given.data.get("data_dir", "data")
        if not place or "://" in place or (whole := folder(Path(place))).is_relative_to(data_dir):
            raise ValueError("a lakehouse needs a folder for its data, outside the data folder")
        return str(whole)

    @model_validator(mode="after")
    def _fit_for_spark(self) -> Self:
        if self.target == "spark":
            require_plain(str(self.data_dir))
            require_plain(self.lake_url.partition("://")[2] or self.lake_url)
        return self


class SmokeSettings(BaseSettings):
    """Which server is asked whether it answers well; each from `MOOVITAMIX_SMOKE_<NAME>`."""

    model_config = SettingsConfigDict(
        env_prefix="MOOVITAMIX_SMOKE_", frozen=True, env_ignore_empty=True
    )

    url: WebAddress | None = None
    """None, or without a key: a server of the check's own, over the published file."""
    key: SecretStr | None = None
    patience: float = Field(default=30.0, ge=0, le=600)
    """Seconds until it must have seen a new publication."""


class ScheduleSettings(BaseSettings):
    """When Airflow begins what has a clock, and again: from `MOOVITAMIX_SCHEDULE_…`."""

    model_config = SettingsConfigDict(
        env_prefix="MOOVITAMIX_SCHEDULE_", frozen=True, env_ignore_empty=True
    )

    ingest: Cron = "0 0 * * *"
    """A cron expression, UTC, as the next two."""
    audit: Cron = "0 5 * * 0"
    api_health: Cron = "*/15 * * * *"
    retry_delay: timedelta = Field(default=timedelta(minutes=2), ge=timedelta(0))
    """Before a task that failed is tried again; doubled each time, 20 minutes at most."""


class AlertSettings(BaseSettings):
    """Who is told of a failure, and how; each from `MOOVITAMIX_ALERT_<NAME>`."""

    model_config = SettingsConfigDict(
        env_prefix="MOOVITAMIX_ALERT_", frozen=True, env_ignore_empty=True
    )

    urls: SecretStr = SecretStr("")
    """Where alerts go: Apprise URLs with spaces between, as `slack://…` or `mailto://…`."""
    runbooks: str = "docs/runbooks"
    """Where the runbooks are read: a folder, or the URL of one."""
    log_url: str = ""
    """Where the run's own log is read, if its scheduler has a page for it."""
    warnings: bool = False
    """Whether what only warned is sent too."""
    quiet: timedelta = Field(default=timedelta(hours=6), ge=timedelta(0))
    """A failure that was sent is not sent again for so long."""
    patience: float = Field(default=10.0, gt=0, le=60)
    """Seconds that sending may take in all; a channel that needs longer has failed."""

    @field_validator("urls")
    @classmethod
    def _apprise_urls(cls, urls: SecretStr) -> SecretStr:
        if not re.fullmatch(r"\s*([a-z][a-z0-9]*://\S+\s*)*", urls.get_secret_value()):
            raise ValueError("as slack://… or mailto://…, with spaces between")
        return urls

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may hold: ours, and whatever the environment calls a secret."""
        theirs = (
            value
            for name, value in os.environ.items()
            if SECRET_NAMES.search(name) and len(value) >= SHORTEST_SECRET
        )
        return (*self.urls.get_secret_value().split(), *theirs)

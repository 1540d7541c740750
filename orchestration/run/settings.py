"""Settings of a run, from the environment (`MOOVITAMIX_…`): folders, clock, limits, alerts."""

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
from pydantic_settings import SettingsConfigDict

from ingestion.access import AccessSettings, login_apart
from lake.clock import naive_utc
from lake.locations import EnvironmentSettings, Locations
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


class Settings(AccessSettings, Locations):
    """The settings of a run, read when made; paths are absolute, instants naive UTC."""

    target: Literal["dev", "spark"] = "dev"
    """Engine that builds the marts: `dev` is DuckDB, `spark` is Apache Spark (docs/scaling.md)."""
    api_url: str | None = None
    """Address of the app's API; without one, a run starts the embedded app simulator."""
    as_of: datetime | None = None
    """Clock of the run, in UTC; empty: the API's clock, else the current time."""
    quiet_hours: int | None = Field(default=None, ge=0, le=87_600)
    """Hours without a listen after which a run stops; empty: from the app's own pauses; 0:
    never."""
    recommendations: bool = True
    """Whether a run also makes recommendations: features, training when it is due, scoring."""
    listens_to_lists: float = Field(
        default=0, ge=0, le=1, validation_alias="MOOVITAMIX_WORLD_LISTENS_TO_LISTS"
    )
    """Share of a simulated world's sessions that begin with the published lists."""
    dbt_threads: int = Field(default=2, ge=1, le=64)
    """Number of models that dbt builds at the same time."""
    memory_limit: str = Field(default="4GB", pattern=MEMORY)
    """Memory of DuckDB; what does not fit goes to `tmp` in the data folder."""
    lakehouse: SecretStr = SecretStr("")
    """Catalog of a DuckLake that gets each publication, such as `postgres:host=… dbname=…`."""
    lakehouse_data: str = Field(default="", validate_default=True)
    """Folder or URL of that lakehouse's Parquet files, outside the data folder."""
    backup_dir: Path | None = None
    """Folder of the backups, best on another disk; empty: beside the data folder."""
    backup_keep: int = Field(default=7, ge=0)
    """Number of backups to keep; 0: all."""

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


class AgentSettings(EnvironmentSettings):
    """Limits of each answer of `moovitamix mcp`, from `MOOVITAMIX_AGENT_…`."""

    model_config = SettingsConfigDict(env_prefix="MOOVITAMIX_AGENT_")

    rows: int = Field(default=1_000, ge=1, le=100_000)
    """Most rows of an answer to a program; more are refused."""
    seconds: float = Field(default=10.0, gt=0, le=600)
    """Most seconds that a program's query may take."""
    memory: str = Field(default="1GB", pattern=MEMORY)
    """Memory of DuckDB for a program's query."""


class SmokeSettings(EnvironmentSettings):
    """Which server is asked whether it answers well; each from `MOOVITAMIX_SMOKE_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="MOOVITAMIX_SMOKE_")

    url: WebAddress | None = None
    """Server on which a new model is checked; empty: one that the check starts."""
    key: SecretStr | None = None
    """API key for that server."""
    patience: float = Field(default=30.0, ge=0, le=600)
    """Seconds until that server must have seen a new publication."""


class ScheduleSettings(EnvironmentSettings):
    """Schedules and retries of Airflow's DAGs, from `MOOVITAMIX_SCHEDULE_…`."""

    model_config = SettingsConfigDict(env_prefix="MOOVITAMIX_SCHEDULE_")

    ingest: Cron = "0 0 * * *"
    """Cron expression of the daily ingest, UTC."""
    audit: Cron = "0 5 * * 0"
    """Cron expression of the audit, UTC."""
    api_health: Cron = "*/15 * * * *"
    """Cron expression of the API's health check, UTC."""
    retry_delay: timedelta = Field(default=timedelta(minutes=2), ge=timedelta(0))
    """Delay before Airflow retries a failed task; doubled each time, 20 minutes at most."""


class AlertSettings(EnvironmentSettings):
    """Alert channels, each from `MOOVITAMIX_ALERT_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="MOOVITAMIX_ALERT_")

    urls: SecretStr = SecretStr("")
    """Where alerts go: Apprise URLs separated by spaces, such as `slack://…` or `mailto://…`."""
    runbooks: str = "docs/runbooks"
    """Folder or URL of the runbooks that alerts link to."""
    log_url: str = ""
    """Page of the run's own log that alerts link to."""
    warnings: bool = False
    """Whether warnings are sent too."""
    quiet: timedelta = Field(default=timedelta(hours=6), ge=timedelta(0))
    """Time for which the same alert is not sent again."""
    patience: float = Field(default=10.0, gt=0, le=60)
    """Seconds that sending an alert may take."""

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

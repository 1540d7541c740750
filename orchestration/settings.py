"""Where a run reads and writes, and at which instant; from the environment (`MOOVITAMIX_…`)."""

from datetime import UTC, datetime
from pathlib import Path

from pydantic import field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[1]

# Files under the data folder are found by patterns and named in URLs, where these mean something.
SIGNS_OF_GLOBS_AND_URLS = "*?[#%"


class Settings(BaseSettings):
    """The settings of a run, read when made; paths are absolute, instants naive UTC."""

    model_config = SettingsConfigDict(env_prefix="MOOVITAMIX_", frozen=True, env_ignore_empty=True)

    data_dir: Path = Path("data")
    lake_url: str = ""
    """Where the lake is; empty: `lake` in the data folder. A URL moves it to object storage."""
    api_url: str | None = None
    """The app's API; none: a run starts the embedded source for itself."""
    as_of: datetime | None = None
    """The run's clock; none: the API's, else now."""

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        absolute = path.expanduser().resolve()
        if found := [sign for sign in SIGNS_OF_GLOBS_AND_URLS if sign in str(absolute)]:
            raise ValueError(f"{absolute} has {' '.join(found)} in it; choose a folder without")
        return absolute

    @field_validator("as_of")
    @classmethod
    def _naive(cls, instant: datetime | None) -> datetime | None:
        return instant and naive_utc(instant)

    def model_post_init(self, _context: object) -> None:
        """Give the lake its place under the data folder unless it has one of its own."""
        lake = self.lake_url or str(self.data_dir / "lake")
        if "://" not in lake:
            lake = str(Path(lake).expanduser().resolve())
        object.__setattr__(self, "lake_url", lake)

    @property
    def build_file(self) -> Path:
        """The build file of dbt: written by `build` alone, read by nobody else."""
        return self.data_dir / "build.duckdb"

    @property
    def marts_file(self) -> Path:
        """The published file that analysts open."""
        return self.data_dir / "marts.duckdb"

    @property
    def previous_marts_file(self) -> Path:
        """The publication before the present one."""
        return self.data_dir / "marts.previous.duckdb"

    @property
    def dbt_dir(self) -> Path:
        """The artifacts and the log of dbt's latest build."""
        return self.data_dir / "dbt"


def naive_utc(instant: datetime) -> datetime:
    """Return the same instant in UTC without a zone, as the app's API writes instants."""
    return instant if instant.tzinfo is None else instant.astimezone(UTC).replace(tzinfo=None)


def now() -> datetime:
    """Return the wall clock's time, naive UTC."""
    return naive_utc(datetime.now(UTC))

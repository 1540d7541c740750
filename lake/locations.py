"""Locations of the data, the lake and the publications: settings that all folders share."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from lake.paths import folder, lake_in

_INBOX = re.compile(r"postgresql(\+\w+)?://[^\s]+|sqlite:////.+")

Folder = Annotated[Path, AfterValidator(folder)]


class EnvironmentSettings(BaseSettings):
    """Settings from environment variables; the text below each one stands in `.env.example`."""

    model_config = SettingsConfigDict(
        env_prefix="MOOVITAMIX_",
        env_ignore_empty=True,
        frozen=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # it may be a password
    )


class Locations(EnvironmentSettings):
    """The data folder, the lake, and the files of the data folder; all paths are absolute."""

    data_dir: Folder = Field(
        default=Path("data"),
        validation_alias="MOOVITAMIX_DATA_DIR",
        validate_default=True,
    )
    """Folder of everything that a run writes; absolute, if dbt is to read it by itself."""
    lake_url: str = Field(
        default="",
        validation_alias="MOOVITAMIX_LAKE_URL",
        validate_default=True,
    )
    """Lake: a path or an object storage URL; empty: `lake` in the data folder."""

    feedback_url: SecretStr = Field(
        default=SecretStr(""), validation_alias="MOOVITAMIX_FEEDBACK_URL"
    )
    """Feedback inbox: `postgresql://user:password@host/name` or `sqlite:////folder/file`; empty:
    SQLite in the data folder."""

    @field_validator("feedback_url")
    @classmethod
    def _inbox(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value() and not _INBOX.fullmatch(url.get_secret_value()):
            raise ValueError(
                "write postgresql://user:password@host/name, sqlite:////folder/file, or nothing"
            )
        return url

    @field_validator("lake_url")
    @classmethod
    def _whole(cls, url: str, given: ValidationInfo) -> str:
        return lake_in(url, given.data.get("data_dir", Path("data").resolve()))

    @property
    def inbox_url(self) -> str:
        """The database of the inbox of feedback."""
        return self.feedback_url.get_secret_value() or f"sqlite:///{self.inbox_file}"

    @property
    def inbox_file(self) -> Path:
        """The inbox of feedback, unless the setting names another."""
        return self.data_dir / "feedback" / "inbox.sqlite"

    @property
    def build_file(self) -> Path:
        """The build file of dbt, written by `build` alone; no reader opens it."""
        return self.data_dir / "build.duckdb"

    @property
    def marts_file(self) -> Path:
        """The published file: all that analysts, models and the serving API read."""
        return self.data_dir / "marts.duckdb"

    @property
    def masked_marts_file(self) -> Path:
        """The same without personal data, for analysts who need none."""
        return self.data_dir / "marts_masked.duckdb"

    @property
    def previous_marts_file(self) -> Path:
        """The publication before the present one."""
        return self.data_dir / "marts.previous.duckdb"

    @property
    def monitoring_file(self) -> Path:
        """The monitoring marts: what runs did, for those on call."""
        return self.data_dir / "monitoring.duckdb"

    @property
    def report_file(self) -> Path:
        """The page on the state of the data and of the runs."""
        return self.data_dir / "report.html"

    @property
    def alerts_log(self) -> Path:
        """Every alert, a JSON object a line."""
        return self.data_dir / "logs" / "alerts.jsonl"

    @property
    def dbt_dir(self) -> Path:
        """The artifacts and the log of dbt's latest build."""
        return self.data_dir / "dbt"

    @property
    def dlt_dir(self) -> Path:
        """Dlt's working folder, and the record of a pending pull; may be lost at any time."""
        return self.data_dir / "dlt"

    @property
    def quality_dir(self) -> Path:
        """The pages of raw validation about each load, `index.html` first."""
        return self.data_dir / "quality"

    @property
    def mlflow_dir(self) -> Path:
        """The tracking database and the models' files, unless they are elsewhere."""
        return self.data_dir / "mlflow"

    @property
    def temporary_dir(self) -> Path:
        """What memory can't hold, for as long as a command runs."""
        return self.data_dir / "tmp"

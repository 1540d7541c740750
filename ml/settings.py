"""What training and recommending may be told; from the environment (`MOOVITAMIX_…`)."""

import re
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from lake.locations import Locations

# As `ml.models.kinds` has them, which takes seconds to import.
MODELS = ("baseline", "popularity", "item-knn", "ease", "lightfm", "softmax", "blend", "als")
MEMORY = r"^\d+(\.\d+)? ?([KMGTkmgt][iI]?)?[bB]$"
DATA_FOLDER, ARTIFACTS = "data-folder", "/mlflow/artifacts"
"""The scheme of addresses below the data folder, and where models are there (`artifacts.py`)."""
_OWN_SOCKET = re.compile(r"/airflow/postgres$|/moovitamix-pg-[^/]+$")
Cadence = Literal["hourly", "daily", "weekly"]


class MlSettings(Locations):
    """Settings of the models, each from `MOOVITAMIX_<NAME>`; instants are naive UTC."""

    model_config = SettingsConfigDict(
        env_prefix="MOOVITAMIX_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    mlflow_url: str = ""
    """Where runs and models are kept: an SQLAlchemy URL; empty: SQLite in the data folder."""
    mlflow_artifacts: str = ""
    """Where the models' files are kept; empty: `mlflow/artifacts` in the data folder."""
    as_of: datetime | None = None
    """The run's clock; none: now."""
    memory_limit: str = Field(default="4GB", pattern=MEMORY)
    """DuckDB's, while features are read; what is more goes to a folder beside the file."""

    model: str = "blend"
    """What is trained: `blend`, with settings chosen on validation, or a name in `kinds.py`."""
    trials: int = Field(default=1, ge=1, le=8, description="settings of LightFM to try")
    seed: int = Field(default=20_260_101, ge=0, lt=2**32)
    train_every: Cadence = "weekly"
    test_days: int = Field(default=7, ge=1, description="kept from training, to judge by")
    min_listens: int = Field(default=2_000, ge=1, description="below that, nothing is trained")
    min_judges: int = Field(default=30, ge=2, description="users that a verdict needs at least")

    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    baseline_confidence: float = Field(
        default=0.95, ge=0.5, lt=1, description="probability of a gain that replaces a baseline"
    )
    coverage_share: float = Field(default=0.9, ge=0, le=1, description="of the champion's")

    score_on: Literal["here", "spark"] = "here"
    """Where a batch is scored: in this process, or by Spark's executors, a chunk of users each."""
    recommend_k: int = Field(default=50, ge=1, le=500)
    similar_k: int = Field(default=20, ge=1, le=200)
    exclude_days: int = Field(default=30, ge=0, description="heard so lately: not recommended")
    per_artist: int = Field(default=3, ge=1, description="tracks of one artist in a list")

    drift_psi: float = Field(default=0.2, gt=0, description="a feature has moved beyond that")
    drift_cold_share: float = Field(default=0.2, gt=0, le=1)
    drift_fall: float = Field(default=0.2, gt=0, le=1, description="of the personal answers")

    @field_validator("model")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in MODELS:
            raise ValueError(f"there are {', '.join(MODELS)}")
        return name

    @field_validator("mlflow_url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        if url and "://" not in url:
            raise ValueError("an SQLAlchemy URL is as postgresql+psycopg2://user@host/mlflow")
        return url

    @property
    def registry_note(self) -> Path:
        """Where a registry that is not in the data folder is noted, so that there is but one."""
        return self.mlflow_dir / "registry.url"

    @property
    def tracking_url(self) -> str:
        """The database of runs and of the registry."""
        if not self.mlflow_url and self.registry_note.exists():
            return self._present(self.registry_note.read_text().strip())
        return self.mlflow_url or f"sqlite:///{self.mlflow_dir / 'mlflow.db'}"

    def _present(self, noted: str) -> str:
        """Let the address of a server in the data folder be the present one, were it moved since.

        It names the folder of a socket. In a copy that would be the socket of the original's
        server; who runs here says the server's own file.
        """
        address, _, socket = noted.partition("?host=")
        if not _OWN_SOCKET.search(unquote(socket)):
            return noted
        server = self.data_dir / "airflow" / "postgres"
        with suppress(OSError, IndexError):
            lines = (server / "postmaster.pid").read_text().splitlines()
            if server.samefile(lines[1]):
                return f"{address}?host={quote(lines[4], safe='/')}"
        return f"{address}?host={quote(str(server), safe='/')}"

    @property
    def artifacts_url(self) -> str:
        """Where new experiments put their files; empty: where MLflow's own server says."""
        is_served = self.tracking_url.startswith(("http://", "https://"))
        in_data_dir = "" if is_served else f"{DATA_FOLDER}:{ARTIFACTS}"
        return self.mlflow_artifacts or in_data_dir


class SparkSettings(BaseSettings):
    """Where Spark trains, each from `MOOVITAMIX_SPARK_<NAME>`; profiles.yml reads them too."""

    model_config = SettingsConfigDict(
        env_prefix="MOOVITAMIX_SPARK_", frozen=True, env_ignore_empty=True
    )

    master: str = "local[*]"
    memory: str = Field(default="2g", pattern=r"^\d+[kmgtKMGT]b?$")
    driver_host: str = "127.0.0.1"
    partitions: int = Field(default=4, ge=1, description="of a shuffle")

"""Settings of training and recommending, from the environment (`MOOVITAMIX_…`)."""

import re
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from lake.locations import EnvironmentSettings, Locations

# As `ml.models.model_types` has them, which takes seconds to import.
MODELS = (
    "baseline", "popularity", "item-knn", "session-knn", "rp3beta", "ease", "near-ease", "ials",
    "lightfm", "softmax", "blend", "reranked", "als",
)  # fmt: skip
MEMORY = r"^\d+(\.\d+)? ?([KMGTkmgt][iI]?)?[bB]$"
DATA_FOLDER, ARTIFACTS = "data-folder", "/mlflow/artifacts"
"""The scheme of addresses below the data folder, and where models are there (`artifacts.py`)."""
_OWN_SOCKET = re.compile(r"/airflow/postgres$|/moovitamix-pg-[^/]+$")
Cadence = Literal["hourly", "daily", "weekly"]


class MlSettings(Locations):
    """Settings of the models, each from `MOOVITAMIX_<NAME>`; instants are naive UTC."""

    model_config = SettingsConfigDict(extra="ignore")

    mlflow_url: str = ""
    """MLflow's database, an SQLAlchemy URL; empty: SQLite in the data folder."""
    mlflow_artifacts: str = ""
    """Where MLflow keeps the models' files; empty: `mlflow/artifacts` in the data folder."""
    as_of: datetime | None = None
    """Clock of the run, in UTC; empty: the API's clock, else the current time."""
    memory_limit: str = Field(default="4GB", pattern=MEMORY)
    """Memory of DuckDB; what does not fit goes to `tmp` in the data folder."""

    model: str = "blend"
    """Model to train: `blend`, with settings chosen on validation data, or another model type."""
    trials: int = Field(default=1, ge=1, le=8)
    """Number of LightFM's settings to try."""
    budget: float = Field(default=30.0, gt=0)
    """Work of a training, in seconds of two reference cores: computed, so that results repeat."""
    warm_start: bool = False
    """Whether a training keeps the settings of a learned champion, and searches none."""
    seed: int = Field(default=20_260_101, ge=0, lt=2**32)
    """Seed of every random choice in training."""
    train_every: Cadence = "weekly"
    """How often a model is trained: `hourly`, `daily` or `weekly`."""
    test_days: int = Field(default=7, ge=1)
    """Newest days that are kept from training for the evaluation."""
    min_listens: int = Field(default=2_000, ge=1)
    """Fewest listens that a model is trained on."""
    min_judges: int = Field(default=30, ge=2)
    """Fewest test users that an evaluation needs."""

    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Confidence that a challenger is better than a learned champion."""
    baseline_confidence: float = Field(default=0.95, ge=0.5, lt=1)
    """Probability of a gain that replaces a baseline (docs/decisions/0027)."""
    coverage_share: float = Field(default=0.9, ge=0, le=1)
    """Share of the champion's coverage that a challenger needs."""

    experiments: str = ""
    """File of experiments (TOML); empty: `experiments.toml` in the data folder."""
    promotion_waits: bool = False
    """Whether no model is promoted by an evaluation while an experiment runs."""

    score_on: Literal["here", "spark"] = "here"
    """Where users are scored: `here`, in this process, or `spark`, on Spark's executors."""
    recommend_k: int = Field(default=50, ge=1, le=500)
    """Tracks in a user's recommendations."""
    similar_k: int = Field(default=20, ge=1, le=200)
    """Tracks in a track's list of similar tracks."""
    exclude_days: int = Field(default=30, ge=0)
    """Days for which a track that a user heard is not recommended again."""
    per_artist: int = Field(default=3, ge=1)
    """Most tracks of one artist in a list."""
    playlist_tracks: int = Field(default=30, ge=1, le=200)
    """Tracks of a playlist."""

    drift_psi: float = Field(default=0.2, gt=0)
    """Population stability index above which a feature has drifted."""
    drift_cold_share: float = Field(default=0.2, gt=0, le=1)
    """Share of requests for unknown users above which a training is due."""
    drift_fall: float = Field(default=0.2, gt=0, le=1)
    """Fall of the share of personal answers above which a training is due."""

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
    def is_searched(self) -> bool:
        """Whether a training chooses settings on validation, and makes a blend of what it found."""
        return self.model in {"blend", "reranked"}

    @property
    def experiments_file(self) -> Path:
        """The file of experiments; there may be none."""
        return Path(self.experiments) if self.experiments else self.data_dir / "experiments.toml"

    @property
    def registry_file(self) -> Path:
        """The file with the address of a registry outside the data folder."""
        return self.mlflow_dir / "registry.url"

    @property
    def tracking_url(self) -> str:
        """The database of runs and of the registry."""
        if not self.mlflow_url and self.registry_file.exists():
            return self._present(self.registry_file.read_text().strip())
        return self.mlflow_url or f"sqlite:///{self.mlflow_dir / 'mlflow.db'}"

    def _present(self, address: str) -> str:
        """Let the address of a server in the data folder be the present one, were it moved since.

        It names the folder of a socket. In a copy that would be the socket of the original's
        server; who runs here says the server's own file.
        """
        database, _, socket = address.partition("?host=")
        if not _OWN_SOCKET.search(unquote(socket)):
            return address
        server = self.data_dir / "airflow" / "postgres"
        with suppress(OSError, IndexError):
            lines = (server / "postmaster.pid").read_text().splitlines()
            if server.samefile(lines[1]):
                return f"{database}?host={quote(lines[4], safe='/')}"
        return f"{database}?host={quote(str(server), safe='/')}"

    @property
    def artifacts_url(self) -> str:
        """Where new experiments put their files; empty: where MLflow's own server says."""
        is_served = self.tracking_url.startswith(("http://", "https://"))
        in_data_dir = "" if is_served else f"{DATA_FOLDER}:{ARTIFACTS}"
        return self.mlflow_artifacts or in_data_dir


class SparkSettings(EnvironmentSettings):
    """Where Spark trains, each from `MOOVITAMIX_SPARK_<NAME>`; profiles.yml reads them too."""

    model_config = SettingsConfigDict(env_prefix="MOOVITAMIX_SPARK_")

    master: str = "local[*]"
    """Spark master that builds and trains."""
    memory: str = Field(default="2g", pattern=r"^\d+[kmgtKMGT]b?$")
    """Memory of Spark's driver."""
    driver_host: str = "127.0.0.1"
    """Address at which executors reach Spark's driver."""
    partitions: int = Field(default=4, ge=1)
    """Partitions of a shuffle in Spark."""

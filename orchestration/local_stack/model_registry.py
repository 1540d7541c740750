"""The one model registry of a data folder.

Versions are counted by their registry, and the lake refers to them; two registries for one lake
would give one number to two models. So a folder that began with SQLite stays with it, and one
that started here records the address for commands in a shell (`ml/settings.py` reads it).
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Registry:
    """The database of runs and models, and the folder of their files."""

    url: str
    artifacts: str

    def environment(self) -> dict[str, str]:
        """Return what our steps and MLflow's server read."""
        return {
            "MOOVITAMIX_MLFLOW_URL": self.url,
            "MLFLOW_BACKEND_STORE_URI": self.url,
            "MLFLOW_DEFAULT_ARTIFACT_ROOT": self.artifacts,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }


def registry_of(data_dir: Path, ours: str) -> Registry:
    """Return the registry of a data folder; a new one is at `ours`, and recorded."""
    from ml.settings import MlSettings

    settings = MlSettings(data_dir=data_dir)
    began_with_sqlite = (settings.mlflow_dir / "mlflow.db").exists()
    if settings.mlflow_url or began_with_sqlite:
        return Registry(settings.tracking_url, settings.artifacts_url)
    settings.mlflow_dir.mkdir(parents=True, exist_ok=True)
    file = settings.registry_file
    file.touch(mode=0o600)
    file.write_text(ours)
    return Registry(ours, settings.artifacts_url)

"""MLflow's files, named by where they are in the data folder: `data-folder:/mlflow/artifacts`.

MLflow itself names files by absolute paths, so a folder that was moved or copied would be read and
written at its former place. It finds this module by the entry point in pyproject.toml.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from ml.settings import MlSettings

if TYPE_CHECKING:
    from pathlib import Path


class DataFolderRepository(LocalArtifactRepository):
    """The files at an address below the data folder that this process works on."""

    data_dir: Path | None = None
    """None: what the environment says, as for MLflow's own server and for notebooks."""

    def __init__(
        self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
    ) -> None:
        root = self.data_dir or MlSettings().data_dir
        path = root / unquote(urlsplit(artifact_uri).path).lstrip("/")
        super().__init__(path.as_uri(), tracking_uri, registry_uri)

"""Migration of MLflow's absolute artifact addresses to ones relative to the data folder.

They were `file:///former/place/mlflow/artifacts/…`, wrong once the folder was moved or copied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml.settings import ARTIFACTS, DATA_FOLDER

if TYPE_CHECKING:
    from ml.settings import MlSettings

_COLUMNS = {
    "experiments": ("artifact_location",),
    "runs": ("artifact_uri",),
    "logged_models": ("artifact_location",),
    "model_versions": ("source", "storage_location"),
}


def is_absolute(location: str, settings: MlSettings) -> bool:
    """Whether an experiment's files are in a data folder that its location names."""
    is_here = settings.artifacts_url == f"{DATA_FOLDER}:{ARTIFACTS}"
    return is_here and location.startswith("file:") and location.endswith(ARTIFACTS)


def make_relative(settings: MlSettings, former: str) -> None:
    """Replace the artifacts' address `former` in the whole database, in one transaction."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(settings.tracking_url)
    with engine.begin() as database:
        for table, columns in _COLUMNS.items():
            for column in columns:
                database.execute(
                    sqlalchemy.text(
                        f"update {table} set {column} = :now || substr({column}, :rest)"
                        f" where substr({column}, 1, :length) = :former"
                    ),
                    {
                        "now": settings.artifacts_url,
                        "rest": len(former) + 1,
                        "length": len(former),
                        "former": former,
                    },
                )
    engine.dispose()

"""The registry: versions of `moovitamix-recommender` in MLflow and in `ops/models`."""

from __future__ import annotations

import tempfile
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake import batches
from ml.errors import DamagedModel, NoChampion, UnusableModel
from ml.models.baseline import Baseline
from ml.models.bundle import Bundle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mlflow import MlflowClient
    from mlflow.models import ModelSignature

    from ml.settings import MlSettings

NAME = "moovitamix-recommender"
CHAMPION, CHALLENGER = "champion", "challenger"
HERE = Path(__file__).parents[1]
REQUIREMENTS = ["numpy", "scipy", "pandas", "mlflow", "lightgbm", "rectools-lightfm"]


@dataclass(frozen=True, slots=True)
class Version:
    """A registered version, as `ops/models` records it."""

    number: int
    name: str
    model_hash: str
    path: str
    """Its arrays: below the data folder, or empty where only MLflow's artifact store has them."""
    data_as_of: datetime
    cut_off: datetime
    trained_at: datetime

    @property
    def is_baseline(self) -> bool:
        """Whether it is a baseline, which was there first rather than proven better."""
        return self.name == Baseline.name


def log_model(client: MlflowClient, bundle: Bundle) -> dict[str, Any]:
    """Register a bundle within the active run; return its version, name, hash and file."""
    import mlflow

    with tempfile.TemporaryDirectory() as folder, _quietly():
        factors, record = Path(folder) / "factors.npz", Path(folder) / "sha256.txt"
        model_hash = bundle.save(factors)
        record.write_text(model_hash)
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(HERE / "registry" / "pyfunc.py"),
            artifacts={"factors": str(factors), "hash": str(record)},
            code_paths=[str(HERE)],
            signature=_signature(),
            pip_requirements=REQUIREMENTS,
            registered_model_name=NAME,
        )
    number = int(info.registered_model_version)
    client.set_model_version_tag(NAME, str(number), "model_hash", model_hash)
    return {
        "model_version": number,
        "name": bundle.name,
        "model_hash": model_hash,
        "path": arrays_of(client, number),
    }


def register_known(client: MlflowClient, settings: MlSettings) -> int:
    """Register again the versions that `ops/models` knows and a new database does not.

    Else the registry would count from one again, and two models have one number. Returns how many.
    """
    known = versions(settings)
    highest = max((int(one.version) for one in _registered(client)), default=0)
    missing = range(highest + 1, max(known, default=0) + 1)
    if missing and not highest:
        client.create_registered_model(NAME)
    with _quietly():
        for number in missing:
            version = known.get(number)
            client.create_model_version(
                NAME,
                f"{settings.artifacts_url}{_folder_in_artifacts(version)}",
                tags={"model_hash": version.model_hash} if version else {},
            )
    return len(missing)


def _registered(client: MlflowClient) -> list[Any]:
    return list(client.search_model_versions(f"name = '{NAME}'", max_results=10_000))


def _folder_in_artifacts(version: Version | None) -> str:
    """The path of a version below MLflow's artifacts; empty if unknown."""
    path = version.path if version else ""
    return path.removesuffix("/artifacts/factors.npz").removeprefix("mlflow/artifacts")


@contextmanager
def _quietly() -> Iterator[None]:
    """Silence MLflow's messages about the registration and a missing example."""
    import mlflow.types.responses  # noqa: F401 - later, within, it would turn logging on again
    from mlflow.utils.logging_utils import disable_logging, enable_logging

    disable_logging()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*An input example was not provided")
            yield
    finally:
        enable_logging()  # type: ignore[no-untyped-call]


def _signature() -> ModelSignature:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    answer = [("long", "user_id"), ("long", "rank"), ("long", "track_id"), ("double", "score")]
    return ModelSignature(
        inputs=Schema([ColSpec("long", "user_id")]),
        outputs=Schema([ColSpec(kind, name) for kind, name in answer]),
        params=ParamSchema([ParamSpec("k", "long", 10)]),
    )


def arrays_of(client: MlflowClient, number: int) -> str:
    """Return where a version's arrays are on this machine; MLflow fetches them if need be."""
    import mlflow

    source = client.get_model_version(NAME, str(number)).source
    assert source is not None, "a version has a source"
    where = Path(mlflow.artifacts.download_artifacts(source))
    return str(where / "artifacts" / "factors.npz")


def record(settings: MlSettings, row: dict[str, Any]) -> None:
    """Write what a version is to `ops/models`."""
    path = Path(row["path"])
    inside = path.is_relative_to(settings.data_dir)
    kept = str(path.relative_to(settings.data_dir)) if inside else ""
    batches.append(settings.lake_url, "models", [row | {"path": kept}], row["trained_at"].date())


def versions(settings: MlSettings) -> dict[int, Version]:
    """Return all versions by number."""
    rows = sorted(batches.read(settings.lake_url, "models"), key=lambda row: row["trained_at"])
    return {
        row["model_version"]: Version(
            row["model_version"], *(row[one.name] for one in fields(Version)[1:])
        )
        for row in rows
    }


def load(settings: MlSettings, version: Version) -> Bundle:
    """Read a version's arrays; raise `DamagedModel` unless they are what was registered."""
    if version.path:
        path = settings.data_dir / version.path
    else:
        from ml.registry.tracking import tracking_client

        with tracking_client(settings) as client:
            path = Path(arrays_of(client, version.number))
    if not path.exists():
        raise DamagedModel(path, "it is not there")
    return Bundle.load(path, version.model_hash)


def decisions(settings: MlSettings) -> list[dict[str, Any]]:
    """Return all decisions about the champion, oldest first."""
    rows = batches.read(settings.lake_url, "promotions")
    return sorted(rows, key=lambda row: (row["decided_at"], row["model_version"] or 0))


def champion_since(settings: MlSettings) -> datetime | None:
    """Return when the champion was promoted; None without one. A rollback is no promotion."""
    rows = decisions(settings)
    number = rows[-1]["model_version"] if rows else None
    promoted: list[datetime] = [
        row["decided_at"]
        for row in rows
        if row["decision"] == "promoted" and row["model_version"] == number
    ]
    return max(promoted, default=None) if number else None


def champion(settings: MlSettings) -> Version:
    """Return the champion by the newest decision; raise `NoChampion` without one."""
    rows = decisions(settings)
    if not rows or rows[-1]["model_version"] is None:
        raise NoChampion
    known = versions(settings)
    number = rows[-1]["model_version"]
    if number not in known:
        raise UnusableModel(f"ops/models knows nothing of the champion, version {number}")
    return known[number]


def find_champion(settings: MlSettings) -> Version | None:
    """Return the champion, or None where there is none."""
    try:
        return champion(settings)
    except NoChampion:
        return None

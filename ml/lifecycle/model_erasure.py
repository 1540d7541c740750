"""Erasure of a person from all models: registered ones, and what a killed training left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from lake import atomic, batches
from ml.errors import DamagedModel, ModelElsewhere
from ml.models import array_files
from ml.models.bundle import Bundle
from ml.registry import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ml.settings import MlSettings

ARRAYS, HASH, PENDING = "factors.npz", "sha256.txt", "forgetting.json"


def forget(settings: MlSettings, user_id: int) -> int:
    """Rewrite the arrays of all models without a user; return how many had them.

    The rest of a model stays, so its answers to all others do. Its hash on record changes with it:
    beside the arrays, in `ops/models`, in MLflow. A file beside the arrays holds both hashes
    until all three are done: killed in between, the same call goes on.
    """
    sweep(settings)
    changed = 0
    for path in sorted(settings.mlflow_dir.rglob(ARRAYS)):
        _finish(settings, path)
        changed += _erase(settings, path, user_id)
    _require_none_elsewhere(settings, user_id)
    return changed


def sweep(settings: MlSettings) -> None:
    """Remove drafts that a kill left beside models and batches; the writer lock must be held."""
    folders = [settings.mlflow_dir]
    if "://" not in settings.lake_url:
        folders += [Path(settings.lake_url) / "ml", Path(settings.lake_url) / "ops"]
    for folder in folders:
        for draft in folder.rglob(".*.tmp"):
            draft.unlink(missing_ok=True)


def _erase(settings: MlSettings, path: Path, user_id: int) -> bool:
    arrays = array_files.load(path, _hash_beside(path))
    bundle = Bundle.from_arrays(arrays)
    if user_id not in bundle.users:
        return False
    without = bundle.without(user_id)
    hashes = {"was": array_files.digest(arrays), "is": array_files.digest(without.arrays())}
    atomic.replace_file(path.with_name(PENDING), json.dumps(hashes).encode())
    with atomic.draft_of(path) as draft:
        without.save(draft)
    _finish(settings, path)
    return True


def _finish(settings: MlSettings, path: Path) -> None:
    """Bring the new hash of rewritten arrays to each place that records it."""
    file = path.with_name(PENDING)
    if not file.exists():
        return
    hashes = json.loads(file.read_text())
    was, now = hashes["was"], hashes["is"]
    found = array_files.digest(array_files.load(path))
    if found == now:
        atomic.replace_file(path.with_name(HASH), now.encode())
        batches.change_hash(settings.lake_url, was, now)
        _update_mlflow(settings, was, now)
    elif found != was:
        raise DamagedModel(path, f"its hash is {found[:12]}…, neither {was[:12]}… nor {now[:12]}…")
    file.unlink()


def _update_mlflow(settings: MlSettings, was: str, now: str) -> None:
    from ml.registry.tracking import tracking_client

    with tracking_client(settings) as client:
        for version in client.search_model_versions(f"name='{registry.NAME}'"):
            if version.tags.get("model_hash") == was:
                client.set_model_version_tag(registry.NAME, str(version.version), "model_hash", now)


def _hash_beside(path: Path) -> str | None:
    file = path.with_name(HASH)
    return file.read_text().strip() if file.exists() else None


def _require_none_elsewhere(settings: MlSettings, user_id: int) -> None:
    for number, path, where in _elsewhere(settings):
        if user_id in Bundle.from_arrays(array_files.load(path)).users:
            raise ModelElsewhere(number, where)


def _elsewhere(settings: MlSettings) -> Iterator[tuple[int, Path, str]]:
    """Yield versions whose arrays only MLflow's own store has: number, a copy, where they are."""
    numbers = [one.number for one in registry.versions(settings).values() if not one.path]
    if not numbers:
        return
    from ml.registry.tracking import scratch, tracking_client

    with scratch(settings), tracking_client(settings) as client:
        for number in numbers:
            where = client.get_model_version_download_uri(registry.NAME, str(number))
            yield number, Path(registry.arrays_of(client, number)), where

"""Checks of MLflow's SQLite database before MLflow opens it: integrity and schema version.

MLflow's own words for a damaged one are a page of SQLAlchemy; an older one it refuses.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from lake.atomic import draft_of
from ml.errors import TrackingDamaged, TrackingOutdated

if TYPE_CHECKING:
    from ml.settings import MlSettings

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100

_opened: dict[Path, tuple[int, int]] = {}
"""By its path, the device and inode of each database that this process has open."""


def close_replaced(path: Path | None) -> None:
    """Let MLflow open its database again where another file has taken its place.

    MLflow keeps a database open until its process ends. After a restore, or a second data folder at
    the same path, it would go on with a file that is no longer there.
    """
    if path is None or _opened.get(path) in {None, _identity(path)}:
        return
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as RegistryStore
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as TrackingStore
    from mlflow.tracking._model_registry.registry import ModelRegistryStoreRegistry
    from mlflow.tracking._tracking_service.registry import TrackingStoreRegistry

    for store in (RegistryStore, TrackingStore):
        for engine in store._engine_map.values():
            engine.dispose()
        store._engine_map.clear()
    for registry in (ModelRegistryStoreRegistry, TrackingStoreRegistry):
        registry._get_store_with_resolved_uri.cache_clear()
    _opened.clear()


def remember_opened(path: Path | None) -> None:
    """Remember which file MLflow has open now."""
    if path is not None and (file := _identity(path)):
        _opened[path] = file


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def require_sound(settings: MlSettings) -> None:
    """Raise `TrackingDamaged` unless MLflow's database can be read; bring an older one up to date.

    A database that is missing or empty is made again by MLflow. Raises `TrackingOutdated` where
    the schema is none that this MLflow knows.
    """
    is_served = settings.tracking_url.startswith(("http://", "https://"))
    path = None if is_served else file_of(settings.tracking_url)
    if path is not None:
        if path.is_dir():
            raise TrackingDamaged(path, "it is a folder")
        if not path.exists() or not path.stat().st_size:
            return
        path.open("r+b").close()  # not being allowed to write it is no damage
        if why := damage_of(path):
            raise TrackingDamaged(path, why)
    if not is_served:
        _bring_up_to_date(settings.tracking_url, path)


def file_of(url: str) -> Path | None:
    """Return the file of an SQLite URL; None for a database server."""
    from sqlalchemy import make_url

    address = make_url(url)
    is_file = address.get_backend_name() == "sqlite" and address.database
    return Path(str(address.database)) if is_file else None


def damage_of(path: Path) -> str | None:
    """Return why an SQLite file can't be used; None if all of it can be read."""
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    if not head.startswith(_MAGIC):
        return "it is no SQLite database"
    # SQLite takes what is missing of the last page for zeros.
    page_bytes, pages = int.from_bytes(head[16:18]), int.from_bytes(head[28:32])
    if path.stat().st_size < (65_536 if page_bytes == 1 else page_bytes) * pages:
        return "its end is missing"
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=60)) as database:
            (answer,) = database.execute("pragma quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if answer == "ok" else str(answer).splitlines()[-1]


def _bring_up_to_date(url: str, path: Path | None) -> None:
    """Migrate a database of an older MLflow, in a copy that then takes its place."""
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from mlflow.store.db.utils import _get_alembic_config
    from sqlalchemy import create_engine

    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            present = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    scripts = ScriptDirectory.from_config(
        _get_alembic_config(url)  # type: ignore[no-untyped-call]
    )
    if present is None or present == scripts.get_current_head():
        return
    known = {one.revision for one in scripts.walk_revisions()}
    if path is None or present not in known:
        raise TrackingOutdated(url, present, is_older=present in known)
    _migrate(path)
    print(
        f"moovitamix: {path} was of an older MLflow, and is brought up to date",
        file=sys.stderr,
        flush=True,
    )


def _migrate(path: Path) -> None:
    from mlflow.store.db.utils import _upgrade_db
    from sqlalchemy import URL, create_engine

    with draft_of(path) as draft:
        with closing(sqlite3.connect(path)) as given, closing(sqlite3.connect(draft)) as copy:
            given.backup(copy)
        engine = create_engine(URL.create("sqlite", database=str(draft)))
        try:
            _upgrade_db(engine)  # type: ignore[no-untyped-call]
        finally:
            engine.dispose()

"""Hand a sealed build to its readers: copy what is theirs to a new file, rename it into place.

Readers never wait and never see a mix: the file they open is whole before its name points to it,
and whoever has the former one open keeps it. A crash at any instruction leaves either the former
publication or the new one; what it left behind is swept away by the next.
"""

import os
import secrets
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import publication
from orchestration.errors import BuildFileInUse, NotSealed
from orchestration.lock import WriterLock
from orchestration.publication import READER_SCHEMAS, Publication, Seal, quoted
from orchestration.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb


def publish(settings: Settings, lock: WriterLock, run_id: str | None = None) -> Publication:
    """Publish the build file's reader schemas as `marts.duckdb`; raise `NotSealed` unless it is."""
    lock.require_for(settings.data_dir)
    marts, previous = settings.marts_file, settings.previous_marts_file
    _sweep(marts)
    if not settings.build_file.exists():
        raise NotSealed(settings.build_file, "it does not exist")
    draft = marts.with_name(f"marts.duckdb.{secrets.token_hex(4)}.tmp")
    with _attached(settings) as files:
        seal = _seal(files, settings.build_file)
        published = _published_version(marts)
        former = published if published is not None else _published_version(previous)
        version = (former or 0) + 1
        files.execute(f"attach '{quoted(draft)}' as draft")
        tables = publication.write(files, version, run_id, seal)
        files.execute("detach draft")
        _replace(draft, marts, None if published is None else previous)
        files.execute("update made.ledger.loads set is_published = true where not is_published")
    return Publication(version, seal.load_ids, seal.built_at, tables, marts.stat().st_size)


@contextmanager
def _attached(settings: Settings) -> "Iterator[duckdb.DuckDBPyConnection]":
    """Yield a connection that knows the build file as `made`."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": str(settings.data_dir / "tmp")
    }
    with duckdb.connect(config=config) as files:
        try:
            files.execute(f"attach '{quoted(settings.build_file)}' as made")
        except duckdb.IOException as error:
            raise BuildFileInUse(settings.build_file, str(error).splitlines()[0]) from error
        yield files


def _seal(files: "duckdb.DuckDBPyConnection", path: Path) -> Seal:
    import duckdb

    try:
        state = files.sql(
            "select status, invocation_id, model_hash from made.ledger.state"
        ).fetchone()
    except duckdb.CatalogException as error:
        raise NotSealed(path, "it has never been built") from error
    if state is None or state[0] != "sealed":
        raise NotSealed(path, "its last build failed or did not end")
    loads = files.sql(
        "select coalesce(list(load_id order by as_of, load_id), []), max(as_of)"
        " from made.ledger.loads"
    ).fetchone()
    assert loads is not None, "an aggregate has one row"
    _, invocation_id, model_hash = state
    load_ids, built_at = loads
    return Seal(invocation_id, model_hash, load_ids, built_at, _tables(files, path))


def _tables(files: "duckdb.DuckDBPyConnection", path: Path) -> list[tuple[str, str]]:
    """Return the readers' tables that the sealed models made, not what former models left."""
    import duckdb

    try:
        tables = files.execute(
            "select schema_name, table_name from made.ledger.relations"
            " semi join (from duckdb_tables() where database_name = 'made')"
            " using (schema_name, table_name) where schema_name in ? order by all",
            [READER_SCHEMAS],
        ).fetchall()
    except duckdb.CatalogException:
        tables = []
    if not tables:  # sealed before builds noted their tables
        raise NotSealed(path, "it does not say which tables are its own")
    return tables


def _published_version(marts: Path) -> int | None:
    """Return the version of a published file, 0 without one; None when it can't be read."""
    import duckdb

    if not marts.exists():
        return 0
    with suppress(duckdb.Error):
        return _version_in(marts)
    # A reader has it open for writing, as some SQL shells do, or else it is torn.
    copy = marts.with_name(f"marts.duckdb.{secrets.token_hex(4)}.tmp")
    shutil.copyfile(marts, copy)
    try:
        return _version_in(copy)
    except duckdb.Error:
        return None
    finally:
        copy.unlink()


def _version_in(path: Path) -> int:
    import duckdb

    with duckdb.connect(path, read_only=True) as published:
        row = published.sql("select version from publication").fetchone()
    assert row is not None, "a publication has one row"
    return int(row[0])


def _replace(draft: Path, marts: Path, previous: Path | None) -> None:
    """Keep the present publication as `previous`, if it is any good, then put the draft there."""
    _flush(draft)
    if previous and marts.exists():
        link = previous.with_name(f"{previous.name}.{secrets.token_hex(4)}.tmp")
        link.hardlink_to(marts)
        link.replace(previous)
    # What a reader wrote into the former file must not be replayed onto the new one.
    marts.with_name(f"{marts.name}.wal").unlink(missing_ok=True)
    draft.replace(marts)
    _flush(marts.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(marts: Path) -> None:
    """Remove the drafts that a crash left; nobody else makes any while the lock is held."""
    for draft in marts.parent.glob(f"{marts.stem}.*.tmp*"):
        with suppress(FileNotFoundError):
            draft.unlink()

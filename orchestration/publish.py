"""Hand a sealed build to its readers: copy what is theirs to a new file, rename it into place.

Readers never wait and never see a mix: the file they open is whole before its name points to it,
and whoever has the former one open keeps it. A crash at any instruction leaves either the former
publication or the new one; what it left behind is swept away by the next.

Beside it lies `marts_masked.duckdb`, of the same version, without personal data. Both are written
whole before either is renamed, the masked one first: whoever sees the new marts can have both.
"""

import secrets
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import publication
from orchestration.contents import quoted
from orchestration.disk import flush
from orchestration.errors import BuildFileInUse, NotSealed
from orchestration.lock import WriterLock
from orchestration.provenance import files_of, git_commit, manifest_hash
from orchestration.publication import Origin, Part, Publication, Seal
from orchestration.seal import personal_in, seal_in
from orchestration.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb


def publish(settings: Settings, lock: WriterLock, run_id: str | None = None) -> Publication:
    """Publish the build file's reader schemas as `marts.duckdb`; raise `NotSealed` if it is not.

    Of a part whose last build failed, the tables stay as the present publication has them.
    """
    lock.require_for(settings.data_dir)
    marts, previous = settings.marts_file, settings.previous_marts_file
    if not settings.build_file.exists():
        raise NotSealed(settings.build_file, "it does not exist")
    with _drafts(marts) as (draft, masked), _attached(settings) as files:
        made = seal_in(files, settings.build_file)
        with _present(files, marts, previous) as present:
            kept = personal_in(files, settings.build_file)
            seal = replace(made, parts=made.parts + _kept(files, made, kept))
            # A crash between the two renames below leaves the masked file one version ahead.
            former = max(present.version or 0, _version_of(settings.masked_marts_file) or 0)
            origin = Origin(
                former + 1,
                run_id,
                git_commit(),
                manifest_hash(settings),
                files_of(settings, seal.load_ids),
            )
            tables = _write(files, draft, origin, seal, masked=False)
            _write(files, masked, origin, seal, masked=True)
        _replace(masked, settings.masked_marts_file, None)
        _replace(draft, marts, previous if present.is_good else None)
        files.execute("update made.ledger.loads set is_published = true where not is_published")
    return Publication(origin.version, seal.load_ids, seal.built_at, tables, marts.stat().st_size)


@contextmanager
def _drafts(marts: Path) -> "Iterator[tuple[Path, Path]]":
    """Yield where the new files are written; what fails, on a full disk, leaves nothing."""
    _sweep(marts)
    name = f"{marts.name}.{secrets.token_hex(4)}"
    try:
        yield marts.with_name(f"{name}.all.tmp"), marts.with_name(f"{name}.masked.tmp")
    except Exception:
        _sweep(marts)
        raise


def _write(
    files: "duckdb.DuckDBPyConnection", draft: Path, origin: Origin, seal: Seal, *, masked: bool
) -> list[publication.PublishedTable]:
    files.execute(f"attach '{quoted(draft)}' as draft")
    tables = publication.write(files, origin, seal, masked=masked)
    files.execute("detach draft")
    flush(draft)
    return tables


def _version_of(path: Path) -> int | None:
    """Return a publication's version; None if there is none that can be read."""
    import duckdb

    if not path.exists():
        return None
    with suppress(duckdb.Error), duckdb.connect(path, read_only=True) as published:
        return int(published.sql("select version from publication").fetchall()[0][0])
    return None


@contextmanager
def _attached(settings: Settings) -> "Iterator[duckdb.DuckDBPyConnection]":
    """Yield a connection that knows the build file as `made`."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": str(settings.data_dir / "tmp"),
        "memory_limit": settings.memory_limit,
        "preserve_insertion_order": False,
    }
    with duckdb.connect(config=config) as files:
        try:
            files.execute(f"attach '{quoted(settings.build_file)}' as made")
        except duckdb.IOException as error:
            raise BuildFileInUse(settings.build_file, str(error).splitlines()[0]) from error
        yield files


@dataclass(frozen=True, slots=True)
class _Present:
    """The publication that the new one follows: its version, and whether its own file is whole."""

    version: int | None
    is_good: bool


@contextmanager
def _present(
    files: "duckdb.DuckDBPyConnection", marts: Path, previous: Path
) -> "Iterator[_Present]":
    """Attach as `present` the publication; where it is torn, the one before."""
    copy = marts.with_name(f"marts.duckdb.{secrets.token_hex(4)}.tmp")
    try:
        if not marts.exists():
            yield _Present(_version(files, previous), is_good=True)
        elif (version := _version(files, marts)) is not None:
            yield _Present(version, is_good=True)
        else:
            # A reader has it open for writing, as some SQL shells do, or else it is torn.
            shutil.copyfile(marts, copy)
            if (version := _version(files, copy)) is not None:
                yield _Present(version, is_good=True)
            else:
                yield _Present(_version(files, previous), is_good=False)
    finally:
        files.execute("detach database if exists present")
        copy.unlink(missing_ok=True)


def _version(files: "duckdb.DuckDBPyConnection", path: Path) -> int | None:
    """Attach a publication as `present` and return its version; neither if it is none."""
    import duckdb

    if not path.exists():
        return None
    try:
        files.execute(f"attach '{quoted(path)}' as present (read_only)")
        row = files.sql("select version from present.publication").fetchone()
    except duckdb.Error:
        files.execute("detach database if exists present")
        return None
    assert row is not None, "a publication has one row"
    return int(row[0])


def _kept(
    files: "duckdb.DuckDBPyConnection", made: Seal, personal: frozenset[tuple[str, str, str]]
) -> list[Part]:
    """Return the parts without a seal as they were published, less what others made since."""
    sealed = {part.name for part in made.parts}
    taken = {table for part in made.parts for table in part.tables}
    return [
        replace(
            part,
            tables=[table for table in part.tables if table not in taken],
            personal=personal,
        )
        for part in publication.parts_in(files)
        if part.name not in sealed
    ]


def _replace(draft: Path, marts: Path, previous: Path | None) -> None:
    """Keep the present publication as `previous`, if it is any good, then put the draft there."""
    if previous and marts.exists():
        link = previous.with_name(f"{previous.name}.{secrets.token_hex(4)}.tmp")
        link.hardlink_to(marts)
        link.replace(previous)
        link.unlink(missing_ok=True)  # still there where a crash made both the same file already
    # What a reader wrote into the former file must not be replayed onto the new one.
    marts.with_name(f"{marts.name}.wal").unlink(missing_ok=True)
    draft.replace(marts)
    flush(marts.parent)


def _sweep(marts: Path) -> None:
    """Remove the drafts that a crash left; nobody else makes any while the lock is held."""
    for draft in marts.parent.glob(f"{marts.stem}.*.tmp*"):
        with suppress(FileNotFoundError):
            draft.unlink()

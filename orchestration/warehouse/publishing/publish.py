"""Publish a validated build: copy the readers' tables to a new file, then move a link to it.

Readers never wait and never see a mix: the file they open is whole before its name points to it,
and an open reader keeps the former one. A crash at any instruction leaves either the former
publication or the new one; what it left behind is swept away by the next.

Beside it lies `marts_masked.duckdb`, of the same version, without personal data. Both are written
whole before either link is moved, the masked one first: if the new marts are there, so are both.
"""

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lake import publications
from lake.version import git_commit
from orchestration.run.errors import BuildFileInUse, NotValidated
from orchestration.run.lock import WriterLock
from orchestration.run.settings import Settings
from orchestration.warehouse.catalog import quote
from orchestration.warehouse.origin import files_of, manifest_hash
from orchestration.warehouse.publishing import draft_file, publication, published_files
from orchestration.warehouse.publishing.publication import Origin, Part, Publication, ValidatedBuild
from orchestration.warehouse.publishing.validated_build import personal_in, read_validated_build

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

_DRAFT = "draft"
"""The name under which a connection knows the file that is being written."""


def publish(settings: Settings, lock: WriterLock, run_id: str | None = None) -> Publication:
    """Publish the build file's reader schemas as `marts.duckdb`; raise `NotValidated` if it is not.

    Of a part whose last build failed, the tables stay as the present publication has them.

    Args:
        settings: Where the build file and the published files are.
        lock: The writer lock of their data folder.
        run_id: The run that publishes, for readers to look up.

    Returns:
        What was published.

    Raises:
        NotValidated: The marts of the build file are not validated.
        BuildFileInUse: Another program has the build file open.

    """
    lock.require_for(settings.data_dir)
    marts, masked = settings.marts_file, settings.masked_marts_file
    if not settings.build_file.exists():
        raise NotValidated(settings.build_file, "it does not exist")
    with _drafts(marts, masked) as (draft, masked_draft), _attached(settings) as files:
        made = read_validated_build(files, settings.build_file)
        with _present(files, marts) as present:
            kept = personal_in(files, settings.build_file)
            build = replace(made, parts=made.parts + _unchanged_parts(files, made, kept))
            # A crash between the two links below leaves the masked file one version ahead.
            known = published_files.next_number(marts, masked) - 1
            origin = Origin(
                max(present.version or 0, known) + 1,
                run_id,
                git_commit(),
                manifest_hash(settings),
                files_of(settings, build.load_ids),
            )
            tables = _write(files, draft, masked_draft, origin, build)
        is_masked_good = published_files.mend(masked) is None
        new_masked = published_files.finish(masked_draft, origin.version, run_id)
        new_marts = published_files.finish(draft, origin.version, run_id)
        published_files.point(masked, new_masked, keep_present=is_masked_good)
        published_files.point(marts, new_marts, keep_present=present.is_good)
        files.execute("update made.ledger.loads set is_published = true where not is_published")
    for link in (masked, marts):
        published_files.sweep(link)
    size = marts.stat().st_size
    return Publication(
        origin.version, build.load_ids, build.as_of, tables, size, mended=present.fault
    )


@contextmanager
def _drafts(*links: Path) -> "Iterator[tuple[Path, ...]]":
    """Yield where the new files are written; what fails, on a full disk, leaves nothing."""
    for link in links:
        published_files.sweep(link)
    try:
        yield tuple(published_files.new_draft(link) for link in links)
    except Exception:
        for link in links:
            published_files.sweep(link)
        raise


def _write(
    files: "duckdb.DuckDBPyConnection",
    marts: Path,
    masked: Path,
    origin: Origin,
    build: ValidatedBuild,
) -> list[publication.PublishedTable]:
    """Write both files, what they share once; return the tables of the marts."""
    with _draft(files, marts):
        draft_file.write_shared(files, _DRAFT, build)
    shutil.copyfile(marts, masked)
    with _draft(files, masked):
        draft_file.complete(files, _DRAFT, origin, build, masked=True)
    with _draft(files, marts):
        draft_file.complete(files, _DRAFT, origin, build)
        return draft_file.measure(files, _DRAFT, build)


@contextmanager
def _draft(files: "duckdb.DuckDBPyConnection", path: Path) -> "Iterator[None]":
    """Attach a draft."""
    files.execute(f"attach '{quote(path)}' as {_DRAFT}")
    yield
    files.execute(f"detach {_DRAFT}")


@contextmanager
def _attached(settings: Settings) -> "Iterator[duckdb.DuckDBPyConnection]":
    """Yield a connection that knows the build file as `made`."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": str(settings.temporary_dir),
        "memory_limit": settings.memory_limit,
        "preserve_insertion_order": False,
    }
    with duckdb.connect(config=config) as files:
        try:
            files.execute(f"attach '{quote(settings.build_file)}' as made")
        except duckdb.IOException as error:
            raise BuildFileInUse(settings.build_file, str(error).splitlines()[0]) from error
        yield files


@dataclass(frozen=True, slots=True)
class _Present:
    """The publication that the new one follows: its version, and what is wrong with its file."""

    version: int | None
    fault: str | None

    @property
    def is_good(self) -> bool:
        """Whether it may be the publication before."""
        return self.fault is None


@contextmanager
def _present(files: "duckdb.DuckDBPyConnection", marts: Path) -> "Iterator[_Present]":
    """Attach as `present` the publication; where it is not what was published, the one before."""
    fault = published_files.mend(marts)
    copy = published_files.new_draft(marts)
    try:
        version = None if fault else _version(files, Path(os.path.realpath(marts)), copy)
        if not fault and version is None and marts.exists():
            fault = "it can't be read"
        if version is None:
            version = _version(files, _previous(marts), copy)
        yield _Present(version, fault)
    finally:
        files.execute("detach database if exists present")
        shutil.rmtree(copy.parent, ignore_errors=True)


def _previous(marts: Path) -> Path:
    """Return the file of the publication before; one that is not there, unless it is intact."""
    link = published_files.previous_of(marts)
    return Path(os.devnull) if published_files.mend(link) else Path(os.path.realpath(link))


def _version(files: "duckdb.DuckDBPyConnection", path: Path, copy: Path) -> int | None:
    """Attach a publication as `present` and return its version; neither if it is none."""
    import duckdb

    if not path.is_file():
        return None
    if not publications.logs_of(path):
        try:
            return _attach(files, path)
        except duckdb.Error:
            pass  # a reader has it open for writing, as some SQL shells do, or else it is torn
    own = publications.read_manifest(path.parent)
    shutil.copyfile(path, copy)
    if own and publications.fault_of(copy, [own]):
        return None
    try:
        return _attach(files, copy)
    except duckdb.Error:
        return None


def _attach(files: "duckdb.DuckDBPyConnection", path: Path) -> int:
    try:
        files.execute(f"attach '{quote(path)}' as present (read_only)")
        row = files.sql("select version from present.publication").fetchone()
    except BaseException:
        files.execute("detach database if exists present")
        raise
    assert row is not None, "a publication has one row"
    return int(row[0])


def _unchanged_parts(
    files: "duckdb.DuckDBPyConnection",
    made: ValidatedBuild,
    personal: frozenset[tuple[str, str, str]],
) -> list[Part]:
    """Return parts that are not validated as they were published, less what others made since."""
    validated = {part.name for part in made.parts}
    taken = {table for part in made.parts for table in part.tables}
    return [
        replace(
            part,
            tables=[table for table in part.tables if table not in taken],
            personal=personal,
        )
        for part in publication.parts_in(files)
        if part.name not in validated
    ]

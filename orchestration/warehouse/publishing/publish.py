"""Publish a validated build: copy the readers' tables to a new file, then move a link to it.

Readers never wait and never see a mix: the file they open is whole before its name points to it,
and an open reader keeps the former one. A crash at any instruction leaves either the former
publication or the new one; what it left behind is swept away by the next.

Beside it lies `marts_masked.duckdb`, of the same version, without personal data. Both are written
whole before either link is moved, the masked one first: if the new marts are there, so are both.

What was published before as it is now, as the marts are when recommendations follow them, is not
written again: the new files start as copies of the present masked one.
"""

import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lake.version import git_commit
from orchestration.run.errors import BuildFileInUse, NotValidated
from orchestration.run.lock import WriterLock
from orchestration.run.settings import Settings
from orchestration.warehouse.catalog import quote
from orchestration.warehouse.origin import files_of, manifest_hash
from orchestration.warehouse.publishing import (
    draft_file,
    present_files,
    publication,
    published_files,
)
from orchestration.warehouse.publishing.publication import Origin, Part, Publication, ValidatedBuild
from orchestration.warehouse.publishing.validated_build import personal_in, read_validated_build

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb


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
        with present_files.attached(files, marts) as present:
            personal = personal_in(files, settings.build_file)
            build = replace(made, parts=made.parts + _former_parts(files, made, personal))
            # A crash between the two links below leaves the masked file one version ahead.
            known = published_files.next_number(marts, masked) - 1
            origin = Origin(
                max(present.version or 0, known) + 1,
                run_id,
                git_commit(),
                manifest_hash(settings),
                files_of(settings, build.load_ids),
            )
            kept = []
            if present_files.is_of(files, present, masked, origin.manifest_hash):
                kept = present_files.parts_kept(files, made)
            if kept and not present_files.copy_present(masked, draft):
                kept = []
            tables = _write(files, (draft, masked_draft), origin, build, kept)
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
        origin.version,
        build.load_ids,
        build.as_of,
        tables,
        size,
        mended=present.fault,
        kept=tuple(part.name for part in kept),
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
    drafts: tuple[Path, Path],
    origin: Origin,
    build: ValidatedBuild,
    kept: list[Part],
) -> list[publication.PublishedTable]:
    """Write both files, what they share once; return the tables of the marts.

    Where parts are kept, the draft of the marts is a copy of the present masked file, in which
    what both share of those parts stays.
    """
    marts, masked = drafts
    shared = draft_file.tables_of(build.parts, personal=False)
    personal = draft_file.tables_of(build.parts, personal=True)
    staying = [(part, table) for part, table in shared if part in kept]
    with _draft(files, marts):
        if kept:
            draft_file.keep_only(files, [table for _, table in staying])
        else:
            draft_file.create(files)
    with _draft(files, marts):
        draft_file.add(files, [one for one in shared if one not in staying])
    shutil.copyfile(marts, masked)
    for draft in (masked, marts):
        with _draft(files, draft):
            draft_file.add(files, personal, masked=draft is masked)
            draft_file.describe(files, origin, build, masked=draft is masked)
    with _draft(files, marts):
        return draft_file.measure(files, build)


@contextmanager
def _draft(files: "duckdb.DuckDBPyConnection", path: Path) -> "Iterator[None]":
    """Attach a draft and write into it in one transaction; at its end all of it is in the file."""
    files.execute(f"attach '{quote(path)}' as {draft_file.NAME}")
    files.execute(f"use {draft_file.NAME}")
    files.execute("begin")
    yield
    files.execute("commit")
    files.execute("use memory")
    files.execute(f"checkpoint {draft_file.NAME}")
    files.execute(f"detach {draft_file.NAME}")


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


def _former_parts(
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

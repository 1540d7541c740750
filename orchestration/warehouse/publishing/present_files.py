"""The present publication: what the next one follows, and what it may keep of it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lake import publications
from orchestration.warehouse.catalog import quote
from orchestration.warehouse.publishing import published_files
from orchestration.warehouse.publishing.publication import Part, ValidatedBuild, parts_in

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Present:
    """The publication that the new one follows: its version, and what is wrong with its file."""

    version: int | None
    fault: str | None

    @property
    def is_good(self) -> bool:
        """Whether it may be the publication before."""
        return self.fault is None


@contextmanager
def attached(files: "duckdb.DuckDBPyConnection", marts: Path) -> Iterator[Present]:
    """Attach as `present` the publication; where it is not what was published, the one before."""
    fault = published_files.mend(marts)
    copy = published_files.new_draft(marts)
    try:
        version = None if fault else _version(files, Path(os.path.realpath(marts)), copy)
        if not fault and version is None and marts.exists():
            fault = "it can't be read"
        if version is None:
            version = _version(files, _previous(marts), copy)
        yield Present(version, fault)
    finally:
        files.execute("detach database if exists present")
        shutil.rmtree(copy.parent, ignore_errors=True)


def is_of(
    files: "duckdb.DuckDBPyConnection", present: Present, masked: Path, manifest_hash: str | None
) -> bool:
    """Whether both present files are whole, of one version, and of the same dbt project.

    Of another project a column may have been published that is personal data by now: a dropped
    table leaves its bytes in a copy.

    Args:
        files: A connection that has attached `present`.
        present: The publication that is attached.
        masked: The name of the masked file.
        manifest_hash: What stands for the project of the new publication.

    """
    import duckdb

    if not present.is_good or present.version is None or _number(masked) != present.version:
        return False
    try:
        row = files.sql("select manifest_hash from present.publication").fetchone()
    except duckdb.BinderException:  # an earlier version of the project published it
        return False
    return row == (manifest_hash,)


def parts_kept(files: "duckdb.DuckDBPyConnection", build: ValidatedBuild) -> list[Part]:
    """Return the parts of a build that `present` holds already, as they were validated."""
    published = [_identity(part) for part in parts_in(files)]
    return [part for part in build.parts if _identity(part) in published]


def copy_present(link: Path, draft: Path) -> bool:
    """Copy the file under a name; return whether the copy is what was published, else remove it."""
    file = Path(os.path.realpath(link))
    shutil.copyfile(file, draft)
    own = publications.read_manifest(file.parent)
    is_whole = own is not None and publications.fault_of(draft, [own]) is None
    if not is_whole:
        draft.unlink()
    return is_whole


def _identity(part: Part) -> tuple[object, ...]:
    """Return what two parts have in common only if their tables hold the same."""
    tables = frozenset(part.tables)
    return part.name, part.invocation_id, part.model_hash, part.validated_at, tables


def _number(link: Path) -> int | None:
    """Return the version of the file under a name; None where it is not as published."""
    if published_files.mend(link):
        return None
    manifest = publications.read_manifest(Path(os.path.realpath(link)).parent)
    return manifest.number if manifest else None


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

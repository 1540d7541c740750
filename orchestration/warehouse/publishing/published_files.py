"""Installation of published files: each in a new folder, then one link is moved.

All of it needs the writer lock. The links decide which publications stay: the one that
`data/marts.duckdb` names, and the one before it. Everything else in the folder of publications is
what a crash left, or is older, and goes.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lake import atomic, publications
from lake.errors import PublicationDamaged
from lake.publications import Manifest, fault_of, folder_of, inner_link, read_manifest
from orchestration.run.settings import Settings

_DRAFT = ".draft-"
_MARTS = "marts.duckdb"


def links_of(settings: Settings) -> tuple[Path, ...]:
    """Return every name under which something is published."""
    return settings.masked_marts_file, settings.marts_file, settings.monitoring_file


def previous_of(link: Path) -> Path:
    """Return the link to the publication before; readers were promised that of the marts."""
    if link.name == _MARTS:
        return link.with_name("marts.previous.duckdb")
    return folder_of(link) / f"{link.stem}.previous.duckdb"


def new_draft(link: Path) -> Path:
    """Return where to write a file that is to be published under a name."""
    folder = folder_of(link) / f"{_DRAFT}{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    return folder / link.name


def finish(draft: Path, number: int, run_id: str | None) -> Path:
    """Protect a draft from writers, describe it in a manifest, and give its folder its name.

    Args:
        draft: What `new_draft` returned, written.
        number: The version of the publication.
        run_id: The run that publishes.

    Returns:
        Where the finished file is.

    """
    draft.chmod(0o444)
    atomic.flush(draft)
    stamp = publications.stamp_of(draft)
    manifest = Manifest(
        number=number,
        run_id=run_id,
        file=draft.name,
        bytes=draft.stat().st_size,
        sha256=publications.hash_of(draft, stamp),
        stamp=stamp,
    )
    described = publications.write_manifest(manifest, draft.parent)
    described.chmod(0o444)
    atomic.flush(described)
    token = draft.parent.name.removeprefix(_DRAFT)
    folder = draft.parent.with_name(f"{number:06d}-{token}")
    atomic.rename(draft.parent, folder)
    return folder / draft.name


def point(link: Path, file: Path, *, keep_present: bool) -> None:
    """Point a name to a finished file: before the rename it names the former, after it this.

    Args:
        link: The name that readers open.
        file: What `finish` returned.
        keep_present: Whether what the name stands for now is good, and becomes the one before.
    """
    if keep_present and link.is_file():
        if link.is_symlink():
            _move_link(previous_of(link), Path(os.path.realpath(link)))
        elif link.name == _MARTS:  # of the layout before
            _replace_with_same(previous_of(link), link)
    _move_link(link, file)
    _move_link(inner_link(link), file)
    for log in publications.logs_of(link):  # DuckDB before 1.5 keeps it beside the link
        log.unlink()


def sweep(link: Path) -> None:
    """Remove drafts and publications that no link names; make links of copies that were made."""
    for left in link.parent.glob(f"*{link.stem}.*.tmp*"):
        if not left.is_dir():  # a folder is where some reader's DuckDB puts what memory can't hold
            left.unlink(missing_ok=True)
    if not folder_of(link).is_dir():
        return
    links = (link, previous_of(link), inner_link(link))
    for one in links:
        _link_again(one, folder_of(link))
    present = Path(os.path.realpath(link))
    if link.is_symlink() and read_manifest(present.parent):
        _move_link(inner_link(link), present)
    named = {Path(os.path.realpath(one)).parent for one in links if one.is_symlink()}
    _remove_all_but(named, folder_of(link))


def _remove_all_but(named: set[Path], folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink() and path.resolve() not in named:
            shutil.rmtree(path)
        elif path.name.endswith(".tmp"):
            path.unlink()


def mend(link: Path) -> str | None:
    """Remove the logs that sessions left beside what is published; return what is wrong then.

    None is returned where the file is as it was published, and where nothing is.
    """
    fault = fault_under(link)
    if not fault and link.is_symlink():
        for log in publications.logs_of(Path(os.path.realpath(link))):
            log.unlink()
    return fault


def fault_under(link: Path) -> str | None:
    """Return what is wrong with the file that a name points to."""
    try:
        file = publications.find(link)
    except PublicationDamaged as damage:
        return damage.why
    return fault_of(file, publications.manifests_for(link, file)) if file else None


def require_whole(settings: Settings) -> None:
    """Sweep and mend every publication; raise `PublicationDamaged` where that is not enough.

    A publication before the present one that can't be mended goes.
    """
    for link in links_of(settings):
        if mend(previous_of(link)):
            previous_of(link).unlink(missing_ok=True)
        sweep(link)
        if fault := mend(link):
            raise PublicationDamaged(link, fault)


@contextmanager
def rewritten(file: Path) -> Iterator[Path]:
    """Yield a draft that takes the place of a published file under every link that names it."""
    manifest, folder = read_manifest(file.parent), file.parent.parent
    assert manifest is not None, "only what was published is rewritten"
    link = folder.parent.parent / file.name
    draft = new_draft(link)
    try:
        yield draft
        new = finish(draft, manifest.number, manifest.run_id)
    except Exception:
        shutil.rmtree(draft.parent, ignore_errors=True)
        raise
    for one in (link, previous_of(link), inner_link(link)):
        if one.is_symlink() and Path(os.path.realpath(one)) == file.resolve():
            _move_link(one, new)
    shutil.rmtree(file.parent)


def next_number(*links: Path) -> int:
    """Return a number above those of all publications under some names, lost ones included."""
    names = {path.name for link in links for path in folder_of(link).glob("*")}
    names |= {
        Path(os.path.realpath(one)).parent.name
        for link in links
        for one in (link, inner_link(link))
        if one.is_symlink()
    }
    numbers = [name.partition("-")[0] for name in names]
    return max((int(number) for number in numbers if number.isdecimal()), default=0) + 1


def _link_again(link: Path, folder: Path) -> None:
    """Replace a plain file by a link if it is a copy of a publication: `cp -L` makes such."""
    if link.is_symlink() or not link.is_file():
        return
    for path in folder.iterdir():
        own = read_manifest(path)
        if own and fault_of(link, [own]) is None:
            _move_link(link, path / own.file)
            return


def _move_link(link: Path, file: Path) -> None:
    """Point a relative link to a file, by one rename."""
    target = os.path.relpath(os.path.realpath(file), os.path.realpath(link.parent))
    if link.is_symlink() and os.readlink(link) == target:  # noqa: PTH115 - 3.11's differs
        return
    atomic.move_link(link, target)


def _replace_with_same(previous: Path, present: Path) -> None:
    """Add a second name to a plain file."""
    with atomic.draft_of(previous) as draft:
        draft.hardlink_to(present)

"""Files written whole: a draft beside the file reaches the disk (fsync), then takes its name."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


def flush(path: Path) -> None:
    """Wait until a file, or the names in a folder, have reached the disk (fsync)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename(draft: Path, path: Path) -> None:
    """Give a finished draft, a file or a folder, its name: in one instant, and for good."""
    flush(draft)
    draft.replace(path)
    flush(path.parent)


def draft_beside(path: Path) -> Path:
    """Return a new hidden name beside a path; names of drafts end in `.tmp`."""
    return path.with_name(f".{path.name}.{uuid4().hex}.tmp")


@contextmanager
def draft_of(path: Path, mode: int | None = None) -> Iterator[Path]:
    """Yield where to write what then replaces `path`; if writing fails, nothing of it stays.

    With a `mode` the draft is there already, empty, and has these permissions.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = draft_beside(path)
    try:
        if mode is not None:
            os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
        yield draft
        rename(draft, path)
    finally:  # also the log of a database that was written here
        for left in (draft, draft.with_name(f"{draft.name}.wal")):
            left.unlink(missing_ok=True)


def replace_file(path: Path, content: bytes, mode: int | None = None) -> None:
    """Replace a file's content atomically; readers see the old or the new.

    Args:
        path: The file.
        content: Its new bytes.
        mode: Its permissions; None: the default of new files.

    """
    with draft_of(path, mode) as draft:
        draft.write_bytes(content)


def move_link(link: Path, target: Path | str) -> None:
    """Point a symbolic link to `target`, by one rename."""
    draft = draft_beside(link)
    draft.symlink_to(target)
    draft.replace(link)
    flush(link.parent)

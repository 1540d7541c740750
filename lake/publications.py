"""Published files: their place, and the check against their manifest.

`marts.duckdb` in the data folder is a relative link. The file that it names is write-protected, in
a folder that no other publication uses, `publications/marts/000012-1a2b3c4d/`, with a manifest:

    {"number": 12, "run_id": "…", "file": "marts.duckdb", "bytes": …, "sha256": "…", "stamp": […]}

A file without a manifest is one of the layout before: a plain file, with nothing to check it by.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake.errors import NothingPublished, PublicationDamaged, PublicationInUse

if TYPE_CHECKING:
    import duckdb

FOLDER, MANIFEST = "publications", "manifest.json"
_FORMAT = 1
IS_LOCKED = "Could not set lock on file"
"""DuckDB's message where another process has a file open for writing."""

Stamp = tuple[int, int, int]
"""Inode, and nanoseconds of the last write and of the last change: no write keeps all three."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest of a published file."""

    number: int
    run_id: str | None
    file: str
    bytes: int
    sha256: str
    stamp: Stamp
    """Identity of the hashed file: while it is the same, its hash holds."""


def folder_of(link: Path) -> Path:
    """Return the folder of publications of a link's name."""
    return link.parent / FOLDER / link.stem


def inner_link(link: Path) -> Path:
    """Return the link of the same name inside that folder, for those who mount it alone."""
    return folder_of(link) / link.name


def stamp_of(file: Path) -> Stamp:
    """Return what changes with every write of a file, even if its times are set back."""
    found = file.stat()
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def write_manifest(manifest: Manifest, folder: Path) -> Path:
    """Write a manifest into the folder of its publication, and return its path."""
    path = folder / MANIFEST
    path.write_text(json.dumps({"format": _FORMAT, **asdict(manifest)}, indent=1) + "\n")
    return path


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest in a folder; None where there is none that can be read."""
    try:
        content: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        if content.pop("format") != _FORMAT:
            return None
        manifest = Manifest(**{**content, "stamp": tuple(content["stamp"])})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return manifest


def find(link: Path) -> Path | None:
    """Return the file that a published name stands for; None where nothing is published.

    Raises `PublicationDamaged` where the link, or the file that it names, has gone.
    """
    file = Path(os.path.realpath(link))
    if os.path.lexists(link):
        while not file.is_file():
            former, file = file, Path(os.path.realpath(link))
            if file == former:  # else the link has moved meanwhile
                raise PublicationDamaged(link, "the file that it links to is missing")
        return file
    if os.path.lexists(inner_link(link)):
        raise PublicationDamaged(link, "the link is missing")
    return None


def require_intact(link: Path, file: Path) -> None:
    """Raise `PublicationDamaged` unless a file that was found is what was published."""
    if logs := logs_of(file):
        raise PublicationDamaged(link, f"a session left {logs[0].name} beside it")
    if why := fault_of(file, manifests_for(link, file)):
        raise PublicationDamaged(link, why)


def fault_of(file: Path, manifests: list[Manifest] | None) -> str | None:
    """Return what is wrong with the bytes of a file; None: it is as one of its manifests says.

    None for `manifests` stands for the layout before, which had none.
    """
    if manifests is None:
        return None
    if not manifests:
        return f"its {MANIFEST} is missing or can't be read"
    found = file.stat()
    stamp = stamp_of(file)
    sizes = {one.bytes for one in manifests}
    if found.st_size not in sizes:
        return f"it has {found.st_size:,} bytes, not {' or '.join(f'{n:,}' for n in sizes)}"
    if any(stamp == one.stamp for one in manifests):
        return None
    if hash_of(file, stamp) not in {one.sha256 for one in manifests}:
        return "its bytes have changed"
    return None


def logs_of(file: Path) -> list[Path]:
    """Return the write-ahead logs of a file, which the next process to open it replays."""
    return sorted(one for one in file.parent.iterdir() if one.name.startswith(f"{file.name}.wal"))


def connect(link: Path, config: dict[str, Any] | None = None) -> "duckdb.DuckDBPyConnection":
    """Open what is published, read-only, and check it while no other process can write to it.

    Args:
        link: The published name, as `data/marts.duckdb`.
        config: Settings of DuckDB.

    Returns:
        A connection to exactly one publication, whatever is published meanwhile.

    Raises:
        NothingPublished: There is no publication yet.
        PublicationDamaged: It is not what was published.
        PublicationInUse: A session that may write keeps readers out.
    """
    while True:
        file = find(link)
        if file is None:
            raise NothingPublished(link)
        try:
            return _connected(link, file, config or {})
        except Exception:
            if file.exists() or find(link) == file:
                raise
            # Two publications have come since it was found, and it has gone: take the newest.


def _connected(link: Path, file: Path, config: dict[str, Any]) -> "duckdb.DuckDBPyConnection":
    import duckdb

    try:
        opened = duckdb.connect(file, read_only=True, config=config)
    except duckdb.Error as error:
        if IS_LOCKED in str(error):
            raise PublicationInUse(link, str(error).splitlines()[0]) from error
        require_intact(link, file)
        raise
    try:
        # An open reader keeps writers out, so what is checked now is what will be read.
        require_intact(link, file)
    except BaseException:
        opened.close()
        raise
    return opened


def manifests_for(link: Path, file: Path) -> list[Manifest] | None:
    """Return the manifests that a file may match: its own, or of a copy without links, any."""
    if link.is_symlink():
        own = read_manifest(file.parent)
        return [own] if own and own.file == file.name else []
    if not os.path.lexists(inner_link(link)):
        return None
    return [one for path in folder_of(link).iterdir() if (one := read_manifest(path))]


@lru_cache(maxsize=16)
def hash_of(file: Path, _stamp: Stamp) -> str:
    """Hash a file once for each stamp: 0.6 s of CPU a GiB."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()

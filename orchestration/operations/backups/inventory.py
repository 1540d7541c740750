"""The manifest of a backup: every file with its size and hash, and a hash of the manifest."""

import hashlib
import json
import posixpath
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

from lake.atomic import replace_file
from orchestration.operations.backups.errors import BackupDamaged

FILES = "files"
_NAME, _SUM = "manifest.json", "manifest.sha256"
_FORMAT, _WITHOUT_LINKS = 2, 1


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A file of a backup: its size in bytes, and the SHA-256 of its content."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest of a backup: its files, data folder, run and time."""

    run_id: str
    made_at: str
    data_dir: str
    lake_url: str
    """Where the lake is, if not in the data folder and so not in the backup; else empty."""
    files: dict[str, BackupFile]
    """By path below the data folder."""
    links: dict[str, str] = field(default_factory=dict)
    """By path too: the relative path that a link to a published file says."""

    @property
    def bytes(self) -> int:
        """Return the size of all files."""
        return sum(one.bytes for one in self.files.values())


def write(manifest: Manifest, backup: Path) -> None:
    """Write it into a backup, which is whole from the rename on that follows."""
    content = json.dumps({"format": _FORMAT, **asdict(manifest)}, indent=1).encode()
    replace_file(backup / _NAME, content)
    replace_file(backup / _SUM, hashlib.sha256(content).hexdigest().encode())


def read(backup: Path) -> Manifest:
    """Read the manifest of a backup; raise `BackupDamaged` unless it is what was written."""
    try:
        content, checksum = (backup / _NAME).read_bytes(), (backup / _SUM).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BackupDamaged(backup, f"its manifest can't be read ({error})") from error
    if hashlib.sha256(content).hexdigest() != checksum:
        raise BackupDamaged(backup, "its manifest is not what was written")
    stored = json.loads(content)
    if stored.pop("format") not in (_FORMAT, _WITHOUT_LINKS):
        raise BackupDamaged(backup, "a newer version of this project made it")
    files = {path: BackupFile(**kept) for path, kept in stored.pop("files").items()}
    for path in (*files, *_led_to(stored.get("links", {}))):
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise BackupDamaged(backup, f"{path} leads out of it")
    return Manifest(**stored, files=files)


def _led_to(links: dict[str, str]) -> list[str]:
    """Every link, and the path that it leads to."""
    targets = [posixpath.join(posixpath.dirname(link), target) for link, target in links.items()]
    return [*links, *map(posixpath.normpath, targets)]

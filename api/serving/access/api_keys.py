"""API keys: shown once when created, stored as SHA-256 only.

A key is 256 random bits, so that its hash can't be guessed back, slow hash or not; and a fast one
costs a request half a microsecond.
"""

from __future__ import annotations

import fcntl
import json
import re
import secrets
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from api.serving import shared_files
from api.serving.errors import KeyNameTaken, KeyNameWrong, KeysFileBroken, NoSuchKey, TooManyKeys
from lake.atomic import replace_file
from lake.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_KEYS = 1024
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as it is stored: without its secret."""

    name: str
    sha256: str
    added_at: str
    slot: int
    """Its place in the rate limit's file."""


def digest(secret: bytes) -> bytes:
    """The hash of a secret, as it is stored."""
    return sha256(secret).digest()


def read(path: Path) -> list[Key]:
    """Return all keys; none when there is no file. Raises `KeysFileBroken`."""
    try:
        keys = [Key(**key) for key in json.loads(path.read_text(encoding="utf-8"))["keys"]]
        if not all(0 <= key.slot < MOST_KEYS and bytes.fromhex(key.sha256) for key in keys):
            raise ValueError("a slot or a hash is none")
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise KeysFileBroken(path, f"{type(error).__name__}: {error}") from error
    return keys


def add(path: Path, name: str) -> str:
    """Create a key and return it: the only time it is shown."""
    if not _NAME.fullmatch(name):
        raise KeyNameWrong(name)
    secret = f"mvx_{secrets.token_urlsafe(32)}"
    with _changing(path) as keys:
        if any(key.name == name for key in keys):
            raise KeyNameTaken(name)
        taken = {key.slot for key in keys}
        slot = next((slot for slot in range(MOST_KEYS) if slot not in taken), None)
        if slot is None:
            raise TooManyKeys(MOST_KEYS)
        added_at = utc_now().isoformat(timespec="seconds")
        keys.append(Key(name, digest(secret.encode()).hex(), added_at, slot))
    return secret


def remove(path: Path, name: str) -> None:
    """Remove a key: running servers refuse it within a second."""
    with _changing(path) as keys:
        kept = [key for key in keys if key.name != name]
        if len(kept) == len(keys):
            raise NoSuchKey(name)
        keys[:] = kept


@contextmanager
def _changing(path: Path) -> Iterator[list[Key]]:
    """Change the list under a lock; an exception leaves it unchanged."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(".keys.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        keys = read(path)
        yield keys
        content = json.dumps({"keys": [asdict(key) for key in keys]}, indent=2) + "\n"
        replace_file(path, content.encode(), mode=0o600)


class KeyRing:
    """The keys as a worker knows them: by their hash, read again when the file has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: shared_files.FileState | None = None
        self._keys: dict[bytes, Key] = {}
        self.fault: str | None = None
        """The error of a file that can't be read; the keys are then as they were."""
        with suppress(KeysFileBroken):
            self.refresh()

    def refresh(self) -> None:
        """Read the file if it is another; one that can't be read leaves the keys as they are."""
        seen = shared_files.state_of(self._path)
        if seen == self._seen and not self.fault:
            return
        try:
            known = read(self._path)
        except KeysFileBroken:
            self.fault = "the list of API keys can't be read"
            raise
        self._keys = {bytes.fromhex(key.sha256): key for key in known}
        self._seen, self.fault = seen, None

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, secret: bytes) -> Key | None:
        """Return the key with this secret, if there is one."""
        return self._keys.get(digest(secret))

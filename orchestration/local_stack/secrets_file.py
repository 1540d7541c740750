"""Keys and passwords of an installation: random, generated once, readable by the owner only."""

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lake.atomic import replace_file
from orchestration.local_stack.folders import Folders

# Who may do what: Airflow's own roles, from reading to everything.
ROLES = {"admin": "admin", "operator": "op", "viewer": "viewer"}


@dataclass(frozen=True, slots=True)
class Secrets:
    """Secrets shared by components, and passwords of people."""

    keys: dict[str, str]
    passwords: dict[str, str]
    are_new: bool
    """Whether the passwords were made just now, so that they are to be shown."""


def load_or_create(folders: Folders) -> Secrets:
    """Return the installation's secrets; what is missing is made."""
    keys, _ = _with_missing(folders.secrets, KEYS)
    passwords, are_new = _with_missing(folders.passwords, dict.fromkeys(ROLES, a_password))
    return Secrets(keys, passwords, are_new)


def _with_missing(path: Path, makers: dict[str, Callable[[], str]]) -> tuple[dict[str, str], bool]:
    found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = {name: make() for name, make in makers.items() if name not in found}
    if missing:
        found |= missing
        replace_file(path, json.dumps(found).encode(), 0o600)
    path.chmod(0o600)
    return found, bool(missing)


def a_fernet_key() -> str:
    """Return 256 random bits, as Fernet wants them."""
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()


def a_key() -> str:
    """Return 512 random bits: what signs with SHA-512 should have as many."""
    return secrets.token_urlsafe(64)


def a_password() -> str:
    """Return 120 random bits that can be typed."""
    return secrets.token_urlsafe(15)


KEYS = {"jwt_secret": a_key, "secret_key": a_key, "fernet_key": a_fernet_key}

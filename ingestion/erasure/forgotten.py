"""The list of forgotten people, as keyed hashes, so that no later pull loads them again."""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.erasure.person import Person
from ingestion.errors import ForgetKeyLost
from ingestion.settings import IngestionSettings
from lake import log
from lake.atomic import replace_file
from lake.clock import utc_now


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The hashes of forgotten people, and their key."""

    key: bytes = b""
    hashes: frozenset[str] = frozenset()
    _known: dict[object, bool] = field(default_factory=dict)

    def is_one(self, user_id: object) -> bool:
        """Whether an id (or its text) or an e-mail address is that of a forgotten person."""
        if not self.hashes or user_id is None:
            return False
        if user_id not in self._known:
            self._known[user_id] = hash_of(self.key, user_id) in self.hashes
        return self._known[user_id]

    def is_in(self, record: str, field_name: str | None) -> bool:
        """Whether a rejected record, as JSON text, is about a forgotten person."""
        if not self.hashes or field_name is None:
            return False
        fields = json.loads(record)
        if not isinstance(fields, dict):
            return False
        values = [fields.get(field_name), fields.get("email")]
        return any(self.is_one(one) for one in values if isinstance(one, int | str))

    def without(self, records: pa.Table, field_name: str | None) -> pa.Table:
        """Remove the records of forgotten people."""
        if not self.hashes or field_name is None:
            return records
        ids = records[field_name]
        gone = pc.is_in(ids, self._ones_of(ids))
        if "email" in records.column_names and ids.null_count:
            # Without an id only the address identifies a person.
            emails = records["email"]
            theirs = self._ones_of(emails.filter(pc.is_null(ids)))
            gone = pc.or_(gone, pc.and_(pc.is_null(ids), pc.is_in(emails, theirs)))
        return records.filter(pc.invert(gone)) if pc.any(gone).as_py() else records

    def _ones_of(self, values: pa.ChunkedArray) -> pa.Array:
        gone = [one for one in values.unique().to_pylist() if self.is_one(one)]
        return pa.array(gone, values.type)


def people(settings: IngestionSettings) -> Forgotten:
    """Read the list of forgotten people; raises `ForgetKeyLost` if it has another key."""
    rows = log.read(settings.lake_url, "forgotten")
    if not rows:
        return Forgotten()
    key = _key(settings)
    if key is None or any(row["key_id"] != _name_of(key) for row in rows):
        raise ForgetKeyLost(settings.forget_key_file)
    return Forgotten(key, frozenset(row["hash"] for row in rows))


def record(
    settings: IngestionSettings, person: Person, event: str, *, reason: str, run_id: str
) -> None:
    """Record that the erasure of a person has started or finished.

    E-mail addresses are hashed as well: records without an id have nothing else.

    Args:
        settings: Where the lake and the key are.
        person: The person, recorded as hashes.
        event: `begun` or `finished`.
        reason: Why the person is erased.
        run_id: The run that erases.
    """
    people(settings)  # a list in two keys could never be applied
    key = _key(settings) or _new_key(settings.forget_key_file)
    now = utc_now()
    about = {"key_id": _name_of(key), "event": event, "reason": reason, "run_id": run_id, "at": now}
    subjects = [("id", person.user_id), *(("email", one) for one in sorted(person.emails))]
    rows = [{"hash": hash_of(key, one), "kind": kind, **about} for kind, one in subjects]
    log.append(settings.lake_url, "forgotten", rows, now.date(), f"{run_id}.{event}")


def rows(lake_url: str) -> list[dict[str, Any]]:
    """Read the list of forgotten people as rows."""
    return log.read(lake_url, "forgotten")


def take_over(settings: IngestionSettings, known: list[dict[str, Any]], run_id: str) -> None:
    """Add rows of another lake's list, or of the list beside its backups.

    Args:
        settings: Where the lake and the key are.
        known: The rows of that list.
        run_id: The run that adds them.
    """
    log.append(settings.lake_url, "forgotten", known, utc_now().date(), f"{run_id}.taken-over")
    people(settings)


def unfinished(lake_url: str) -> int:
    """Count the erasures that started and did not finish."""
    events: dict[str, set[str]] = {}
    for row in log.read(lake_url, "forgotten"):
        if row["kind"] == "id":
            events.setdefault(row["hash"], set()).add(row["event"])
    return sum("finished" not in seen for seen in events.values())


def hash_of(key: bytes, subject: object) -> str:
    """Hash an id or an e-mail address; without the key it can't be found by trying."""
    return hmac.digest(key, str(subject).lower().encode(), "sha256").hex()


def _name_of(key: bytes) -> str:
    return hashlib.sha256(b"moovitamix forget key " + key).hexdigest()[:16]


def _key(settings: IngestionSettings) -> bytes | None:
    if settings.forget_key is not None:
        return settings.forget_key.get_secret_value().encode()
    try:
        return settings.forget_key_file.read_bytes()
    except FileNotFoundError:
        return None


def _new_key(path: Path) -> bytes:
    """Create the key, readable only by its owner; it is on the disk before it is used."""
    key = secrets.token_hex(32).encode()
    replace_file(path, key, 0o600)
    return key

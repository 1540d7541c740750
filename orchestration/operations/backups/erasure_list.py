"""The erasure list beside backups, by which a restore erases forgotten people again.

A backup is never changed. The newest list of keyed hashes, with its key, is stored beside the
backups; a restore takes it over and erases the people whom the backup still holds.
"""

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.operations.backups.errors import ListDamaged
from orchestration.operations.backups.place import backups_in, default_place
from orchestration.run.lock import WriterLock
from orchestration.run.settings import Settings

LIST, KEY = "forgotten.json", "forget.key"


def places(settings: Settings) -> list[Path]:
    """Return the known places of this data folder's backups, present and past."""
    from lake import log

    known = {Path(row["path"]).parent for row in log.read(settings.lake_url, "backups")}
    usual = settings.backup_dir or default_place(settings.data_dir)
    return sorted(known | ({usual} if usual.is_dir() else set()))


def holding(settings: Settings) -> list[str]:
    """Return the backups that may hold a person forgotten now: all earlier ones.

    One that can't be seen, because its disk is not there, is among them unless it was removed.
    """
    from lake import log

    there = {str(path) for place in places(settings) for path in backups_in(place)}
    rows = log.read(settings.lake_url, "backups")
    removed = {row["path"] for row in rows if row.get("event") == "removed"}
    made = {row["path"] for row in rows} - removed
    unseen = {path for path in made if not Path(path).parent.is_dir()}
    return sorted(there | unseen)


def keep_beside_all(settings: Settings) -> list[Path]:
    """Bring the list of the forgotten to all backups; return the places that can't be reached."""
    unreached = []
    for place in places(settings):
        try:
            if not place.is_dir():
                raise NotADirectoryError(place)
            keep_beside(settings, place)
        except OSError:
            unreached.append(place)
    return unreached


def keep_beside(settings: Settings, place: Path) -> None:
    """Store the list of forgotten people and its key beside the backups of a place."""
    from ingestion.erasure import forgotten
    from lake.atomic import replace_file

    rows = forgotten.rows(settings.lake_url)
    known = {_identity(row) for row in rows}
    rows += [row for row in beside(place) if _identity(row) not in known]
    if not rows:
        return
    key = settings.data_dir / KEY
    if key.exists():
        replace_file(place / KEY, key.read_bytes(), 0o600)
    stored = [{**row, "at": row["at"].isoformat()} for row in rows]
    replace_file(place / LIST, json.dumps(stored, indent=1).encode(), 0o600)


def beside(place: Path) -> list[dict[str, Any]]:
    """Return who was forgotten by what is kept beside the backups of a place."""
    try:
        stored = json.loads((place / LIST).read_bytes())
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise ListDamaged(place / LIST) from error
    return [{**row, "at": datetime.fromisoformat(row["at"])} for row in stored]


def take_over(
    restored: Settings, lock: WriterLock, known: list[dict[str, Any]], keys: list[Path], run_id: str
) -> int:
    """Put into a restored folder who was forgotten since, and erase them; return how many.

    Args:
        restored: The settings of the restored folder.
        lock: The writer lock of the data folder.
        known: Rows of the erasure list.
        keys: Copies of the key of its hashes.
        run_id: The run that asks, for the rows of `ops/`.

    """
    from ingestion import lake_erasure
    from ingestion.erasure import forgotten
    from ingestion.settings import IngestionSettings
    from orchestration.operations.erasure import databases, everywhere
    from orchestration.operations.erasure.erase import erase

    given = IngestionSettings(data_dir=restored.data_dir, lake_url=restored.lake_url)
    own = {_identity(row) for row in forgotten.rows(restored.lake_url)}
    new = {_identity(row): row for row in known if _identity(row) not in own}
    if new:
        _take_key(restored.data_dir / KEY, keys)
        forgotten.take_over(given, list(new.values()), run_id)
    people = forgotten.people(given)
    if not people.hashes:
        return 0
    ids = lake_erasure.ids(given) | databases.ids(restored) | everywhere.ids_in_inbox(restored)
    found = sorted(one for one in ids if people.is_one(one))
    for user_id in found:
        erase(restored, lock, user_id, "forgotten after the backup was made", run_id)
    return len(found)


def _take_key(own: Path, keys: list[Path]) -> None:
    for key in keys:
        if not own.exists() and key.exists():
            shutil.copy2(key, own)


def _identity(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["hash"], row["event"], row["run_id"]

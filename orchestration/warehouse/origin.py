"""The origin of a publication: the project's manifest, and the files of each load."""

import hashlib
import json
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from lake.publications import Stamp, stamp_of
from orchestration.run.settings import Settings

# What a manifest says of the project; the rest is of the run, or of the machine.
KINDS = ("nodes", "sources", "macros", "exposures", "metrics", "semantic_models", "unit_tests")
LASTING = ("checksum", "raw_code", "macro_sql", "config", "columns", "description", "depends_on")

LoadFile = tuple[str, str, str, datetime, str, date, str]
"""Of a file of a load: load id, run id, kind, as of, table, load date, path below the lake."""


def manifest_hash(settings: Settings) -> str | None:
    """Return a hash over all that dbt's manifest says of the project; None without one.

    Instants, paths and the invocation are left out, so that the same project has the same hash.
    """
    path = settings.dbt_dir / "target" / "manifest.json"
    try:
        return _hash_of(path, stamp_of(path))
    except (FileNotFoundError, ValueError):  # a full disk leaves half of what dbt writes
        return None


@lru_cache(maxsize=4)
def _hash_of(path: Path, _stamp: Stamp) -> str:
    """Hash a manifest once for each time that it is written: a day publishes twice."""
    manifest: dict[str, Any] = json.loads(path.read_bytes())
    lasting = {
        name: {key: node[key] for key in LASTING if key in node}
        for kind in KINDS
        for name, node in manifest.get(kind, {}).items()
    }
    return hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()


def files_of(settings: Settings, load_ids: Iterable[str]) -> list[LoadFile]:
    """Return the files that hold the records of some loads, as the lake has them now."""
    from lake import loads

    wanted = set(load_ids)
    known = {one.load_id: one for one in loads.validation_results(settings.lake_url)}
    return [
        (load, known[load].run_id, known[load].kind, known[load].as_of, table, day, path)
        for load, table, day, path in loads.files_of_loads(settings.lake_url)
        if load in wanted and load in known
    ]

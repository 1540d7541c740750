"""Unit tests prove the code on rows of their own: they run when it has changed, not day by day.

What they passed on is kept with what dbt remembers, in `data/dbt/unit_tests/<part>.json`.
"""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.dbt import project
from orchestration.graph import digest
from orchestration.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbt.artifacts.schemas.run import RunResult

ENGINE = ("dbt-core", "dbt-duckdb", "duckdb")


def passed(settings: Settings, part: str) -> list[str]:
    """Return the unit tests of a part that passed on the code and the engine as they stand."""
    path = _path(settings, part)
    proof = json.loads(path.read_text()) if path.exists() else {}
    return list(proof["passed"]) if proof.get("code") == _code() else []


def note(settings: Settings, part: str, results: "Iterable[RunResult]") -> None:
    """Keep which unit tests passed, after a build of the part without any failure."""
    names = [one.node.unique_id for one in results if str(one.node.resource_type) == "unit_test"]
    if not names:  # the build left them out
        return
    path = _path(settings, part)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps({"code": _code(), "passed": sorted(names)}))
    draft.replace(path)


def _code() -> str:
    engine = [f"{name} {version(name)}" for name in ENGINE]
    return hashlib.sha256(" ".join([digest(project()), *engine]).encode()).hexdigest()


def _path(settings: Settings, part: str) -> Path:
    return settings.dbt_dir / "unit_tests" / f"{part}.json"

"""Proofs of passed dbt unit tests: these run again only when the code has changed.

What they passed on is kept with what dbt remembers, in `data/dbt/unit_tests/<part>.json`.
"""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from lake.atomic import replace_file
from orchestration.run.settings import Settings
from orchestration.warehouse.dbt_commands.project import digest, project

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbt.artifacts.schemas.run import RunResult

DUCKDB = ("dbt-core", "dbt-duckdb", "duckdb")
SPARK = ("dbt-core", "dbt-spark", "pyspark")


def passed_tests(settings: Settings, part: str, engine: tuple[str, ...] = DUCKDB) -> list[str]:
    """Return the unit tests of a part that passed on the present code and engine.

    Args:
        settings: Where dbt's artifacts are.
        part: The part that is built.
        engine: The packages whose versions count.

    Returns:
        Their ids; none if the code or the engine has changed since.

    """
    try:
        proof = json.loads(_path(settings, part, engine).read_text())
        return list(proof["passed"]) if proof["code"] == _code(engine) else []
    except (FileNotFoundError, ValueError, LookupError, TypeError):  # none, or it is damaged
        return []


def record_passed(
    settings: Settings,
    part: str,
    results: "Iterable[RunResult]",
    engine: tuple[str, ...] = DUCKDB,
) -> None:
    """Record which unit tests passed, after a build of the part without any failure.

    Args:
        settings: Where dbt's artifacts are.
        part: The part that was built.
        results: What dbt ran; without unit tests in it, nothing changes.
        engine: The packages whose versions the proof holds for.

    """
    names = [one.node.unique_id for one in results if str(one.node.resource_type) == "unit_test"]
    if not names:  # the build left them out
        return
    proof = {"code": _code(engine), "passed": sorted(names)}
    replace_file(_path(settings, part, engine), json.dumps(proof).encode())


def _code(engine: tuple[str, ...]) -> str:
    versions = [f"{name} {version(name)}" for name in engine]
    return hashlib.sha256(" ".join([digest(project()), *versions]).encode()).hexdigest()


def _path(settings: Settings, part: str, engine: tuple[str, ...]) -> Path:
    name = part if engine == DUCKDB else f"{part}.{engine[-1]}"
    return settings.dbt_dir / "unit_tests" / f"{name}.json"

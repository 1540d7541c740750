"""The dbt project: its folder, a digest of its files, and what dbt made of parsing them."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake.publications import Stamp, stamp_of
from orchestration.run.settings import ROOT

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

MADE_FROM = ("dbt_project.yml", "selectors.yml", "models/**/*", "macros/**/*", "tests/**/*")
NO_FILES = ("--no-write-json",)
_KEPT_MANIFESTS = 4

_parsed: dict[tuple[str, ...], "Manifest"] = {}
_written: dict[Path, Stamp | None] = {}
"""Manifests as this process wrote them: another one that was killed may have left half of one."""


def project() -> Path:
    """Return the folder of the dbt project."""
    return ROOT / "dbt_project"


def digest(folder: Path) -> str:
    """Return a hash of every file of a project that dbt parses."""
    files = sorted({path for pattern in MADE_FROM for path in folder.glob(pattern)})
    summed = hashlib.sha256()
    for path in files:
        if path.is_file():
            summed.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return summed.hexdigest()


def parsed(manifest: Path | None, arguments: list[str]) -> "Manifest":
    """Parse the project, or return it as this process parsed it before.

    A day has six dbt commands. Each would read what the one before parsed (0.6 s of CPU) and, where
    a variable of the environment changed, parse again (4 s).

    Args:
        manifest: The file in the target folder to which dbt writes the manifest; None: it writes
            none, which takes it 0.3 s.
        arguments: dbt's global arguments, target and target folder among them.

    Returns:
        dbt's manifest of the present files, shared by all callers.

    Raises:
        BaseException: Whatever dbt raised as it parsed.

    """
    from dbt.cli.main import dbtRunner

    from orchestration.warehouse.dbt_commands.spared_work import spare_work

    spare_work()
    key = (*arguments, digest(project()))
    if key not in _parsed or (manifest and _written.get(manifest) != _stamp_of(manifest)):
        answer: Any = dbtRunner().invoke(["parse", *arguments, *([] if manifest else NO_FILES)])
        if answer.exception is not None:
            raise answer.exception
        _parsed[key] = answer.result
        if manifest:
            _written[manifest] = _stamp_of(manifest)
        for old in list(_parsed)[:-_KEPT_MANIFESTS]:
            del _parsed[old]
    return _parsed[key]


def _stamp_of(manifest: Path) -> Stamp | None:
    return stamp_of(manifest) if manifest.exists() else None

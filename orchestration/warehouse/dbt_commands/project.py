"""The dbt project: its folder, a digest of its files, and what dbt made of parsing them."""

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake.atomic import replace_file
from lake.publications import stamp_of
from orchestration.run.settings import ROOT

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

MADE_FROM = ("dbt_project.yml", "selectors.yml", "models/**/*", "macros/**/*", "tests/**/*")
NO_FILES = ("--no-write-json",)
_KEPT_MANIFESTS = 4

_parsed: dict[tuple[str, ...], "Manifest"] = {}


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


def parsed(which: Sequence[str], into: Sequence[str], manifest: Path | None) -> "Manifest":
    """Parse the project, or return it as this process parsed it before.

    A day has six dbt commands. Each would read what the one before parsed (0.6 s of CPU) and, where
    a variable of the environment changed, parse again (4 s). Where dbt writes changes no manifest.

    Args:
        which: dbt's arguments that say what is parsed: project, profiles, target.
        into: Those that say where dbt writes.
        manifest: The file there that others read; it is written (0.3 s), unless the one that is
            there is of the present files. None: nobody reads it.

    Returns:
        dbt's manifest of the present files, shared by all callers.

    Raises:
        BaseException: Whatever dbt raised as it parsed.

    """
    from dbt.cli.main import dbtRunner

    from orchestration.warehouse.dbt_commands.spared_work import spare_work

    spare_work()
    key = (*which, version("dbt-core"), digest(project()))
    if key not in _parsed:
        answer: Any = dbtRunner().invoke(["parse", *which, *into, *NO_FILES])
        if answer.exception is not None:
            raise answer.exception
        _parsed[key] = answer.result
        for old in list(_parsed)[:-_KEPT_MANIFESTS]:
            del _parsed[old]
    if manifest and not _is_of(manifest, key):
        manifest.parent.mkdir(parents=True, exist_ok=True)
        _parsed[key].write(str(manifest))  # type: ignore[no-untyped-call]
        replace_file(_note_of(manifest), _note(manifest, key))
    return _parsed[key]


def _is_of(manifest: Path, key: tuple[str, ...]) -> bool:
    """Whether a manifest is whole and of this project: another process may have left half of one.

    The note beside it says what it was written for, and when.
    """
    try:
        return _note_of(manifest).read_bytes() == _note(manifest, key)
    except FileNotFoundError:
        return False


def _note(manifest: Path, key: tuple[str, ...]) -> bytes:
    return json.dumps([*key, *stamp_of(manifest)]).encode()


def _note_of(manifest: Path) -> Path:
    return manifest.with_suffix(".written")

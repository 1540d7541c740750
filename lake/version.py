"""Versions of the running code and of the data folder's format (its stamp)."""

from __future__ import annotations

import json
import subprocess
from importlib.metadata import version
from pathlib import Path

from lake.atomic import replace_file
from lake.errors import FormatNewer, FormatUnknown

ROOT = Path(__file__).resolve().parents[1]
NOTE = ROOT / "COMMIT"
"""Written where the code is without its repository: in an image."""
STAMP = "format.json"
FORMAT = 2
"""The format that this version reads and writes. Format 1, of version 0.1, had no stamp."""
_RENAMED_IN_2 = {"set_aside": "quarantined_records"}


def stamp_format(data_dir: Path, lake_url: str) -> str | None:
    """Upgrade a data folder of an older format, and stamp it; the writer lock must be held.

    The stamp comes last, and each change before it can be made again: an upgrade that was killed is
    finished by the next run, and until then no command works on half of it.

    Args:
        data_dir: The data folder.
        lake_url: Its lake, in the folder or elsewhere.

    Returns:
        What was upgraded, in a sentence; None where nothing was to do.

    Raises:
        FormatNewer: A newer version of the project wrote the folder.
        FormatUnknown: The stamp can't be read.

    """
    found = _format_of(data_dir)
    if found == FORMAT:
        return None
    is_older = (data_dir / "marts.duckdb").exists()
    _rename_tables(lake_url, _RENAMED_IN_2)
    stamp = {"format": FORMAT, "written_by": project_version()}
    replace_file(data_dir / STAMP, json.dumps(stamp).encode())
    return f"{data_dir} is upgraded from format {found} to {FORMAT}" if is_older else None


def project_version() -> str:
    """Return the version of the project that runs."""
    return version("moovitamix-analytics")


def _format_of(data_dir: Path) -> int:
    path = data_dir / STAMP
    try:
        stamp = json.loads(path.read_bytes())
        found, writer = int(stamp["format"]), str(stamp["written_by"])
    except FileNotFoundError:
        return 1
    except (ValueError, LookupError, TypeError) as error:
        raise FormatUnknown(path) from error
    if found > FORMAT:
        raise FormatNewer(data_dir, found, writer, FORMAT, project_version())
    return found


def _rename_tables(lake_url: str, names: dict[str, str]) -> None:
    import fsspec

    from lake import files  # pyarrow, which not every command needs

    storage, root = fsspec.core.url_to_fs(lake_url)
    for former, name in names.items():
        for folder in files.folders(storage, f"{root}/ops/{former}", "day"):
            target = f"{root}/ops/{name}/{files.name_of(folder)}"
            storage.makedirs(target, exist_ok=True)
            for path in files.list_files(storage, folder):
                storage.mv(path, f"{target}/{files.name_of(path)}")
        if storage.exists(f"{root}/ops/{former}"):
            storage.rm(f"{root}/ops/{former}", recursive=True)


def git_commit() -> str | None:
    """Return the commit of the project's own repository, `-dirty` with changes; None outside."""
    if _git("rev-parse", "--show-toplevel") != str(ROOT):
        return (NOTE.exists() and NOTE.read_text().strip()) or None
    commit = _git("rev-parse", "HEAD")
    return commit and commit + ("-dirty" if _git("status", "--porcelain", "-uno") else "")


def _git(*words: str) -> str | None:
    try:
        answer = subprocess.run(  # noqa: S603 - our own words
            ["git", "-C", str(ROOT), *words],  # noqa: S607 - the PATH's git
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()

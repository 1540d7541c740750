"""The commit of the code that runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTE = ROOT / "COMMIT"
"""Written where the code is without its repository: in an image."""


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

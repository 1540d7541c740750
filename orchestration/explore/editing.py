"""Open a copy of the notebooks for editing."""

import os
import shutil
import sys
from pathlib import Path

from orchestration.explore.notebook_pages import FOLDER
from orchestration.run.settings import Settings
from orchestration.run.stack_settings import ExploreSettings


def edit(settings: ExploreSettings, *, opens_browser: bool = True) -> None:
    """Become marimo's editor on a copy of the notebooks; it ends with Ctrl-C.

    Args:
        settings: Where to listen.
        opens_browser: Whether a browser is opened there.
    """
    folder = copied(Settings().data_dir / "notebooks")
    words = ["edit", str(folder), f"--host={settings.host}", f"--port={settings.port}"]
    words += ["--skip-update-check", *([] if opens_browser else ["--headless"])]
    os.chdir(folder)
    os.execv(sys.executable, [sys.executable, "-m", "marimo", *words])  # noqa: S606 - our own words


def copied(folder: Path) -> Path:
    """Copy the notebooks that are not in a folder yet; what a person changed there stays."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(FOLDER.glob("*")):
        if file.suffix in {".py", ".css"} and not (folder / file.name).exists():
            shutil.copyfile(file, folder / file.name)
    return folder

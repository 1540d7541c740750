"""A data folder for one test after another."""

import shutil
from pathlib import Path


def emptied(data_dir: Path) -> Path:
    """Leave of a data folder only what dbt remembers of parsing the project."""
    for path in data_dir.iterdir() if data_dir.exists() else ():
        if path.name != "dbt":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    data_dir.mkdir(exist_ok=True)
    return data_dir

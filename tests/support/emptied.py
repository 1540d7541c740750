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


def refilled(data_dir: Path, kept: Path) -> None:
    """Copy a kept data folder into one, but for what dbt remembers there of parsing the project."""
    parsed = data_dir / "dbt" / "target"
    left = kept / "dbt" if parsed.exists() else None

    def ignore(folder: str, names: list[str]) -> set[str]:
        return {"target"}.intersection(names) if Path(folder) == left else set()

    shutil.copytree(kept, data_dir, dirs_exist_ok=True, ignore=ignore)


def with_proofs(data_dir: Path, data_home: Path) -> Path:
    """Return a new data folder, with what dbt's unit tests proved in another one."""
    proofs = Path("dbt", "unit_tests")
    if (data_home / proofs).exists():
        shutil.copytree(data_home / proofs, data_dir / proofs)
    return data_dir

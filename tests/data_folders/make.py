"""Make a small data folder with the code of an earlier version, to be upgraded in a test.

    python tests/data_folders/make.py CHECKOUT FOLDER

CHECKOUT has that version and its environment in `.venv`. What a run makes again from the rest is
left out, and databases are copied into small pages: a folder must stay below 1 MB.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import duckdb

DAYS = ("2026-01-29T06:00:00", "2026-01-30T06:00:00")
# So small a world is not evaluated with any confidence: let the first model be promoted.
WORLD = {
    "MOOVITAMIX_SOURCE_USERS": "20",
    "MOOVITAMIX_SOURCE_TRACKS": "50",
    "MOOVITAMIX_SOURCE_DAYS": "30",
    "MOOVITAMIX_SOURCE_SEED": "7",
    "MOOVITAMIX_SOURCE_LAUNCHED_ON": "2026-01-01",
    "MOOVITAMIX_MODEL": "popularity",
    "MOOVITAMIX_MIN_LISTENS": "20",
    "MOOVITAMIX_MIN_JUDGES": "2",
    "MOOVITAMIX_TEST_DAYS": "5",
    "MOOVITAMIX_CONFIDENCE": "0.51",
    "MOOVITAMIX_COVERAGE_SHARE": "0",
}
PLACE = "/srv/moovitamix/data"
"""Stands for where the folder was made; a test puts the place of its copy instead."""
PROMISED = ("dim_tracks", "dim_users", "fact_listen_history")


def main(checkout: Path, folder: Path) -> None:
    """Live some days with the earlier code, and keep what a later version needs of them."""
    with tempfile.TemporaryDirectory() as home:
        data = Path(home) / "data"
        for day in DAYS:
            settings = WORLD | {"MOOVITAMIX_DATA_DIR": str(data), "MOOVITAMIX_AS_OF": day}
            command = [str(checkout / ".venv" / "bin" / "moovitamix"), "run"]
            subprocess.run(command, cwd=checkout, env=os.environ | settings, check=True)
        strip(data, folder)
        move(folder, str(data), PLACE)
        move(folder, str(checkout), "/srv/moovitamix")


def strip(data: Path, folder: Path) -> None:
    """Copy of a data folder the lake, the models, the record of the world, and the marts."""
    shutil.copytree(data / "lake", folder / "lake")
    shutil.copytree(
        data / "mlflow",
        folder / "mlflow",
        ignore=shutil.ignore_patterns("*.db", "*.png", "*.py", "*.lock", "code"),
    )
    (folder / "source").mkdir()
    shutil.copy2(data / "source" / "world.json", folder / "source")
    copy_sqlite(data / "mlflow" / "mlflow.db", folder / "mlflow" / "mlflow.db")
    copy_duckdb(data / "marts.duckdb", folder / "marts.duckdb")


def move(folder: Path, former: str, place: str) -> None:
    """Let what names the place of a data folder, MLflow's records alone, name another."""
    for described in (folder / "mlflow").rglob("MLmodel"):
        described.write_text(described.read_text().replace(former, place))
    with closing(sqlite3.connect(folder / "mlflow" / "mlflow.db")) as records, records:
        tables = records.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (table,) in tables:
            for _, column, kind, *_ in records.execute(f"pragma table_info('{table}')").fetchall():
                if kind.startswith(("VARCHAR", "TEXT")):
                    records.execute(
                        f'update "{table}" set "{column}" = replace("{column}", ?, ?)'
                        f' where instr("{column}", ?)',
                        (former, place, former),
                    )


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy an SQLite database into pages of 1 KB."""
    shutil.copy2(source, target)
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        copy.execute("pragma journal_mode = delete")
        copy.execute("pragma page_size = 1024")
        copy.execute("vacuum")


def copy_duckdb(source: Path, target: Path) -> None:
    """Copy the promised tables of a DuckDB file into blocks of 16 KB."""
    with duckdb.connect() as copying:
        copying.execute(f"attach '{source}' as data (read_only)")
        copying.execute(f"attach '{target}' as copy (block_size 16384)")
        for table in PROMISED:
            copying.execute(f"create table copy.{table} as from data.{table}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))

"""A data folder that is put back under another path: MLflow's database names files by theirs."""

import sqlite3
from contextlib import closing
from pathlib import Path

from orchestration.backups.copying import is_sqlite


def tell_mlflow(folder: Path, former: Path, data_dir: Path) -> None:
    """Let MLflow's database in `folder` say `data_dir` wherever it says `former`."""
    database = folder / "mlflow" / "mlflow.db"
    if former == data_dir or not database.exists() or not is_sqlite(database):
        return
    with closing(sqlite3.connect(database)) as told, told:
        for table, column in _texts(told):
            told.execute(
                f'update "{table}" set "{column}" = replace("{column}", ?, ?)'
                f' where instr("{column}", ?)',
                (f"{former}/", f"{data_dir}/", f"{former}/"),
            )


def _texts(told: sqlite3.Connection) -> list[tuple[str, str]]:
    return told.execute(
        "select tables.name, columns.name from sqlite_master as tables,"
        " pragma_table_info(tables.name) as columns"
        " where tables.type = 'table'"
        " and (columns.type like '%CHAR%' or columns.type like '%TEXT%')"
    ).fetchall()

"""The two states that are compared: a publication, the build, or files elsewhere."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake import publications
from lake.errors import PublicationDamaged
from orchestration.run.settings import Settings
from orchestration.warehouse.catalog import quote
from orchestration.warehouse.comparing.errors import NotComparable
from orchestration.warehouse.comparing.table_keys import table_keys
from orchestration.warehouse.publishing.publication import READER_SCHEMAS
from orchestration.warehouse.publishing.published_files import previous_of

if TYPE_CHECKING:
    import duckdb

NAMES = "published, previous, build, a data folder or a .duckdb file"
OF_THE_PUBLICATION = ("publication", "publication_files", "publication_tables")


@dataclass(frozen=True, slots=True)
class Side:
    """A state of the marts in a DuckDB file."""

    label: str
    file: Path


def side_of(settings: Settings, text: str) -> Side:
    """Return the state that a person means.

    Args:
        settings: Of the data folder.
        text: `published`, `previous`, `build`, the path of a data folder, or of a DuckDB file.

    Raises:
        NotComparable: There is no such state.
        PublicationDamaged: It is not what was published.

    """
    links = {"published": settings.marts_file, "previous": previous_of(settings.marts_file)}
    if text in links:
        return Side(text, _published(links[text], text))
    if text == "build":
        return Side(text, _there(settings.build_file, "nothing is built yet"))
    path = Path(text).expanduser()
    if path.is_dir():
        link = path / settings.marts_file.name
        if os.path.lexists(link):
            return Side(text, _published(link, text))
        return Side(text, _there(path / settings.build_file.name, "no marts are in that folder"))
    return Side(text, _there(path, f"there is no such file; it may be {NAMES}"))


@contextmanager
def open_states(
    settings: Settings, base: Side, target: Side
) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Yield a connection with the databases `base` and `target`, read-only.

    Args:
        settings: Of DuckDB's memory, and where it puts what memory can't hold.
        base: The state before.
        target: The state after.

    Raises:
        NotComparable: One of them can't be read now, or both are one file.

    """
    import duckdb

    spill = settings.data_dir / "tmp"
    config: dict[str, Any] = {"memory_limit": settings.memory_limit, "temp_directory": str(spill)}
    with duckdb.connect(config=config) as db:
        _attach(db, base, "base")
        if target.file.samefile(base.file):  # DuckDB attaches a file once
            raise NotComparable(target.label, f"it is the same file as {base.label}")
        _attach(db, target, "target")
        yield db


def tables_of(db: "duckdb.DuckDBPyConnection", database: str) -> list[str]:
    """Return the readers' tables of an attached state, as `schema.table`."""
    found = db.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ?"
        " and schema_name in ? and not list_contains(?, table_name) order by all",
        [database, READER_SCHEMAS, list(OF_THE_PUBLICATION)],
    ).fetchall()
    if _has_ledger(db, database):  # without tables of models that are gone
        made = db.execute(
            f"select schema_name, table_name from {database}.ledger.relations"
        ).fetchall()
        found = [one for one in found if one in made or one[1] in table_keys().models]
    return [f"{schema}.{table}" for schema, table in found]


def _has_ledger(db: "duckdb.DuckDBPyConnection", database: str) -> bool:
    return bool(
        db.execute(
            "select 1 from duckdb_tables() where database_name = ?"
            " and (schema_name, table_name) = ('ledger', 'relations')",
            [database],
        ).fetchall()
    )


def _attach(db: "duckdb.DuckDBPyConnection", side: Side, name: str) -> None:
    import duckdb

    try:
        db.execute(f"attach '{quote(side.file)}' as {name} (read_only)")
    except duckdb.Error as error:
        why = str(error).splitlines()[0]
        if publications.IS_LOCKED in why:
            why = "another process writes to it: wait until its run has ended"
        raise NotComparable(side.label, why) from error


def _published(link: Path, text: str) -> Path:
    file = publications.find(link)
    if file is None:
        raise NotComparable(text, f"nothing is published there ({link} is missing)")
    if logs := publications.logs_of(file):
        raise PublicationDamaged(link, f"a session left {logs[0].name} beside it")
    return file


def _there(path: Path, why: str) -> Path:
    if not path.is_file():
        raise NotComparable(path, why)
    return path.resolve()

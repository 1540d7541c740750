"""What a publication is: parts of a validated build, where they come from, and their tables."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from orchestration.warehouse.origin import LoadFile

if TYPE_CHECKING:
    import duckdb

READER_SCHEMAS = ("main", "features")

MARTS = "marts"


Table = tuple[str, str]
"""A table's (schema, name)."""


@dataclass(frozen=True, slots=True)
class Part:
    """A validated part of a build and the readers' tables that it made."""

    name: str
    invocation_id: str
    model_hash: str | None
    validated_at: datetime | None
    data_as_of: datetime | None
    """The newest load that it knows of."""
    tables: list[Table]
    file: str = "made"
    """The source of its tables: the build file, or still in the `present` publication."""
    personal: frozenset[tuple[str, str, str]] = frozenset()
    """Columns that hold personal data, each as (schema, table, column)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a publication."""

    version: int
    run_id: str | None
    git_commit: str | None
    manifest_hash: str | None
    files: list[LoadFile]


@dataclass(frozen=True, slots=True)
class ValidatedBuild:
    """A validated build as its `ledger` has it: its loads, and its parts, marts first."""

    load_ids: list[str]
    as_of: datetime | None
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """One table of a publication; `bytes` are its blocks in the file."""

    name: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication: its version, its tables, and the size of the file in bytes.

    `mended` says what was wrong with the publication that it replaced, if anything was; `kept`
    names the parts that it has of that one, because they were not built again.
    """

    version: int
    load_ids: list[str]
    as_of: datetime | None
    tables: list[PublishedTable]
    bytes: int
    mended: str | None = None
    kept: tuple[str, ...] = ()


def parts_in(files: "duckdb.DuckDBPyConnection") -> list[Part]:
    """Return what the attached `present` publication says of its parts, if it does."""
    import duckdb

    try:
        rows = files.sql("select unnest(parts) as part from present.publication").fetchall()
    except duckdb.Error:
        return []
    return [
        Part(
            part["part"],
            part["invocation_id"],
            part["model_hash"],
            part.get("validated_at", part.get("sealed_at")),  # as earlier versions call it
            part.get("data_as_of"),
            [_split(table) for table in part["tables"]],
            "present",
        )
        for (part,) in rows
    ]


def _split(table: str) -> Table:
    schema, _, name = table.partition(".")
    return schema, name

"""The build file, which is derived data: a damaged one is removed and built from the lake."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.run.errors import BuildFileInUse, BuildFileMisplaced, NotValidated

if TYPE_CHECKING:
    import duckdb

PATIENCE_SECONDS = 15
MAGIC, MAGIC_AT = b"DUCK", 8
HEADERS_BYTES = 3 * 4096
# What DuckDB says of a file that is not as it was written; anything else is no reason to remove it.
SIGNS_OF_DAMAGE = (
    "not a valid DuckDB database",
    "Could not read enough bytes",
    "Corrupt database file",
    "Failure while replaying WAL",
    "version number",
    "Serialization Error",
    "INTERNAL Error",
    "database has been invalidated",
)


def require_usable(path: Path) -> None:
    """Wait until no other program has the build file open; remove a damaged one, and report it.

    dbt would wait for each of its connections, and take a damaged file for one that is in use.
    Raises `BuildFileInUse` and `BuildFileMisplaced`.
    """
    if path.is_dir():
        raise BuildFileMisplaced(path)
    if path.exists():
        path.open("r+b").close()  # not being allowed to write it is no damage
        if why := _wait_for(path):
            discard(path, why)
    else:
        wal_of(path).unlink(missing_ok=True)


def discard_if_damaged(path: Path) -> bool:
    """Read every table; remove a file of which one can't be read. Returns whether it is removed."""
    why = damage_of(path, in_depth=True)
    if why:
        discard(path, why)
    return why is not None


def damage_of(path: Path, *, in_depth: bool = False) -> str | None:
    """Return why a DuckDB file can't be used; None if it can, or another process has it open.

    Args:
        path: The file, which is there.
        in_depth: Whether each table is read too, and so each block's checksum compared.

    """
    import duckdb

    try:
        return _damage(path, in_depth=in_depth)
    except duckdb.Error as error:
        return str(error).splitlines()[0] if is_damage(error) else None


@contextmanager
def removed_if_damaged(path: Path) -> Iterator[None]:
    """Do what reads the build file; one that is damaged is removed, and there is nothing to read.

    Raises `NotValidated` where the damage is found on the way.
    """
    import duckdb

    if path.is_file() and (why := damage_of(path)):
        discard(path, why)
    try:
        yield
    except duckdb.Error as error:
        if is_damage(error) and discard_if_damaged(path):
            raise NotValidated(path, "it was damaged") from error
        raise


def is_damage(error: BaseException) -> bool:
    """Whether DuckDB complains of a file's content."""
    return any(sign in str(error) for sign in SIGNS_OF_DAMAGE)


def discard(path: Path, why: str) -> None:
    """Remove a damaged build file with its log, and report it on standard error."""
    print(
        f"moovitamix: {path} is damaged ({why}); it is removed, and built again from the lake",
        file=sys.stderr,
        flush=True,
    )
    path.unlink(missing_ok=True)
    wal_of(path).unlink(missing_ok=True)


def wal_of(path: Path) -> Path:
    """The path of DuckDB's write-ahead log of a file."""
    return path.with_name(f"{path.name}.wal")


def has_marts(path: Path) -> bool:
    """Whether the file holds marts of a good build, on which the other parts are built."""
    import duckdb

    if not path.exists():
        return False
    try:
        with duckdb.connect(path, read_only=True) as built:
            return bool(
                built.sql(
                    "select 1 from ledger.state where part = 'marts' and status = 'validated'"
                ).fetchall()
            )
    except duckdb.CatalogException:
        return False


def _wait_for(path: Path) -> str | None:
    """Wait until the file can be opened to write; return what is wrong with it."""
    import duckdb

    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return _damage(path, in_depth=False, read_only=False)
        except duckdb.Error as error:
            message = str(error).splitlines()[0]
            if is_damage(error):
                return message
            if "lock on file" not in str(error):  # dbt says what it is
                return None
            if time.monotonic() > give_up_at:
                raise BuildFileInUse(path, message) from error
            time.sleep(0.5)


def _damage(path: Path, *, in_depth: bool, read_only: bool = True) -> str | None:
    import duckdb

    with path.open("rb") as file:
        head = file.read(MAGIC_AT + len(MAGIC))
    if not head.endswith(MAGIC) or len(head) < MAGIC_AT + len(MAGIC):
        return "it is no DuckDB file" if head else "it is empty"
    with duckdb.connect(path, read_only=read_only) as built:
        used, block = built.sql(
            "select used_blocks, block_size from pragma_database_size()"
        ).fetchall()[0]
        # Free blocks at the end are cut off by a checkpoint, and still counted among all.
        length = path.stat().st_size - HEADERS_BYTES
        if length < used * block:
            return "its end is missing"
        if in_depth or length % block:  # DuckDB writes whole blocks
            _read_all(built)
    return None


def _read_all(built: "duckdb.DuckDBPyConnection") -> None:
    tables = built.sql("select schema_name, table_name from duckdb_tables()").fetchall()
    for schema, table in tables:
        built.sql(f'select bit_xor(hash(whole)) from "{schema}"."{table}" as whole').fetchall()

"""Take a person out of files on this disk: each is written anew beside itself, then renamed.

Deleting a row leaves its bytes in the file's free blocks; a file that never held them has none.
"""

import gzip
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.contents import name_of, quoted
from orchestration.errors import BuildFileInUse, NotErased
from orchestration.publication import note_contents
from orchestration.settings import Settings

if TYPE_CHECKING:
    import duckdb

    from ingestion.person import Person

# Not ours to change, rewritten by the ingestion, or this module's own means.
ELSEWHERE = ("source", "lake", "tmp", ".writer.lock", "forget.key")
# Tables of stored failures that have no `user_id` show whatever their test is about.
FAILURES = "failures"


def learn(settings: Settings, person: "Person") -> "Person":
    """Add the addresses and names that the DuckDB files know of the person."""
    from ingestion.person import Person

    emails, names = set(person.emails), set(person.names)
    for path in _databases(settings):
        with _opened(settings, path) as files:
            for schema, table in _tables_with(
                files, {"user_id", "email", "first_name", "last_name"}
            ):
                for email, first, last in files.execute(
                    "select distinct email, first_name, last_name"
                    f" from made.{name_of(schema)}.{name_of(table)} where user_id = ?",
                    [person.user_id],
                ).fetchall():
                    emails |= {email} - {None, ""}
                    names |= {(first, last)} if first and last else set()
    return Person(person.user_id, frozenset(emails), frozenset(names))


def ids(settings: Settings) -> set[int]:
    """Return every `user_id` that any table of any DuckDB file has."""
    found: set[int] = set()
    for path in _databases(settings):
        with _opened(settings, path) as files:
            for schema, table in _tables_with(files, {"user_id"}):
                rows = files.sql(
                    f"select distinct user_id from made.{name_of(schema)}.{name_of(table)}"
                    " where user_id is not null"
                ).fetchall()
                found |= {user_id for (user_id,) in rows}
    return found


def erase_texts(settings: Settings, person: "Person") -> int:
    """Redact logs, reports and whatever else is text; return how many files had to change."""
    return sum(_redact(path, person) for path in _files(settings) if path.suffix not in BINARY)


def erase_tables(settings: Settings, person: "Person") -> int:
    """Write DuckDB files, Parquet files and arrays anew; return how many."""
    rewritten = 0
    for path in (settings.data_dir / "tmp").glob("**/*"):
        if path.is_file():
            path.unlink()
    for path in settings.data_dir.glob("*.tmp*"):
        path.unlink()
    for path in _databases(settings):
        rewrite_database(settings, path, person)
        rewritten += 1
    _remove_former_answers(settings)
    for path in _files(settings):
        if path.suffix == ".parquet":
            rewritten += _erase_rows(path, person)
        elif path.suffix == ".npz":
            rewritten += _erase_arrays(path, person)
    return rewritten


def _remove_former_answers(settings: Settings) -> None:
    """Remove what serving prepared from former publications; it prepares the new one by itself."""
    from api.serving.files import look

    for facts in (settings.data_dir / "serving" / "answers").glob("*/facts.json"):
        if json.loads(facts.read_bytes())["source"] != list(look(settings.marts_file) or ()):
            shutil.rmtree(facts.parent)


def rewrite_database(settings: Settings, path: Path, person: "Person") -> None:
    """Copy a DuckDB file, whole but for the person, and put the copy in its place."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    with _opened(settings, path) as files:
        files.execute(f"attach '{quoted(draft)}' as draft")
        files.execute("begin")
        files.execute("copy from database made to draft (schema)")
        for schema, table in _tables_with(files, set()):
            _copy(files, schema, table, person)
        _note_contents(files)
        files.execute("commit")
        files.execute("checkpoint draft")
        files.execute("detach draft")
    _flush(draft)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    replace(draft, path)


def _note_contents(files: "duckdb.DuckDBPyConnection") -> None:
    """A publication says what its tables hold: say it of what they hold now."""
    if ("main", "publication_tables") not in _tables_with(files, set()):
        return
    told = files.sql("select schema_name, table_name from made.publication_tables").fetchall()
    files.execute("delete from draft.publication_tables")
    for table in told:
        note_contents(files, table)


def replace(draft: Path, path: Path) -> None:
    """Put a draft in its place, for good."""
    draft.replace(path)
    _flush(path.parent)


BINARY = frozenset({".duckdb", ".parquet", ".npz", ".wal"})


def _copy(files: "duckdb.DuckDBPyConnection", schema: str, table: str, person: "Person") -> None:
    columns = dict(
        files.execute(
            "select column_name, data_type from duckdb_columns()"
            " where (database_name, schema_name, table_name) = ('made', ?, ?)",
            [schema, table],
        ).fetchall()
    )
    name = f"{name_of(schema)}.{name_of(table)}"
    if "user_id" in columns:
        files.execute(
            f"insert into draft.{name} from made.{name} where {_others(columns, person)}",
            _asked(columns, person),
        )
    elif schema != FAILURES:
        texts = [column for column, kind in columns.items() if kind == "VARCHAR"]
        redacted = ", ".join(
            f"regexp_replace({name_of(column)}, $pattern, '[forgotten]', 'gi') as {name_of(column)}"
            for column in texts
        )
        chosen = f"* replace ({redacted})" if texts else "*"
        files.execute(
            f"insert into draft.{name} select {chosen} from made.{name}",
            {"pattern": person.sql_pattern} if texts else {},
        )


def _others(columns: dict[str, str], person: "Person") -> str:
    """Rows of all others; one without an id, as in quarantine, is known by its address."""
    mine = "user_id is not distinct from $user_id"
    if "email" in columns and person.emails:
        mine += " or (user_id is null and list_contains($emails, email))"
    return f"not ({mine})"


def _asked(columns: dict[str, str], person: "Person") -> dict[str, Any]:
    asked: dict[str, Any] = {"user_id": person.user_id}
    if "email" in columns and person.emails:
        asked["emails"] = sorted(person.emails)
    return asked


def _tables_with(files: "duckdb.DuckDBPyConnection", columns: set[str]) -> list[tuple[str, str]]:
    return files.execute(
        "select schema_name, table_name from duckdb_tables() as tables"
        " where database_name = 'made' and (select count(*) from duckdb_columns() as columns"
        " where columns.table_oid = tables.table_oid and columns.database_name = 'made'"
        " and list_contains(?, column_name)) = ? order by all",
        [sorted(columns), len(columns)],
    ).fetchall()


class _opened:  # noqa: N801 - reads as the context that it is
    """A connection that knows a DuckDB file as `made`; raises `BuildFileInUse` if it is taken."""

    def __init__(self, settings: Settings, path: Path) -> None:
        import duckdb

        self.files = duckdb.connect(config={"temp_directory": str(settings.data_dir / "tmp")})
        try:
            self.files.execute(f"attach '{quoted(path)}' as made")
        except duckdb.IOException as error:
            self.files.close()
            raise BuildFileInUse(path, str(error).splitlines()[0]) from error

    def __enter__(self) -> "duckdb.DuckDBPyConnection":
        return self.files

    def __exit__(self, *_: object) -> None:
        self.files.close()


def _databases(settings: Settings) -> list[Path]:
    return [path for path in _files(settings) if path.suffix == ".duckdb"]


def _files(settings: Settings) -> Iterator[Path]:
    """Every file below the data folder that may tell of a person, but for the lake's."""
    for path in sorted(settings.data_dir.iterdir()):
        if path.name not in ELSEWHERE:
            yield from sorted(path.rglob("*")) if path.is_dir() else [path]


def _redact(path: Path, person: "Person") -> bool:
    if not path.is_file() or path.is_symlink():
        return False
    content = path.read_bytes()
    is_packed = content[:2] == b"\x1f\x8b"
    plain = gzip.decompress(content) if is_packed else content
    try:
        text = plain.decode()
    except UnicodeDecodeError:
        if any(email.encode() in plain for email in person.emails):
            raise NotErased(path) from None
        return False
    redacted = person.redacted(text)
    if redacted == text:
        return False
    _write(path, gzip.compress(redacted.encode()) if is_packed else redacted.encode())
    return True


def _erase_rows(path: Path, person: "Person") -> bool:
    import fsspec

    from ingestion.forget import erase_rows

    return erase_rows(fsspec.filesystem("file"), str(path), person)


def _erase_arrays(path: Path, person: "Person") -> bool:
    """Take the person's row out of `user_ids`, and of every array that has a row for each user.

    Those are named `user_…`; with a catalogue as long as the list of users, length tells nothing.
    """
    import numpy as np

    with np.load(path, allow_pickle=False) as arrays:
        held = {name: arrays[name] for name in arrays.files}
    if "user_ids" not in held or person.user_id not in held["user_ids"]:
        return False
    others = held["user_ids"] != person.user_id
    for name, array in held.items():
        if name.startswith("user_") and array.shape[:1] == others.shape:
            held[name] = array[others]
    packed = BytesIO()
    np.savez_compressed(packed, **held)
    _write(path, packed.getvalue())
    return True


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    draft.write_bytes(content)
    draft.chmod(path.stat().st_mode)
    _flush(draft)
    replace(draft, path)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

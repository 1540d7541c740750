"""Erasure of a person from DuckDB files: each is copied without the person and free blocks."""

from typing import TYPE_CHECKING, Any

from lake.publications import IS_LOCKED, read_manifest
from orchestration.operations.erasure.tree import databases_in, replacement
from orchestration.run.errors import BuildFileInUse, NotErased
from orchestration.run.settings import Settings
from orchestration.warehouse.catalog import name_of, quote
from orchestration.warehouse.publishing.draft_file import record_contents
from orchestration.warehouse.publishing.published_files import rewritten

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from ingestion.erasure.person import Person

# Tables of stored failures that have no `user_id` show whatever their test is about.
FAILURES = "failures"


def learn(settings: Settings, person: "Person") -> "Person":
    """Add the addresses and names that the DuckDB files know of the person."""
    from ingestion.erasure.person import Person

    emails, names = set(person.emails), set(person.names)
    for path in databases_in(settings):
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
    for path in databases_in(settings):
        with _opened(settings, path) as files:
            for schema, table in _tables_with(files, {"user_id"}):
                rows = files.sql(
                    f"select distinct user_id from made.{name_of(schema)}.{name_of(table)}"
                    " where user_id is not null"
                ).fetchall()
                found |= {user_id for (user_id,) in rows}
    return found


def rewrite_database(settings: Settings, path: "Path", person: "Person") -> None:
    """Replace a DuckDB file by a copy without the person.

    Args:
        settings: Where the data folder and the lake are.
        path: The DuckDB file.
        person: The person to erase.

    """
    replacing = rewritten if read_manifest(path.parent) else replacement
    with replacing(path) as draft:
        with _opened(settings, path) as files:
            files.execute(f"attach '{quote(draft)}' as draft")
            files.execute("begin")
            files.execute("copy from database made to draft (schema)")
            for schema, table in _tables_with(files, set()):
                _copy(files, schema, table, person)
            _record_contents(files)
            files.execute("commit")
            files.execute("checkpoint draft")
            files.execute("detach draft")
        # What was read with the former file must not be replayed onto the new one.
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)


def _record_contents(files: "duckdb.DuckDBPyConnection") -> None:
    """Update the row counts and checksums that a publication has of its tables."""
    if ("main", "publication_tables") not in _tables_with(files, set()):
        return
    tables = files.sql("select schema_name, table_name from made.publication_tables").fetchall()
    files.execute("delete from draft.publication_tables")
    for table in tables:
        record_contents(files, table, "draft")


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
            _parameters(columns, person),
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


def _parameters(columns: dict[str, str], person: "Person") -> dict[str, Any]:
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
    """A connection that knows a DuckDB file as `made`, which others may read meanwhile.

    Raises `BuildFileInUse` while somebody writes to it, `NotErased` if it can't be read.
    """

    def __init__(self, settings: Settings, path: "Path") -> None:
        import duckdb

        self.files = duckdb.connect(config={"temp_directory": str(settings.temporary_dir)})
        try:
            self.files.execute(f"attach '{quote(path)}' as made (read_only)")
        except duckdb.Error as error:
            self.files.close()
            message = str(error).splitlines()[0]
            raise (BuildFileInUse if IS_LOCKED in message else NotErased)(path, message) from error

    def __enter__(self) -> "duckdb.DuckDBPyConnection":
        return self.files

    def __exit__(self, *_: object) -> None:
        self.files.close()

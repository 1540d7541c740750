"""Queries of the published, masked file with limits of rows, bytes, time and memory."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lake import publications
from orchestration.agents.errors import QuestionRefused
from orchestration.run.settings import AgentSettings, Settings

if TYPE_CHECKING:
    import duckdb

LARGEST_ANSWER = 1_000_000
"""Bytes of an answer as JSON."""


@dataclass(frozen=True, slots=True)
class LimitedAnswer:
    """The whole result of a query; values are what JSON can hold."""

    columns: list[str]
    rows: list[list[Any]]

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {"columns": self.columns, "rows": self.rows, "row_count": len(self.rows)}


def limited_query(settings: Settings, limits: AgentSettings, sql: str) -> LimitedAnswer:
    """Answer one query from the newest publication.

    Args:
        settings: Of the data folder.
        limits: Rows, seconds and memory.
        sql: A single `select` (or `with`, `from`, `values`, `describe`).

    Raises:
        QuestionRefused: It is no query, fails, or goes beyond a limit.
        NothingPublished: There is no publication yet.

    """
    import duckdb

    _require_query(sql)
    with _opened(settings, limits) as published, _timed(published, limits.seconds) as is_late:
        try:
            # One row more than is allowed tells whether there are more.
            asked = published.sql(sql).limit(limits.rows + 1)
            columns, rows = asked.columns, asked.fetchall()
        except duckdb.InterruptException as error:
            raise QuestionRefused(_too_slow(limits)) from error
        except duckdb.Error as error:
            if is_late.is_set():
                raise QuestionRefused(_too_slow(limits)) from error
            raise QuestionRefused(_reason(error)) from error
    if len(rows) > limits.rows:
        raise QuestionRefused(
            f"the answer has more than {limits.rows:,} rows: aggregate, filter, or add a limit"
        )
    answer = LimitedAnswer(columns, json.loads(json.dumps(rows, default=str)))
    if (size := len(json.dumps(answer.rows))) > LARGEST_ANSWER:
        raise QuestionRefused(
            f"the answer has {size:,} bytes, {LARGEST_ANSWER:,} at most: select fewer columns"
        )
    return answer


def _require_query(sql: str) -> None:
    """Raise `QuestionRefused` unless a text is one statement that just reads."""
    import duckdb

    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise QuestionRefused(_reason(error)) from error
    if len(statements) != 1:
        raise QuestionRefused(f"one query at a time: these are {len(statements)}")
    if statements[0].type != duckdb.StatementType.SELECT:
        kind = statements[0].type.name.lower().replace("_", " ")
        raise QuestionRefused(f"only queries are answered, and this is {kind}: begin with select")


@contextmanager
def _opened(settings: Settings, limits: AgentSettings) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Open the newest masked publication: nothing outside of it can be read or written."""
    config: dict[str, Any] = {
        "enable_external_access": "false",
        "memory_limit": limits.memory,
        "threads": 2,
        "temp_directory": "",
        "lock_configuration": "true",
    }
    with publications.connect(settings.masked_marts_file, config) as published:
        yield published


@contextmanager
def _timed(published: "duckdb.DuckDBPyConnection", seconds: float) -> Iterator[threading.Event]:
    """Interrupt what takes longer; the event then says so."""
    is_late = threading.Event()

    def stop() -> None:
        is_late.set()
        published.interrupt()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        yield is_late
    finally:
        timer.cancel()
        timer.join()


def _too_slow(limits: AgentSettings) -> str:
    return f"the query took longer than {limits.seconds:g} s: filter by a key or aggregate less"


def _reason(error: Exception) -> str:
    return " ".join(str(error).split("\n\nLINE ")[0].split())

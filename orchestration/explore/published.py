"""Read a publication for the pages: its answers never change, so each is computed once."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from lake import publications
from lake.errors import NothingPublished, PublicationDamaged
from orchestration.run.errors import TooManyRows
from orchestration.run.settings import Settings
from orchestration.run.stack_settings import ExploreSettings
from orchestration.warehouse.semantic.metric_sql import Asked, metric_sql

Row = dict[str, Any]
Question = tuple[str, tuple[object, ...]]

# A page draws some hundred marks: a query that returns more than this has not aggregated.
MOST_ROWS = 5_000
MOST_ANSWERS = 500


class Published:
    """One publication, opened read-only, with the answers that it gave so far.

    `file` names exactly one publication, and no process writes to it any more. So an answer is
    right for everybody, for as long as the publication is the newest.
    """

    def __init__(self, link: Path, config: dict[str, Any]) -> None:
        self.connection = publications.connect(link, config)
        self.file = Path(self._value("select path from duckdb_databases() where not internal"))
        self._answers: OrderedDict[Question, Future[list[Row]]] = OrderedDict()
        self._lock = threading.Lock()

    def rows(self, sql: str, *parameters: object) -> list[Row]:
        """Return the rows of a query, oldest answer first forgotten; raise `TooManyRows`."""
        question = sql, parameters
        with self._lock:
            answer = self._answers.get(question)
            is_new = answer is None
            if answer is None:
                answer = self._answers[question] = Future()
                while len(self._answers) > MOST_ANSWERS:
                    self._answers.popitem(last=False)
        if is_new:
            try:
                answer.set_result(self._ask(sql, parameters))
            except BaseException as error:
                self._answers.pop(question, None)
                answer.set_exception(error)
        return answer.result()

    def row(self, sql: str, *parameters: object) -> Row:
        """Return the first row of a query that has one."""
        return self.rows(sql, *parameters)[0]

    def metrics(self, *metrics: str, **asked: Any) -> list[Row]:  # noqa: ANN401 - as `Asked` has them
        """Return metrics by their one definition: `Asked` says by what they can be grouped."""
        return self.rows(metric_sql(Asked(metrics, **asked)))

    def asked(self) -> list[Question]:
        """Return the questions that were asked, the oldest first."""
        with self._lock:
            return list(self._answers)

    def has(self, table: str, column: str | None = None) -> bool:
        """Return whether the file has a table, and in it a column."""
        which = f"table_name = '{table}'" + (f" and column_name = '{column}'" if column else "")
        return bool(self.row(f"select count(*) as n from duckdb_columns() where {which}")["n"])

    def _ask(self, sql: str, parameters: Sequence[object]) -> list[Row]:
        with self.connection.cursor() as cursor:
            # with parameters, DuckDB imports pandas, which takes seconds
            cursor.execute(sql, list(parameters) or None)
            columns = [column[0] for column in cursor.description or ()]
            found = cursor.fetchmany(MOST_ROWS + 1)
        if len(found) > MOST_ROWS:
            raise TooManyRows(MOST_ROWS)
        return [dict(zip(columns, row, strict=True)) for row in found]

    def _value(self, sql: str) -> Any:  # noqa: ANN401 - of any type
        row = self.connection.sql(sql).fetchone()
        return row[0] if row else None


_newest: dict[Path, Published] = {}
_opening = threading.Lock()


def marts() -> Published | None:
    """Return the newest publication of the marts; None before the first.

    Without `personal` it is the one in which personal data is left empty.
    """
    settings = Settings()
    is_personal = ExploreSettings().personal
    return _present(settings.marts_file if is_personal else settings.masked_marts_file, settings)


def monitoring() -> Published | None:
    """Return the newest monitoring marts; None before the first run has ended."""
    settings = Settings()
    return _present(settings.monitoring_file, settings)


def _present(link: Path, settings: Settings) -> Published | None:
    """Return what a name stands for now, opened once for all readers of this process.

    While what is there can't be trusted, the last good publication stays.
    """
    with _opening:
        opened = _newest.get(link)
        try:
            file = publications.find(link)
            if file is not None and (opened is None or opened.file != file):
                opened = _newest[link] = Published(link, _config(settings))
        except NothingPublished:
            return None
        except PublicationDamaged:
            if opened is None:
                raise
        return opened


def _config(settings: Settings) -> dict[str, Any]:
    settings.temporary_dir.mkdir(parents=True, exist_ok=True)
    return {
        "enable_external_access": "false",
        "memory_limit": ExploreSettings().memory_limit,
        "temp_directory": str(settings.temporary_dir),
    }

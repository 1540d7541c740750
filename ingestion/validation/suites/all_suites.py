"""All suites of a load: one for the `load` batch, and one for each table."""

from datetime import datetime
from typing import TYPE_CHECKING

from ingestion.validation.bands import Band
from ingestion.validation.suites.load_suite import shape
from ingestion.validation.suites.record_rules import Rules
from ingestion.validation.suites.table_suites import feedback, sessions, tracks, users

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

Suites = dict[str, "list[Expectation]"]


def suites(rows: dict[str, int], bands: dict[str, Band | None], as_of: datetime) -> Suites:
    """Build the expectations of each batch of a load.

    Args:
        rows: The number of validated records of each table.
        bands: The expected volume of each table.
        as_of: The time of the load.

    Returns:
        The expectations of the `load` batch, and of each table that has rows.
    """
    checks = {
        "tracks": tracks,
        "users": users,
        "listen_history": sessions,
        "feedback": feedback,
    }
    tables = {
        name: list(check(Rules(rows[name], as_of)))
        for name, check in checks.items()
        if rows.get(name)
    }
    return {"load": list(shape(tuple(tables), bands)), **tables}

"""The Great Expectations suites of raw validation.

dbt quarantines single records that violate a rule; these suites look for faults of the whole load:
columns, types, shares of records, volume. An `error` refuses the load, a `warn` is recorded.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ingestion.source.tables import LAKE_TABLES, sql_name
from ingestion.validation.bands import Band
from ingestion.validation.fills import FEWEST_RECORDS, MOSTLY, ODD, REFUSED, VARIED, Fills

if TYPE_CHECKING:
    from collections.abc import Iterator

    from great_expectations.expectations.expectation import Expectation

GENDERS = [
    *("Male", "Female", "Non-binary", "Genderqueer", "Genderfluid", "Agender", "Bigender"),
    *("Gender questioning", "Gender nonconforming"),
]
GENRES = [
    *("Rock", "Pop", "Hip Hop", "Jazz", "Electronic", "Classical", "Country", "Blues", "R&B"),
    *("Reggae", "Folk", "Metal", "Punk", "Funk", "Indie", "Alternative", "Techno"),
]
EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
DURATION = r"^\d{1,3}:[0-5]\d$"
FEEDBACK_KINDS = ["play", "skip", "like", "unlike", "hide", "unhide", "clear"]
BEFORE_RECORDED_MUSIC = datetime(1857, 1, 1)
LONGEST_SESSION = 2_000

# Five records prove nothing about a load, whatever their share.
HANDFUL = 5
# The share of records that must satisfy a rule: of keys and times nearly all, of attributes most.
NEARLY_ALL, MOST, HALF = 0.99, 0.8, 0.5
MOST_ALIKE = 0.999

Suites = dict[str, "list[Expectation]"]


def suites(rows: dict[str, int], bands: dict[str, Band | None], as_of: datetime) -> Suites:
    """Build the expectations of each batch of a load.

    Args:
        rows: Validated records by table.
        bands: Expected volume by table.
        as_of: The load's instant.

    Returns:
        The expectations of the batch `load` (its shape), and of each table that has rows.
    """
    checks = {
        "tracks": _tracks,
        "users": _users,
        "listen_history": _sessions,
        "feedback": _feedback,
    }
    tables = {
        name: list(check(_Rules(rows[name], as_of)))
        for name, check in checks.items()
        if rows.get(name)
    }
    return {"load": list(_shape(tuple(tables), bands)), **tables}


def shape_column(table: str, column: str) -> str:
    """The column of the `load` batch with a column's type, or with a table's number of `rows`."""
    return f"{table}.{column}"


def fill_column(name: str) -> str:
    """The column of the `load` batch with the share of records that have a value in a column."""
    return f"{name} filled"


def sameness_column(name: str) -> str:
    """The column of the `load` batch with the share of the most common value in a column."""
    return f"{name} same"


def plain_column(measured: str) -> str:
    """The raw column that a column of the `load` batch measures."""
    return measured.removesuffix(" filled").removesuffix(" same")


def against_usual(fills: Fills, usual: Fills) -> "Iterator[Expectation]":
    """Compare how full each column is with the loads before; a first load has none."""
    for name, now in fills.items():
        before = usual.get(name)
        if not before or min(now.records, before.records) < FEWEST_RECORDS:
            continue
        if before.share >= MOSTLY:
            usually = f"{before.share:.0%} were in the loads before"
            for severity, share in (("error", REFUSED), ("warn", ODD)):
                least = before.share * share
                yield _expect(
                    "ColumnValuesToBeBetween",
                    f"{name} is filled in {least:.0%} of the records or more: {usually}",
                    severity,
                    observed=f"{now.share:.0%}",
                    column=fill_column(name),
                    min_value=least,
                )
        if before.commonest and before.sameness <= VARIED and now.filled >= FEWEST_RECORDS:
            yield _expect(
                "ColumnValuesToBeBetween",
                f"{name} is not the same throughout, as in the loads before",
                "warn",
                observed=f"{now.sameness:.0%} alike",
                column=sameness_column(name),
                max_value=MOST_ALIKE,
            )


def _shape(tables: tuple[str, ...], bands: dict[str, Band | None]) -> "Iterator[Expectation]":
    for table in LAKE_TABLES:
        for field in table.columns if table.name in tables else ():
            yield _expect(
                "ColumnValuesToBeInSet",
                f"{table.name}.{field.name} is {sql_name(field.type)}",
                column=shape_column(table.name, field.name),
                value_set=[sql_name(field.type)],
            )
    for name, band in bands.items():
        limits = [
            ("error", band.low, band.high, ""),
            ("warn", band.warn_low, band.warn_high, ", as usual"),
        ] if band else []  # fmt: skip
        for severity, low, high, words in limits:
            yield _expect(
                "ColumnValuesToBeBetween",
                f"{name} brings {low:,} to {high:,} rows{words}",
                severity,
                column=shape_column(name, "rows"),
                min_value=low,
                max_value=high,
            )


class _Rules:
    """Builds rules for the records of one table; a handful of records may violate each."""

    def __init__(self, rows: int, as_of: datetime) -> None:
        self._rows, self._as_of = rows, as_of

    def expect(
        self,
        kind: str,
        rule: str,
        share: float,
        severity: str = "error",
        **asked: Any,  # noqa: ANN401 - what each kind takes
    ) -> "Expectation":
        tolerated = (HANDFUL + 1e-6) / max(self._rows, 1)
        return _expect(kind, rule, severity, mostly=max(0.0, min(share, 1 - tolerated)), **asked)

    def known(
        self, share: float, *columns: str, severity: str = "error"
    ) -> "Iterator[Expectation]":
        for column in columns:
            yield self.expect(
                "ColumnValuesToNotBeNull", f"{column} is known", share, severity, column=column
            )

    def key(self, column: str) -> "Iterator[Expectation]":
        yield from self.known(NEARLY_ALL, column)
        yield self.expect(
            "ColumnValuesToBeUnique", f"{column} is unique", NEARLY_ALL, column=column
        )
        limits: dict[str, Any] = {"min_value": -(2**31), "max_value": 2**31 - 1}
        yield self.expect(
            "ColumnValuesToBeBetween", f"{column} fits INTEGER", NEARLY_ALL, column=column, **limits
        )

    def times(self) -> "Expectation":
        return self.expect(
            "ColumnValuesToBeBetween",
            "created_at lies between the first record and the load",
            NEARLY_ALL,
            column="created_at",
            min_value=BEFORE_RECORDED_MUSIC,
            max_value=self._as_of,
        )

    def pattern(self, column: str, regex: str, words: str) -> "Iterator[Expectation]":
        rule = f"{column} reads like {words}"
        for severity, share in (("error", MOST), ("warn", NEARLY_ALL)):
            yield self.expect(
                "ColumnValuesToMatchRegex", rule, share, severity, column=column, regex=regex
            )

    def listed(self, column: str, words: list[str]) -> "Expectation":
        rule = f"{column} is one of the {len(words)} known"
        return self.expect(
            "ColumnValuesToBeInSet", rule, HALF, "warn", column=column, value_set=words
        )


def _tracks(rules: _Rules) -> "Iterator[Expectation]":
    yield from rules.key("id")
    yield rules.times()
    yield from rules.known(MOST, "name", "artist")
    # An app may not know them; that it knew them before, and no longer does, refuses a load.
    yield from rules.known(MOST, "duration", "album", severity="warn")
    yield from rules.pattern("duration", DURATION, "MM:SS")
    yield rules.listed("genres", GENRES)


def _users(rules: _Rules) -> "Iterator[Expectation]":
    yield from rules.key("id")
    yield rules.times()
    yield from rules.known(MOST, "first_name", "last_name", "email")
    yield from rules.pattern("email", EMAIL, "an e-mail address")
    yield rules.listed("gender", GENDERS)
    yield rules.listed("favorite_genres", GENRES)


def _sessions(rules: _Rules) -> "Iterator[Expectation]":
    yield from rules.known(NEARLY_ALL, "user_id", "created_at")
    yield rules.expect(
        "CompoundColumnsToBeUnique",
        "user_id and created_at identify a session",
        NEARLY_ALL,
        column_list=["user_id", "created_at"],
        ignore_row_if="any_value_is_missing",
    )
    yield rules.times()
    yield rules.expect(
        "ColumnValuesToBeBetween",
        f"items holds at most {LONGEST_SESSION:,} tracks",
        NEARLY_ALL,
        column="items_count",
        max_value=LONGEST_SESSION,
    )
    yield rules.expect(
        "ColumnValuesToBeInSet",
        "items holds track ids that fit INTEGER, no null",
        NEARLY_ALL,
        column="items_broken",
        value_set=[False],
    )


def _feedback(rules: _Rules) -> "Iterator[Expectation]":
    yield from rules.known(NEARLY_ALL, "event_id", "key", "user_id", "kind", "happened_at")
    yield rules.expect("ColumnValuesToBeUnique", "key is unique", NEARLY_ALL, column="key")
    yield rules.expect(
        "ColumnValuesToBeInSet",
        f"kind is one of the {len(FEEDBACK_KINDS)} known",
        NEARLY_ALL,
        column="kind",
        value_set=FEEDBACK_KINDS,
    )


def _expect(
    kind: str,
    rule: str,
    severity: str = "error",
    observed: str | None = None,
    **asked: Any,  # noqa: ANN401 - what each kind takes
) -> "Expectation":
    from great_expectations import expectations

    expectation: Expectation = getattr(expectations, f"Expect{kind}")(
        severity={"error": "critical", "warn": "warning"}[severity],
        meta={"rule": rule, "severity": severity, "observed": observed},
        **asked,
    )
    return expectation

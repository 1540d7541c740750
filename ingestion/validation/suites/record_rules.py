"""Rules for the records of one table, as expectations that tolerate a share of violations."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ingestion.validation.suites.expectation import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from great_expectations.expectations.expectation import Expectation

BEFORE_RECORDED_MUSIC = datetime(1857, 1, 1)
# Five records prove nothing about a load, whatever their share.
HANDFUL = 5
# The share of records that must satisfy a rule: of keys and times nearly all, of attributes most.
NEARLY_ALL, MOST, HALF = 0.99, 0.8, 0.5


class Rules:
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
        """Build an expectation that a share of the records must satisfy.

        Args:
            kind: The expectation's name without `Expect`.
            rule: What it requires, in words.
            share: The share of records that must satisfy it.
            severity: `error` or `warn`.
            asked: Its parameters.

        """
        tolerated = (HANDFUL + 1e-6) / max(self._rows, 1)
        return expect(kind, rule, severity, mostly=max(0.0, min(share, 1 - tolerated)), **asked)

    def known(
        self, share: float, *columns: str, severity: str = "error"
    ) -> "Iterator[Expectation]":
        """Expect no nulls in columns.

        Args:
            share: The share of records that must have a value.
            columns: The columns.
            severity: `error` or `warn`.

        """
        for column in columns:
            yield self.expect(
                "ColumnValuesToNotBeNull", f"{column} is known", share, severity, column=column
            )

    def key(self, column: str) -> "Iterator[Expectation]":
        """Expect a key: no nulls, no value twice, and only values that fit INTEGER."""
        yield from self.known(NEARLY_ALL, column)
        yield self.expect(
            "ColumnValuesToBeUnique", f"{column} is unique", NEARLY_ALL, column=column
        )
        limits: dict[str, Any] = {"min_value": -(2**31), "max_value": 2**31 - 1}
        yield self.expect(
            "ColumnValuesToBeBetween", f"{column} fits INTEGER", NEARLY_ALL, column=column, **limits
        )

    def times(self) -> "Expectation":
        """Expect possible times in `created_at`."""
        return self.expect(
            "ColumnValuesToBeBetween",
            "created_at lies between the first record and the load",
            NEARLY_ALL,
            column="created_at",
            min_value=BEFORE_RECORDED_MUSIC,
            max_value=self._as_of,
        )

    def pattern(self, column: str, regex: str, words: str) -> "Iterator[Expectation]":
        """Expect values of a pattern: an error for most records, a warning for nearly all.

        Args:
            column: The column.
            regex: The pattern.
            words: What the pattern describes, in words.

        """
        rule = f"{column} reads like {words}"
        for severity, share in (("error", MOST), ("warn", NEARLY_ALL)):
            yield self.expect(
                "ColumnValuesToMatchRegex", rule, share, severity, column=column, regex=regex
            )

    def listed(self, column: str, words: list[str]) -> "Expectation":
        """Expect values of a list; the rest is a warning."""
        rule = f"{column} is one of the {len(words)} known"
        return self.expect(
            "ColumnValuesToBeInSet", rule, HALF, "warn", column=column, value_set=words
        )

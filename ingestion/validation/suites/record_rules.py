"""Rules for the records of a table: expectations that tolerate some violations."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ingestion.validation.suites.expectation import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from great_expectations.expectations.expectation import Expectation

BEFORE_RECORDED_MUSIC = datetime(1857, 1, 1)
# Every rule tolerates five violations: in a small table they are a large share, and prove nothing.
HANDFUL = 5
# The share of records that must satisfy a rule: nearly all for keys and times, most for attributes.
NEARLY_ALL, MOST, HALF = 0.99, 0.8, 0.5


class Rules:
    """Build the rules for the records of one table; `HANDFUL` of them may violate each rule."""

    def __init__(self, rows: int, as_of: datetime) -> None:
        self._rows, self._as_of = rows, as_of

    def expect(
        self,
        kind: str,
        rule: str,
        share: float,
        severity: str = "error",
        **parameters: Any,  # noqa: ANN401 - what each kind takes
    ) -> "Expectation":
        """Build an expectation that a share of the records must satisfy.

        Args:
            kind: The expectation's name without `Expect`.
            rule: What it requires, in words.
            share: The share of records that must satisfy it.
            severity: `error` or `warn`.
            parameters: What this kind of expectation takes.

        """
        tolerated = (HANDFUL + 1e-6) / max(self._rows, 1)
        return expect(
            kind, rule, severity, mostly=max(0.0, min(share, 1 - tolerated)), **parameters
        )

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
        """Expect a key: no nulls, no duplicates, and values that fit INTEGER."""
        yield from self.known(NEARLY_ALL, column)
        yield self.expect(
            "ColumnValuesToBeUnique", f"{column} is unique", NEARLY_ALL, column=column
        )
        limits: dict[str, Any] = {"min_value": -(2**31), "max_value": 2**31 - 1}
        yield self.expect(
            "ColumnValuesToBeBetween", f"{column} fits INTEGER", NEARLY_ALL, column=column, **limits
        )

    def times(self) -> "Expectation":
        """Expect `created_at` between 1857, before any recorded music, and the load."""
        return self.expect(
            "ColumnValuesToBeBetween",
            "created_at lies between the first record and the load",
            NEARLY_ALL,
            column="created_at",
            min_value=BEFORE_RECORDED_MUSIC,
            max_value=self._as_of,
        )

    def pattern(self, column: str, regex: str, words: str) -> "Iterator[Expectation]":
        """Expect values that match a pattern: an error below `MOST`, a warning below `NEARLY_ALL`.

        Args:
            column: The column.
            regex: The pattern.
            words: The pattern in words.

        """
        rule = f"{column} reads like {words}"
        for severity, share in (("error", MOST), ("warn", NEARLY_ALL)):
            yield self.expect(
                "ColumnValuesToMatchRegex", rule, share, severity, column=column, regex=regex
            )

    def listed(self, column: str, words: list[str]) -> "Expectation":
        """Expect values of a list in half of the records; fewer are a warning."""
        rule = f"{column} is one of the {len(words)} known"
        return self.expect(
            "ColumnValuesToBeInSet", rule, HALF, "warn", column=column, value_set=words
        )

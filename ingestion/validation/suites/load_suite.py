"""The suite of the `load` batch: columns, types, volume, and filled shares."""

from typing import TYPE_CHECKING

from ingestion.source.tables import LAKE_TABLES, sql_name
from ingestion.validation.bands import Band
from ingestion.validation.fills import FEWEST_RECORDS, MOSTLY, ODD, REFUSED, VARIED, Fills
from ingestion.validation.suites.expectation import expect
from ingestion.validation.suites.load_columns import fill_column, sameness_column, shape_column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from great_expectations.expectations.expectation import Expectation

MOST_ALIKE = 0.999


def shape(tables: tuple[str, ...], bands: dict[str, Band | None]) -> "Iterator[Expectation]":
    """Expect the declared columns and types of each table, and rows within its band."""
    for table in LAKE_TABLES:
        for field in table.columns if table.name in tables else ():
            yield expect(
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
            yield expect(
                "ColumnValuesToBeBetween",
                f"{name} brings {low:,} to {high:,} rows{words}",
                severity,
                column=shape_column(name, "rows"),
                min_value=low,
                max_value=high,
            )


def against_usual(fills: Fills, usual: Fills) -> "Iterator[Expectation]":
    """Expect each column to be filled as in earlier loads; where there are none, expect nothing."""
    for name, now in fills.items():
        before = usual.get(name)
        if not before or min(now.records, before.records) < FEWEST_RECORDS:
            continue
        if before.share >= MOSTLY:
            usually = f"{before.share:.0%} were in the loads before"
            for severity, share in (("error", REFUSED), ("warn", ODD)):
                least = before.share * share
                yield expect(
                    "ColumnValuesToBeBetween",
                    f"{name} is filled in {least:.0%} of the records or more: {usually}",
                    severity,
                    observed=f"{now.share:.0%}",
                    column=fill_column(name),
                    min_value=least,
                )
        if before.commonest and before.sameness <= VARIED and now.filled >= FEWEST_RECORDS:
            yield expect(
                "ColumnValuesToBeBetween",
                f"{name} is not the same throughout, as in the loads before",
                "warn",
                observed=f"{now.sameness:.0%} alike",
                column=sameness_column(name),
                max_value=MOST_ALIKE,
            )

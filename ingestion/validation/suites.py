"""What each load must be like: the suites of Great Expectations.

A record that is wrong by itself is set aside later, in `quarantine`; the gate looks for faults of
the load: columns, types, shares of records, volume. An `error` refuses it, a `warn` is noted.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ingestion.source.tables import TABLES, sql_name
from ingestion.validation.bands import Band
from ingestion.validation.fills import FEWEST_RECORDS, MOSTLY, ODD, REFUSED, VARIED, Fills

if TYPE_CHECKING:
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
BEFORE_RECORDED_MUSIC = datetime(1857, 1, 1)
LONGEST_SESSION = 2_000

# Five records say nothing of a load, whatever their share.
HANDFUL = 5
# How many records must keep a rule: of keys and times nearly all, of attributes most.
NEARLY_ALL, MOST, HALF = 0.99, 0.8, 0.5
MOST_ALIKE = 0.999


def suites(rows: dict[str, int], bands: dict[str, Band | None], as_of: datetime) -> "Suites":
    """The expectations of each batch of a load: `load` (its shape), and each table that has rows.

    `rows` counts the records judged by table; `as_of` is the load's instant.
    """
    tables = {
        "tracks": _tracks(rows["tracks"], as_of),
        "users": _users(rows["users"], as_of),
        "listen_history": _sessions(rows["listen_history"], as_of),
    }
    asked = {name: checks for name, checks in tables.items() if rows[name]}
    return {"load": _shape(tuple(asked), bands), **asked}


Suites = dict[str, "list[Expectation]"]


def shape_column(table: str, column: str) -> str:
    """Where the type of a column, or the number of a table's `rows`, stands in the `load` batch."""
    return f"{table}.{column}"


def _shape(tables: tuple[str, ...], bands: dict[str, Band | None]) -> "list[Expectation]":
    checks = [
        _check(
            "ColumnValuesToBeInSet",
            f"{table.name}.{field.name} is {sql_name(field.type)}",
            column=shape_column(table.name, field.name),
            value_set=[sql_name(field.type)],
        )
        for table in TABLES
        if table.name in tables
        for field in table.columns
    ]
    for table, band in bands.items():
        if band:
            rows = {"column": shape_column(table, "rows")}
            checks += [
                _check(
                    "ColumnValuesToBeBetween",
                    f"{table} brings {band.low:,} to {band.high:,} rows",
                    **rows, min_value=band.low, max_value=band.high,
                ),
                _check(
                    "ColumnValuesToBeBetween",
                    f"{table} brings {band.warn_low:,} to {band.warn_high:,} rows, as usual",
                    severity="warn",
                    **rows, min_value=band.warn_low, max_value=band.warn_high,
                ),
            ]  # fmt: skip
    return checks


def fill_column(name: str) -> str:
    """Where the share of records that say something in a column stands in the `load` batch."""
    return f"{name} filled"


def sameness_column(name: str) -> str:
    """Where the share of those that say the same stands in the `load` batch."""
    return f"{name} same"


def plain_column(measured: str) -> str:
    """The column that a column of the `load` batch is about."""
    return measured.removesuffix(" filled").removesuffix(" same")


def against_usual(fills: Fills, usual: Fills) -> "list[Expectation]":
    """What a column must say, by what it said in the loads before; the first load has none."""
    checks = []
    for name, now in fills.items():
        before = usual.get(name)
        if not before or min(now.records, before.records) < FEWEST_RECORDS:
            continue
        if before.share >= MOSTLY:
            usually = f"{before.share:.0%} were in the loads before"
            checks += [
                _check(
                    "ColumnValuesToBeBetween",
                    f"{name} is filled in {least:.0%} of the records or more: {usually}",
                    severity=severity,
                    column=fill_column(name),
                    min_value=least,
                    observed=f"{now.share:.0%}",
                )
                for severity, least in (
                    ("error", before.share * REFUSED),
                    ("warn", before.share * ODD),
                )
            ]
        if before.commonest and before.sameness <= VARIED and now.filled >= FEWEST_RECORDS:
            checks.append(
                _check(
                    "ColumnValuesToBeBetween",
                    f"{name} is not the same throughout, as in the loads before",
                    severity="warn",
                    column=sameness_column(name),
                    max_value=MOST_ALIKE,
                    observed=f"{now.sameness:.0%} alike",
                )
            )
    return checks


def _tracks(rows: int, as_of: datetime) -> "list[Expectation]":
    return [
        *_key("id", rows),
        *_times(rows, as_of),
        *[_mostly_known(name, rows) for name in ("name", "artist", "duration", "album")],
        *_pattern("duration", DURATION, "MM:SS", rows),
        _listed("genres", GENRES, rows),
    ]


def _users(rows: int, as_of: datetime) -> "list[Expectation]":
    return [
        *_key("id", rows),
        *_times(rows, as_of),
        *[_mostly_known(name, rows) for name in ("first_name", "last_name", "email")],
        *_pattern("email", EMAIL, "an e-mail address", rows),
        _listed("gender", GENDERS, rows),
        _listed("favorite_genres", GENRES, rows),
    ]


def _sessions(rows: int, as_of: datetime) -> "list[Expectation]":
    nearly_all = _mostly(NEARLY_ALL, rows)
    return [
        _check("ColumnValuesToNotBeNull", "user_id is known", column="user_id", mostly=nearly_all),
        _check(
            "ColumnValuesToNotBeNull", "created_at is known", column="created_at", mostly=nearly_all
        ),
        _check(
            "CompoundColumnsToBeUnique",
            "user_id and created_at tell sessions apart",
            column_list=["user_id", "created_at"],
            ignore_row_if="any_value_is_missing",
            mostly=nearly_all,
        ),
        *_times(rows, as_of),
        _check(
            "ColumnValuesToBeBetween",
            f"items holds at most {LONGEST_SESSION:,} tracks",
            column="items_count",
            max_value=LONGEST_SESSION,
            mostly=nearly_all,
        ),
        _check(
            "ColumnValuesToBeInSet",
            "items holds track ids that fit INTEGER, no null",
            column="items_broken",
            value_set=[False],
            mostly=nearly_all,
        ),
    ]


def _key(column: str, rows: int) -> "list[Expectation]":
    mostly = _mostly(NEARLY_ALL, rows)
    return [
        _check("ColumnValuesToNotBeNull", f"{column} is known", column=column, mostly=mostly),
        _check("ColumnValuesToBeUnique", f"{column} is unique", column=column, mostly=mostly),
        _check(
            "ColumnValuesToBeBetween",
            f"{column} fits INTEGER",
            column=column,
            min_value=-(2**31),
            max_value=2**31 - 1,
            mostly=mostly,
        ),
    ]


def _times(rows: int, as_of: datetime) -> "list[Expectation]":
    return [
        _check(
            "ColumnValuesToBeBetween",
            "created_at lies between the first record and the load",
            column="created_at",
            min_value=BEFORE_RECORDED_MUSIC,
            max_value=as_of,
            mostly=_mostly(NEARLY_ALL, rows),
        )
    ]


def _mostly_known(column: str, rows: int) -> "Expectation":
    mostly = _mostly(MOST, rows)
    return _check("ColumnValuesToNotBeNull", f"{column} is known", column=column, mostly=mostly)


def _pattern(column: str, regex: str, words: str, rows: int) -> "list[Expectation]":
    return [
        _check(
            "ColumnValuesToMatchRegex",
            f"{column} reads like {words}",
            severity=severity,
            column=column,
            regex=regex,
            mostly=_mostly(share, rows),
        )
        for severity, share in (("error", MOST), ("warn", NEARLY_ALL))
    ]


def _listed(column: str, words: list[str], rows: int) -> "Expectation":
    return _check(
        "ColumnValuesToBeInSet",
        f"{column} is one of the {len(words)} known",
        severity="warn",
        column=column,
        value_set=words,
        mostly=_mostly(HALF, rows),
    )


def _mostly(share: float, rows: int) -> float:
    """The share that must keep a rule, a handful of records forgiven."""
    return max(0.0, min(share, 1 - (HANDFUL + 1e-6) / max(rows, 1)))


def _check(
    kind: str,
    rule: str,
    severity: str = "error",
    observed: str | None = None,
    **asked: Any,  # noqa: ANN401 - what each kind asks
) -> "Expectation":
    from great_expectations import expectations

    expectation: Expectation = getattr(expectations, f"Expect{kind}")(
        severity={"error": "critical", "warn": "warning"}[severity],
        meta={"rule": rule, "severity": severity, "observed": observed},
        **asked,
    )
    return expectation

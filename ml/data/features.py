"""Categorical features out of columns of metadata."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix, hstack

from ml.data.interactions import Features

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

FEWEST = 2
"""A value that only one has adds nothing to its identity."""
_MOST_NUMBERS, _BINS = 32, 10
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_IDS = {
    "id", "ids", "code", "codes", "key", "uri", "url", "uuid", "guid", "mbid", "isrc", "isbn",
    "hash",
}  # fmt: skip
_THINGS = {
    "artist", "artists", "album", "albums", "label", "genre", "genres", "songwriter",
    "composer", "producer", "publisher", "number", "no", "ref", "zip", "postcode", "phone",
    "playlist", "category", "type", "cluster", "group", "country", "city", "region", "language",
    "gender", "user", "owner", "parent", "track", "song", "item", "tag", "tags", "mode", "name",
    "title",
}  # fmt: skip
"""Words in the names of columns whose whole numbers stand for something."""
_MEASURES = {
    "year", "date", "duration", "length", "ms", "seconds", "minutes", "hours", "tempo", "bpm",
    "popularity", "age", "count", "plays", "listens", "followers", "listeners", "score",
    "rating", "loudness", "energy", "size", "position", "rank", "total", "sum", "mean", "price",
    "amount", "level", "percent", "days", "time",
}  # fmt: skip
"""Words in the names of columns whose whole numbers measure something."""


def features_of(
    columns: Mapping[str, Sequence[Any]],
    *,
    split_on: Sequence[str] = (),
    split: Container[str] | None = None,
    fewest: int = FEWEST,
) -> Features | None:
    """Return one column per value that enough rows have; none where there is no such value.

    Text is one value, a list its elements. Whole numbers that stand for something are values;
    measures and dates of more than 32 values become tenths.

    Args:
        columns: the values of each column, None where nothing is known.
        split_on: what stands between several values in one text.
        split: the columns whose text is several values; none: all, where `split_on` says on what.
        fewest: how many rows are enough.

    """
    parts = [
        _of_column(name, values, split_on if split is None or name in split else (), fewest)
        for name, values in columns.items()
    ]
    names = tuple(name for part in parts for name in part.names)
    if not names:
        return None
    return Features(names, hstack([part.matrix for part in parts]).tocsr().astype(np.float32))


def meaning_of(column: str, values: Sequence[Any], split_on: Sequence[str] = ()) -> str:
    """Return what a column is taken for, in a word or two.

    Args:
        column: The name of the column.
        values: Its values.
        split_on: What separates several values in one text.

    """
    there = [value for value in values if not _is_missing(value)]
    if not there:
        return "empty"
    if any(isinstance(value, list | tuple) for value in there):
        return "lists"
    if _is_measure(column, there):
        return "tenths"
    if split_on and isinstance(there[0], str):
        return f"categories split on {' '.join(split_on)}"
    return "category"


def _of_column(
    column: str, values: Sequence[Any], split_on: Sequence[str], fewest: int
) -> Features:
    between = re.compile("|".join(map(re.escape, split_on))) if split_on else None
    codes: dict[str, int] = {}
    rows, cells = [], []
    for row, cell in enumerate(_binned(column, values)):
        for value in dict.fromkeys(_values(cell, between)):
            rows.append(row)
            cells.append(codes.setdefault(value, len(codes)))
    matrix = csr_matrix((np.ones(len(rows)), (rows, cells)), shape=(len(values), len(codes)))
    kept = np.bincount(cells, minlength=len(codes)) >= fewest if codes else np.zeros(0, bool)
    names = [f"{column}={value}" for value in codes]
    return Features(
        tuple(name for name, keep in zip(names, kept, strict=True) if keep),
        matrix[:, np.flatnonzero(kept)],
    )


def _is_measure(column: str, there: Sequence[Any]) -> bool:
    """Whether values are numbers or dates on a scale, and too many to be taken one by one.

    Whole numbers are ids by their column's name, or where two rows or more share each on average.
    """
    if isinstance(there[0], str | bool | list | tuple):
        return False
    distinct = len(set(there))
    if distinct <= _MOST_NUMBERS:
        return False
    if isinstance(there[0], datetime | date) or any(_number(value) % 1 for value in there):
        return True
    words = {word.lower() for word in _WORDS.findall(column)}
    if words & _IDS or any(word.removesuffix("id") in _THINGS - words for word in words):
        return False
    if words & (_MEASURES | _THINGS):
        return bool(words & _MEASURES)
    return distinct > len(there) / FEWEST


def _binned(column: str, values: Sequence[Any]) -> Sequence[Any]:
    """Replace the measures of a column by their tenth; leave all else."""
    there = [value for value in values if not _is_missing(value)]
    if not there or not _is_measure(column, there):
        return values
    numbers = np.array([_number(value) for value in values])
    if np.isnan(numbers).all():
        return values
    edges = np.nanquantile(numbers, np.arange(1, _BINS) / _BINS)
    return [
        None if np.isnan(number) else f"tenth {np.searchsorted(edges, number) + 1}"
        for number in numbers
    ]


def _is_missing(value: Any) -> bool:  # noqa: ANN401 - a cell
    return value is None or (isinstance(value, float) and isnan(value))


def _number(value: Any) -> float:  # noqa: ANN401 - a cell
    if value is None:
        return np.nan
    if isinstance(value, datetime | date):
        return float(np.datetime64(value, "s").astype(np.int64))
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def _values(cell: Any, between: re.Pattern[str] | None) -> Iterator[str]:  # noqa: ANN401 - a cell
    if _is_missing(cell):
        return
    if isinstance(cell, list | tuple):
        for element in cell:
            yield from _values(element, None)
    elif isinstance(cell, str) and between is not None:
        yield from filter(None, (part.strip() for part in between.split(cell)))
    elif isinstance(cell, float) and cell.is_integer():
        yield str(int(cell))
    elif isinstance(cell, datetime) and cell.time() == time():
        yield str(cell.date())
    else:
        yield from filter(None, [str(cell).strip()])

"""Metadata columns to categorical features, whatever they hold."""

from __future__ import annotations

import re
from datetime import date, datetime
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix, hstack

from ml.interactions import Features

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FEWEST = 2
"""A value that only one has tells no more than its identity does."""
_MOST_NUMBERS, _BINS = 32, 10
_BETWEEN = re.compile(r"\s*[|;,]\s*")


def features_of(columns: Mapping[str, Sequence[Any]]) -> Features | None:
    """Return one column per value that at least two rows have; none where there is no such value.

    Text is cut at `|`, `;` and `,`, and lists at their elements; numbers and dates of more than 32
    values become tenths.
    """
    parts = [_of_column(name, values) for name, values in columns.items()]
    names = tuple(name for part in parts for name in part.names)
    if not names:
        return None
    return Features(names, hstack([part.matrix for part in parts]).tocsr().astype(np.float32))


def _of_column(column: str, values: Sequence[Any]) -> Features:
    codes: dict[str, int] = {}
    rows, cells = [], []
    for row, said in enumerate(_binned(values)):
        for value in dict.fromkeys(_values(said)):
            rows.append(row)
            cells.append(codes.setdefault(value, len(codes)))
    matrix = csr_matrix((np.ones(len(rows)), (rows, cells)), shape=(len(values), len(codes)))
    kept = np.bincount(cells, minlength=len(codes)) >= FEWEST if codes else np.zeros(0, bool)
    names = [f"{column}={value}" for value in codes]
    return Features(
        tuple(name for name, keep in zip(names, kept, strict=True) if keep),
        matrix[:, np.flatnonzero(kept)],
    )


def _binned(values: Sequence[Any]) -> Sequence[Any]:
    """Replace numbers or dates of many values by their tenth; leave all else."""
    there = [value for value in values if not _is_missing(value)]
    if not there or isinstance(there[0], str | bool | list | tuple):
        return values
    if len(set(there)) <= _MOST_NUMBERS:
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


def _values(said: Any) -> Iterator[str]:  # noqa: ANN401 - a cell
    if _is_missing(said):
        return
    if isinstance(said, list | tuple):
        for element in said:
            yield from _values(element)
    else:
        yield from filter(None, _BETWEEN.split(str(said).strip()))

"""Detection of repeated keys in a pull, in 8 bytes per record."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Hashes = npt.NDArray[np.uint64]


def hashes(records: pa.Table, key: tuple[str, ...]) -> Hashes:
    """Hash the key of each record to 64 bits; records with a null in it are left out.

    One column is its own hash. Several are mixed by the finalizer of splitmix64 (Steele, Lea,
    Flood: Fast splittable pseudorandom number generators, 2014): among 10 million keys a false
    repeat has a chance of 3 in a million, and would only cost a second pull.
    """
    columns = records.select(list(key)).drop_null().columns
    mixed = _numbers(columns[0])
    for column in columns[1:]:
        mixed = _scatter(mixed) ^ _numbers(column)
    return mixed


def repeats(parts: list[Hashes]) -> Hashes:
    """Return the repeated hashes, sorted, each once per repetition."""
    if not parts:
        return np.empty(0, np.uint64)
    every = np.concatenate(parts)
    every.sort()
    again: Hashes = every[1:][every[1:] == every[:-1]]
    return again


def _numbers(column: pa.ChunkedArray) -> Hashes:
    """64-bit values without a copy; `to_numpy` would import pandas, a second of start-up."""
    chunks = [
        np.frombuffer(chunk.buffers()[1], np.uint64, len(chunk), chunk.offset * 8)
        for chunk in column.chunks
        if len(chunk)
    ]
    return np.concatenate(chunks) if chunks else np.empty(0, np.uint64)


def _scatter(numbers: Hashes) -> Hashes:
    x = numbers + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    scattered: Hashes = x ^ (x >> np.uint64(31))
    return scattered

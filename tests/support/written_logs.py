"""One log of listens, and the many ways in which programs write it."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Row = tuple[Any, Any, datetime, int]
"""User, track, when in UTC, how often."""

PARIS = timezone(timedelta(hours=1))
NEW_YORK = timezone(timedelta(hours=-5))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


SPELLINGS: dict[str, Callable[[datetime], str]] = {
    "ISO, T and Z": lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}",
    "ISO, a space": lambda at: f"{at:%Y-%m-%d %H:%M:%S}",
    "ISO, fractions": lambda at: f"{at:%Y-%m-%d %H:%M:%S.%f}",
    "ISO, slashes": lambda at: f"{at:%Y/%m/%d %H:%M:%S}",
    "ISO, offset of Paris": lambda at: f"{at.astimezone(PARIS):%Y-%m-%dT%H:%M:%S}+01:00",
    "ISO, offset of New York": lambda at: f"{at.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S}-0500",
    "ISO, short offset": lambda at: f"{at.astimezone(PARIS):%Y-%m-%d %H:%M:%S}+01",
    "ISO, UTC": lambda at: f"{at:%Y-%m-%d %H:%M:%S} UTC",
    "epoch seconds": lambda at: str(_micros(at) // 10**6),
    "epoch seconds, floating": lambda at: f"{_micros(at) / 1e6:.1f}",
    "epoch milliseconds": lambda at: str(_micros(at) // 10**3),
    "epoch microseconds": lambda at: str(_micros(at)),
    "epoch nanoseconds": lambda at: str(_micros(at) * 1000),
    "day first": lambda at: f"{at:%d/%m/%Y %H:%M:%S}",
    "day first, points": lambda at: f"{at:%d.%m.%Y, %H:%M:%S}",
    "month first, AM or PM": lambda at: f"{at:%m/%d/%Y %I:%M:%S %p}",
    "digits": lambda at: f"{at:%Y%m%d%H%M%S}",
    "digits, T and Z": lambda at: f"{at:%Y%m%dT%H%M%SZ}",
    "month's name": lambda at: f"{at:%d %b %Y %H:%M:%S}",
    "month's whole name": lambda at: f"{at:%B %d, %Y %I:%M:%S %p}",
    "mail": lambda at: f"{at:%a, %d %b %Y %H:%M:%S} +0000",
    "Unix": lambda at: f"{at:%a %b %d %H:%M:%S} +0000 {at:%Y}",
}

HEADERS = (
    ("user_id", "track_id", "listened_at", "plays"),
    ("userId", "trackId", "timestamp", "playcount"),
    ("User ID", "Track ID", "Time", "Play Count"),
    (" USER_ID ", "TRACK-ID", "Listened At", "Plays"),
    ("userID", "songID", "ts", "listen_count"),
    ("user", "item_id", "played_at", "weight"),
    ("username", "spotify_track_uri", "uts", "scrobbles"),
    ("uid", "item", "date", "count"),
)


@dataclass(frozen=True, slots=True)
class Ways:
    """How a log is written."""

    form: str = "csv"
    delimiter: str = ","
    headers: tuple[str, ...] = HEADERS[0]
    spelling: str = "ISO, a space"
    encoding: str = "utf-8"
    packing: str = ""
    newline: str = "\n"
    quote_all: bool = False
    order: tuple[int, ...] = (0, 1, 2, 3)
    ids: str = "as they are"
    plays: str = "plain"
    typed_instants: str = ""


def rows(min_size: int = 12) -> st.SearchStrategy[list[Row]]:
    """Draw a log whose days of the month tell days from months."""
    instants = st.integers(0, 400 * 86_400).map(
        lambda second: datetime(2018, 1, 31, tzinfo=UTC) + timedelta(seconds=second)
    )
    ids = st.sampled_from(
        [
            st.integers(1, 40),
            st.integers(10**9, 10**9 + 30),
            st.sampled_from(["007", "7", "07", "a b", "x,y", 'The "Band"', "Sigur Rós", "né;e"]),
            st.sampled_from([f"1844674407370955161500{last}" for last in range(6)]),
            st.sampled_from(["spotify:track:4uLU6h", "Ünï|cödé", "東京", "tab\there", "new\nline"]),
        ]
    )
    return st.tuples(ids, ids).flatmap(
        lambda kinds: st.lists(
            st.tuples(kinds[0], kinds[1], instants, st.integers(1, 3000)),
            min_size=min_size,
            max_size=30,
        ).map(lambda drawn: [*drawn, (*drawn[0][:2], datetime(2018, 12, 31, 13, tzinfo=UTC), 1)])
    )


def ways() -> st.SearchStrategy[Ways]:
    """Draw a way of writing a log."""
    return st.builds(
        Ways,
        form=st.sampled_from(["csv", "csv", "csv", "json", "jsonl", "parquet"]),
        delimiter=st.sampled_from([",", ";", "\t", "|"]),
        headers=st.sampled_from(HEADERS),
        spelling=st.sampled_from(sorted(SPELLINGS)),
        encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
        packing=st.sampled_from(["", "", "gzip", "zstd", "bz2", "xz"]),
        newline=st.sampled_from(["\n", "\r\n"]),
        quote_all=st.booleans(),
        order=st.permutations(range(4)).map(tuple),
        ids=st.sampled_from(["as they are", "blanks around"]),
        plays=st.sampled_from(["plain", "floating", "thousands"]),
        typed_instants=st.sampled_from(["", "naive", "zoned", "epoch"]),
    )


def write(log: list[Row], path: Path, its: Ways) -> None:
    """Write a log in one of the ways."""
    if its.form == "parquet":
        path.write_bytes(_packed(_parquet(log, its), its.packing))
        return
    names = [its.headers[at] for at in its.order]
    cells = [[_cells(row, its)[at] for at in its.order] for row in log]
    file = io.StringIO(newline="")
    if its.form == "csv":
        writer = csv.writer(
            file,
            delimiter=its.delimiter,
            lineterminator=its.newline,
            quoting=csv.QUOTE_ALL if its.quote_all else csv.QUOTE_MINIMAL,
        )
        writer.writerow(names)
        writer.writerows(cells)
    else:
        objects = [dict(zip(names, _typed(line, its), strict=True)) for line in cells]
        lines = [json.dumps(one, ensure_ascii=its.quote_all) for one in objects]
        file.write(its.newline.join(lines) if its.form == "jsonl" else f"[{', '.join(lines)}]")
    path.write_bytes(_packed(file.getvalue().encode(its.encoding), its.packing))


def _cells(row: Row, its: Ways) -> list[str]:
    user, track, at, plays = row
    blank = " " if its.ids == "blanks around" else ""
    number = {"plain": str(plays), "floating": f"{plays}.0", "thousands": f"{plays:,}"}[its.plays]
    ids = [f"{blank}{one}{blank}" for one in (user, track)]
    return [*ids, SPELLINGS[its.spelling](at), number]


def _typed(cells: list[str], its: Ways) -> list[object]:
    """Return a JSON line's values: numbers as numbers in half of the ways."""
    if its.quote_all:
        return list(cells)
    return [int(cell) if cell.isdecimal() and str(int(cell)) == cell else cell for cell in cells]


def _parquet(log: list[Row], its: Ways) -> bytes:
    columns: list[Any] = []
    for at in range(2):
        values = [row[at] for row in log]
        columns.append(pa.array(values if its.quote_all else [str(value) for value in values]))
    naive = pa.array([row[2].replace(tzinfo=None) for row in log], pa.timestamp("us"))
    columns.append(
        {
            "": lambda: pa.array([SPELLINGS[its.spelling](row[2]) for row in log]),
            "naive": lambda: naive,
            "zoned": lambda: pa.array(
                [row[2].astimezone(PARIS) for row in log], pa.timestamp("us", "Europe/Paris")
            ),
            "epoch": lambda: pa.array([_micros(row[2]) // 1000 for row in log]),
        }[its.typed_instants]()
    )
    plays = [row[3] for row in log]
    columns.append(pa.array(plays, pa.float64() if its.plays == "floating" else pa.int64()))
    names = [its.headers[at] for at in its.order]
    file = io.BytesIO()
    pq.write_table(pa.table([columns[at] for at in its.order], names), file)
    return file.getvalue()


def _packed(content: bytes, packing: str) -> bytes:
    match packing:
        case "zstd":
            return bytes(pa.Codec("zstd").compress(content, asbytes=True))
        case "gzip":
            return gzip.compress(content)
        case "bz2":
            return bz2.compress(content)
        case "xz":
            return lzma.compress(content)
    return content

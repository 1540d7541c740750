"""Anyone's listens, and what is known of tracks and users, out of Parquet or CSV files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from lake.paths import NO_PARTITIONS, pattern_of, reader_of
from ml.errors import MissingColumn, TooFewListens, UnreadableTable
from ml.features import features_of
from ml.listens import Listens
from ml.numbering import number_ids

if TYPE_CHECKING:
    from pathlib import Path

    from ml.interactions import Features, Ids

_MOST_PLAYS = 1e12
"""Of a pair: beyond lies nothing that was played, and sums that 32 bits can't hold."""
_EPOCHS = """case
    when abs(listened_at) < 1e11 then make_timestamp((listened_at * 1e6)::bigint)
    when abs(listened_at) < 1e14 then make_timestamp((listened_at * 1e3)::bigint)
    else make_timestamp(listened_at::bigint)
end"""


def read_listens(listens: Path, tracks: Path | None = None, users: Path | None = None) -> Listens:
    """Read `user_id`, `track_id` and, where they are there, `listened_at` and `plays`.

    Every other column of `tracks` (by `track_id`) and `users` (by `user_id`) becomes features.
    Rows without an id, without an instant where there are instants, or without plays are left out;
    instants or plays that no row has count as not asked for.
    """
    with duckdb.connect() as db:
        has = _open(db, "listens", listens, ("user_id", "track_id"))
        for side, path in (("track", tracks), ("user", users)):
            known = _open(db, f"{side}s", path, (f"{side}_id",)) if path else {}
            number_ids(db, side, has, known)
        _forget_empty(db, has)
        columns = _columns(db, listens, has)
        if not len(columns["user_code"]):
            raise TooFewListens(f"{listens} has no row with a user, a track and a play")
        at = columns.get("instant")
        return Listens(
            users=_ids(db, "user"),
            tracks=_ids(db, "track"),
            user=_plain(columns["user_code"]).astype(np.int64),
            track=_plain(columns["track_code"]).astype(np.int64),
            plays=_plain(columns["plays"]).astype(np.float32),
            at=None if at is None else _plain(at).astype("datetime64[us]"),
            user_features=_features(db, "user") if users else None,
            track_features=_features(db, "track") if tracks else None,
        )


def _open(
    db: duckdb.DuckDBPyConnection, name: str, path: Path, needed: tuple[str, ...]
) -> dict[str, str]:
    """Read a file into a table of its own; return its columns' types."""
    if not path.is_file():
        raise UnreadableTable(path, "there is no such file")
    if not path.stat().st_size:
        raise UnreadableTable(path, "it is empty")
    try:
        pattern = pattern_of(path)
        is_parquet = reader_of(path) == "read_parquet"
        reader = f"read_parquet(?, {NO_PARTITIONS})" if is_parquet else _csv_reader(db, pattern)
        db.execute(f"create table {name} as from {reader}", [pattern])
    except (duckdb.Error, ValueError) as error:
        raise UnreadableTable(path, str(error).splitlines()[0]) from error
    types = {str(row[0]): str(row[1]) for row in db.execute(f"describe {name}").fetchall()}
    for column in needed:
        if column not in types:
            raise MissingColumn(path, column, list(types))
    return types


def _csv_reader(db: duckdb.DuckDBPyConnection, pattern: str) -> str:
    """Return the call that reads a CSV: types found on all its rows, and ids as they are written.

    A guess makes one number of two ids of 20 digits, and stops at an `abc` far down.
    """
    sniffed = db.execute(f"describe from read_csv(?, {NO_PARTITIONS})", [pattern]).fetchall()
    there = [row[0] for row in sniffed]
    ids = ", ".join(f"'{name}': 'varchar'" for name in ("user_id", "track_id") if name in there)
    typed = f", sample_size=-1, types={{{ids}}}" if ids else ""
    return f"read_csv(?, {NO_PARTITIONS}{typed})"


def _forget_empty(db: duckdb.DuckDBPyConnection, has: dict[str, str]) -> None:
    """Take an empty column for none: many programs write every column they know of."""
    for column in ("listened_at", "plays"):
        if column in has:
            found = db.execute(f"select count({column}) from listens").fetchall()
            if not found[0][0]:
                del has[column]


def _columns(db: duckdb.DuckDBPyConnection, path: Path, has: dict[str, str]) -> dict[str, Any]:
    wanted = ["user_codes.code as user_code", "track_codes.code as track_code"]
    wanted.append("plays::double as plays" if "plays" in has else "1.0::double as plays")
    if "listened_at" in has:
        wanted.append(f"{_instant(has['listened_at'])} as instant")
    rules = ["isfinite(plays)", "plays > 0"] + (
        ["instant is not null"] if "listened_at" in has else []
    )
    query = f"""
        select * replace (least(plays, {_MOST_PLAYS}) as plays) from (
            select {", ".join(wanted)} from listens
            join user_codes on user_codes.id = user_id
            join track_codes on track_codes.id = track_id
        )
        where {" and ".join(rules)}
    """
    try:
        return db.execute(query).fetchnumpy()
    except duckdb.Error as error:
        raise UnreadableTable(path, str(error).splitlines()[0]) from error


def _instant(kind: str) -> str:
    if any(name in kind for name in ("INT", "DOUBLE", "FLOAT", "DECIMAL")):
        return _EPOCHS
    if "TIME ZONE" in kind:
        return "listened_at at time zone 'UTC'"
    return "listened_at::timestamp"


def _ids(db: duckdb.DuckDBPyConnection, side: str) -> Ids:
    ids = _plain(db.execute(f"select id from {side}_codes order by code").fetchnumpy()["id"])
    typed: Ids = ids.astype(np.int64 if ids.dtype.kind == "i" else np.str_)
    return typed


def _features(db: duckdb.DuckDBPyConnection, side: str) -> Features | None:
    """Read each id's metadata, in the order of the codes; of an id given twice, one row."""
    cursor = db.execute(
        f"select null as nothing, * exclude ({side}_id, id, code) from {side}_codes left join "
        f"(select distinct on ({side}_id) * from {side}s order by all) on {side}_id = id "
        "order by code"
    )
    names = [column[0] for column in cursor.description or []]
    return features_of(dict(zip(names, zip(*cursor.fetchall(), strict=True), strict=True)))


def _plain(column: Any) -> Any:  # noqa: ANN401 - DuckDB masks what could be null
    return np.ma.getdata(column)

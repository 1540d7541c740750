"""The arrays of a snapshot: flat files of numbers, streamed from the published file.

Of each user the tracks, best first, lie behind one another (13 bytes a track); `users.starts` says
where each user's begin. A track is known by its place in `tracks.ids`, and what an answer says of
it is JSON text, rendered here once. A million users with 50 tracks each take 0.7 GB of disk, and
of memory what a batch and DuckDB's sort take.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from api.serving.errors import PublicationUnusable
from api.serving.settings import LARGEST_LIMIT
from api.serving.snapshot.manifest import STRATEGIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import duckdb
    import numpy.typing as npt
    import pyarrow as pa

BATCH = 500_000
"""Rows that are in memory at once."""

_PLACES = """
    create temp table places as
    select
        track_id, (row_number() over (order by track_id) - 1)::integer as place,
        name, artist, album, duration, genres
    from dim_tracks
"""
_TEXTS = """
    select to_json({'track_id': track_id, 'name': name, 'artist': artist})::varchar as text
    from places
    order by place
"""
_MORE = r"""
    select to_json({
        'album': album,
        'duration': case when regexp_full_match(duration, '\d+:\d\d') then
            60_000 * try_cast(split_part(duration, ':', 1) as bigint)
            + 1_000 * try_cast(split_part(duration, ':', 2) as bigint)
        end,
        'genre': lower(trim(genres))
    })::varchar as text
    from places
    order by place
"""
_RANKED = f"""
    create temp view ranked as
    select
        r.user_id, r.rank, p.place as track, r.score::float as score,
        coalesce(b.place, -1) as because,
        (list_position({list(STRATEGIES)}, r.strategy) - 1)::tinyint as strategy
    from recommendations as r
    inner join places as p on p.track_id = r.track_id
    left join places as b on b.track_id = r.because_track_id
    where r.rank <= {LARGEST_LIMIT}
"""
_ALIKE = f"""
    create temp view alike as
    select o.place as origin, s.rank, p.place as track, s.similarity::float as score
    from similar_tracks as s
    inner join places as o on o.track_id = s.track_id
    inner join places as p on p.track_id = s.similar_track_id
    where s.rank <= {LARGEST_LIMIT}
"""
_OF_USER = {"track": np.int32, "score": np.float32, "because": np.int32, "strategy": np.int8}
_OF_TRACK = {"track": np.int32, "score": np.float32}


def write_tracks(published: duckdb.DuckDBPyConnection, folder: Path) -> int:
    """Write all tracks' ids and texts, and give each its place; return how many there are."""
    published.execute(_PLACES)
    query = "select track_id as ids from places order by place"
    write_columns(published, query, folder, "tracks", {"ids": np.int32})
    # without their braces: an answer adds to them
    for name, query in (("tracks", _TEXTS), ("more", _MORE)):
        write_texts(
            folder, name, ([text[1:-1] for text in some] for some in texts(published, query))
        )
    return (folder / "tracks.ids").stat().st_size // 4


def write_recommendations(
    published: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    there: bool,
    others: list[str],
    arms: list[str],
) -> int:
    """Write each user's tracks, and which arm of an experiment the user is in (-1: none).

    Args:
        published: The published file; `write_tracks` has given each track its place.
        folder: Where the arrays go.
        there: Whether there is a table of recommendations.
        others: Tables of users who are known too, with tracks or without.
        arms: The arms that users are in.

    Returns:
        How many users have tracks.

    """
    if there:
        published.execute(_RANKED)
        _require_finite(published, "ranked")
    sources = ["select user_id, 1 as track from ranked"] if there else []
    sources += [
        f"select user_id, 0 as track from {table} where user_id is not null" for table in others
    ]
    if arms:
        sources.append("select user_id, 0 as track, arm from recommendations where rank = 1")
    counts: dict[str, Any] = dict.fromkeys(("user_id", "tracks", "arm"), np.zeros(0, np.int64))
    if sources:
        counts = published.execute(
            "select user_id, sum(track)::bigint as tracks,"
            " coalesce(list_position($arms::varchar[], max(arm)), 0)::tinyint - 1 as arm"
            f" from (select null::varchar as arm where false union all by name"
            f" {' union all by name '.join(sources)})"
            " group by user_id order by user_id",
            {"arms": arms},
        ).fetchnumpy()
    counts["user_id"].astype(np.int32).tofile(folder / "users.ids")
    counts["arm"].astype(np.int8).tofile(folder / "users.arm")
    write_starts(folder / "users.starts", counts["tracks"])
    query = "select track, score, because, strategy from ranked order by user_id, rank"
    write_columns(published, query if there else None, folder, "recommendations", _OF_USER)
    return int(np.count_nonzero(counts["tracks"]))


def write_similar(published: duckdb.DuckDBPyConnection, folder: Path, *, there: bool) -> int:
    """Write each track's similar ones, in the order of places; return how many tracks have some.

    Args:
        published: A connection to the published file.
        folder: Where the files go.
        there: Whether the publication has similar tracks.

    """
    counts = np.zeros((folder / "tracks.ids").stat().st_size // 4, np.int64)
    if there:
        published.execute(_ALIKE)
        _require_finite(published, "alike")
        found = published.sql(
            "select origin, count(*) as tracks from alike group by origin"
        ).fetchnumpy()
        counts[found["origin"]] = found["tracks"]
    write_starts(folder / "similar.starts", counts)
    query = "select track, score from alike order by origin, rank"
    write_columns(published, query if there else None, folder, "similar", _OF_TRACK)
    return int(np.count_nonzero(counts))


def _require_finite(published: duckdb.DuckDBPyConnection, view: str) -> None:
    wrong = published.sql(
        f"select count(*) from {view} where score is null or not isfinite(score)"
    ).fetchall()[0][0]
    if wrong:
        raise PublicationUnusable(f"{wrong} scores of the published file are no numbers")


def texts(published: duckdb.DuckDBPyConnection, query: str) -> Iterator[list[str]]:
    """Yield what the query calls `text`, some at a time."""
    for batch in published.execute(query).to_arrow_reader(BATCH):
        yield batch.column("text").to_pylist()


def write_texts(folder: Path, name: str, written: Iterator[list[str]]) -> None:
    """Write texts into one file without separators, and their offsets into another.

    Args:
        folder: Where the files go.
        name: The name of the file.
        written: Texts in batches.

    """
    lengths = [np.zeros(0, np.int64)]
    with (folder / f"{name}.text").open("wb") as file:
        for some in written:
            rendered = [text.encode() for text in some]
            file.write(b"".join(rendered))
            lengths.append(np.fromiter(map(len, rendered), np.int64, len(rendered)))
    write_starts(folder / f"{name}.starts", np.concatenate(lengths))


def write_columns(
    published: duckdb.DuckDBPyConnection,
    query: str | None,
    folder: Path,
    name: str,
    kinds: Mapping[str, type],
) -> None:
    """Stream a query's columns to a file each; empty ones without a query.

    Args:
        published: A connection to the published file.
        query: What to read; None where the publication has no such table.
        folder: Where the files go.
        name: What the files' names begin with.
        kinds: NumPy's type of each column.

    """
    with ExitStack() as stack:
        opened = {
            column: stack.enter_context((folder / f"{name}.{column}").open("wb"))
            for column in kinds
        }
        if query is None:
            return
        for batch in published.execute(query).to_arrow_reader(BATCH):
            for column, kind in kinds.items():
                write(opened[column], batch, column, kind)


def write(file: Any, batch: pa.RecordBatch, column: str, kind: type) -> None:  # noqa: ANN401
    """Write one column of some rows to an open file.

    Args:
        file: The open file.
        batch: The rows.
        column: The column.
        kind: NumPy's type of it.

    """
    batch.column(column).to_numpy(zero_copy_only=False).astype(kind, copy=False).tofile(file)


def write_starts(path: Path, counts: npt.NDArray[Any]) -> None:
    """Write where each one's rows begin, and at the end where the last one's stop."""
    np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)]).tofile(path)

"""The APIs that ingests are measured on: ready pages, or the project's own over made worlds."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb

from bench import measure


@contextmanager
def page_server(sizes: Sequence[int]) -> Iterator[dict[int, str]]:
    """A server of nothing but ready pages, which no contender has to wait for."""
    with measure.serving(measure.module("bench.days.page_server", max(sizes))) as (_, line):
        yield {size: f"http://127.0.0.1:{line}/{size}" for size in sizes}


@contextmanager
def source_api(sizes: Sequence[int]) -> Iterator[dict[int, str]]:
    """The project's own API over worlds of so many sessions, one server for each."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        urls = {}
        for size in sizes:
            world = Path(folder, str(size))
            make_world(world, size)
            options = ("--world", world, "--data-dir", world, "--port", 0, "--parent-pipe")
            server = measure.serving(measure.module("api.source", *options))
            _, line = servers.enter_context(server)
            urls[size] = line.split()[3].rstrip(",")
        yield urls


def make_world(world: Path, sessions: int) -> None:
    """Sessions of one to nine listens, and a thousand tracks and users, as Parquet files."""
    times = "timestamp '2026-01-01' + to_microseconds((random() * 1e13)::bigint)"
    text = "'a name of ' || id"
    track = ("name", "artist", "songwriters", "genres", "album")
    user = ("first_name", "last_name", "favorite_genres")
    of_track, of_user = (
        ", ".join(f"{text} as {name}" for name in names) for names in (track, user)
    )
    length = "lpad((id % 9)::varchar, 2, '0') || ':' || lpad((id % 60)::varchar, 2, '0')"
    queries = {
        "tracks": f"id, {of_track}, {length} as duration from range(1000) t(id)",
        "users": f"id, {of_user}, id || '@example.org' as email, 'Female' as gender"
        " from range(1000) t(id)",
        "listen_history": f"""
            (random() * 999)::bigint as user_id,
            list_transform(range(1 + (hash(id) % 9)::bigint), x -> (hash(id, x) % 1000)::bigint)
                as items from range({sessions}) t(id)""",
    }
    world.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute("select setseed(0.5)")
        for table, query in queries.items():
            created = f"select {times} as created_at, {query}"
            records = f"select *, created_at + interval 1 hour as updated_at from ({created})"
            connection.execute(f"copy ({records}) to '{world / table}.parquet'")

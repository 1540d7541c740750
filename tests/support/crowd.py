"""Many processes that read published marts, and some that write to what they have open.

`python -m tests.support.crowd LINK READERS WRITERS ROWS SESSIONS` prints "reading", works until its
input ends, and prints what each process saw, as JSON. Each session of a writer adds a byte to the
file SESSIONS.
"""

import json
import os
import random
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import duckdb

LINK, READERS, WRITERS, ROWS = sys.argv[1], *map(int, sys.argv[2:5])
SESSIONS = sys.argv[5]
SEEN = """
select
    any_value(version), count(*) filter (generation is distinct from version), count(*), sum(id)
from publication, (select id, generation from dim_tracks union all from dim_users)
"""
NOBODY = 65_534
HARM = (
    "delete from dim_tracks where random() < 0.5",
    "update dim_users set generation = -1",
    "drop table if exists dim_users",
    "create or replace table dim_users as select 'text' as id",
    "alter table dim_tracks rename column generation to gone",
    "create table notes as select range as n from range(100000)",
    "checkpoint",
)


def read(is_over: Callable[[], bool]) -> dict[str, Any]:
    """Connect, read and close, again and again; what is no publication ends it."""
    versions, shut_out = [], 0
    while not is_over():
        opened_from = os.path.realpath(LINK)
        try:
            with duckdb.connect(LINK, read_only=True) as file:
                if os.path.realpath(LINK) != opened_from:
                    # The link moved while DuckDB resolved it. This may be the former file, to
                    # which a session of root's may write: only `lake.publications.connect` can
                    # notice.
                    continue
                row = file.sql(SEEN).fetchone()
                tables = len(file.sql("show tables").fetchall())
        except duckdb.IOException as error:
            if "Could not set lock on file" not in str(error):
                raise
            shut_out += 1  # root has the newest open for writing
            continue
        assert row is not None
        version, mixed, rows, total = row
        columns_of_its_own = 1 if version % 3 == 0 else 0
        assert (mixed, rows, tables) == (0, 2 * ROWS, 5 + columns_of_its_own), row
        assert total == ROWS * (ROWS - 1), row
        versions.append(version)
    assert versions == sorted(versions), versions
    return {"versions": versions, "shut_out": shut_out}


def write(is_over: Callable[[], bool]) -> dict[str, Any]:
    """Open the newest for writing, wait until it is not, do harm, and close it or die."""
    sessions = 0
    while not is_over():
        opened_from = os.path.realpath(LINK)
        try:
            session = duckdb.connect(LINK)
        except duckdb.Error:
            continue  # readers have it open
        if os.path.realpath(LINK) != opened_from:
            session.close()  # opened as the link moved: which file it is can't be known
            continue
        while os.path.realpath(LINK) == opened_from and not is_over():
            select.select([], [], [], 0.001)
        if os.path.realpath(LINK) == opened_from:
            break
        for _ in range(random.randint(1, 5)):
            with suppress(duckdb.Error):
                session.execute(random.choice(HARM))
        sessions += 1
        with open(SESSIONS, "ab") as file:  # noqa: PTH123 - a path from the command line
            file.write(b".")
        if random.random() < 0.3:  # as if killed: the child leaves its log behind
            os._exit(sessions) if os.fork() == 0 else os.wait()
        with suppress(duckdb.Error):
            session.close()
    return {"sessions": sessions}


def refused() -> str:
    """Open for writing without the rights of root; return why that can't be."""
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
    duckdb.connect(LINK, read_only=True).close()
    try:
        duckdb.connect(LINK).close()
    except duckdb.Error as error:
        return str(error)
    return "nothing refused it"


def start(work: Callable[[Callable[[], bool]], dict[str, Any]], seed: int) -> tuple[int, int]:
    """Begin a child; return the pipe that ends it, and the one it reports to."""
    ends, end = os.pipe()
    reader, writer = os.pipe()
    if os.fork():
        os.close(ends)
        os.close(writer)
        return end, reader
    os.close(end)
    os.nice(10)
    random.seed(seed)
    try:
        seen = work(lambda: bool(select.select([ends], [], [], 0)[0]))
    except BaseException as error:
        seen = {"error": f"{type(error).__name__}: {error}"}
    with os.fdopen(writer, "w") as answer:
        json.dump(seen, answer)
    os._exit(0)


def main() -> None:
    """Let all of them work until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    works = [read] * READERS + [write] * WRITERS
    children = [start(work, seed) for seed, work in enumerate(works)]
    print("reading", flush=True)
    sys.stdin.read()
    for end, _ in children:
        with suppress(BrokenPipeError):  # it failed, and reports why
            os.write(end, b"end")
    answers = []
    for _, reader in children:
        with os.fdopen(reader) as answer:
            answers.append(json.load(answer))
    print(json.dumps({"children": answers, "refused": refused()}))


if __name__ == "__main__":
    main()

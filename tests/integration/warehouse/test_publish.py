"""Readers never wait and never see a bad build: validate, copy, rename."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from orchestration.run.errors import BuildFileInUse, NotValidated
from orchestration.run.lock import WriterLock, hold
from orchestration.run.settings import Settings
from orchestration.warehouse.publishing.publish import publish
from tests.support.checksums import checksums

LEDGER = """
create schema ledger;
create table ledger.state (
    part varchar, status varchar, invocation_id varchar, model_hash varchar,
    validated_at timestamp, as_of timestamp
);
create table ledger.loads (load_id varchar, as_of timestamp, is_published boolean);
create table ledger.relations (part varchar, schema_name varchar, table_name varchar);
create table ledger.personal_columns (schema_name varchar, table_name varchar, column_name varchar);
insert into ledger.personal_columns values ('features', 'user', 'email');
insert into ledger.relations values
    ('marts', 'main', 'dim_tracks'), ('marts', 'main', 'fact_listen_history'),
    ('marts', 'main', 'shown'), ('marts', 'features', 'user'), ('marts', 'staging', 'int_sessions');
insert into ledger.state values
    ('marts', 'validated', 'invocation', 'hash', timestamp '2026-01-02 21:05', null);
insert into ledger.loads values
    ('2.0', timestamp '2026-01-02 21:00', false), ('1.0', timestamp '2026-01-01 21:00', true);
"""
MARTS = """
create table dim_tracks (track_id integer primary key, name varchar not null, items bigint[]);
create table fact_listen_history (user_id integer, track_id integer, listened_at timestamp);
create schema features;
create table features."user" (user_id integer primary key, email varchar);
create table dim_songs as select 1 as the_former_name_of_dim_tracks;
create schema staging;
create table staging.int_sessions as select 1 as user_id;
create view shown as select 1 as one;
comment on table dim_tracks is 'One row per track; it''s whole.';
comment on column dim_tracks.track_id is 'The app''s "id".';
insert into dim_tracks select i, 'name ' || i, [i, i + 1] from range(1000) as made(i);
insert into fact_listen_history select i, i % 1000, timestamp '2026-01-01' from range(5000) as m(i);
insert into features."user" values (7, 'ada@example.com');
"""
READER_TABLES = ["dim_tracks", "fact_listen_history", "user"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def lock(settings: Settings) -> Iterator[WriterLock]:
    with hold(settings.data_dir, "publish") as held:
        yield held


def _build(settings: Settings, *statements: str) -> None:
    with duckdb.connect(settings.build_file) as made:
        for statement in statements:
            made.execute(statement)


def _shape(path: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(path, read_only=True) as file:
        tables = "select table_name, sql, comment from duckdb_tables()"
        columns = "select table_name, column_name, comment from duckdb_columns() where not internal"
        return [
            row
            for described in (tables, columns)
            for row in file.sql(f"{described} order by all").fetchall()
            if row[0] in READER_TABLES
        ]


def _rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    tables = ["dim_tracks", "fact_listen_history", 'features."user"']
    with duckdb.connect(path, read_only=True) as file:
        return {table: file.sql(f"from {table}").fetchall() for table in tables}


def test_what_is_published_is_what_was_built(settings: Settings, lock: WriterLock) -> None:
    _build(settings, LEDGER, MARTS)
    done = publish(settings, lock, "run 1")
    assert _shape(settings.marts_file) == _shape(settings.build_file)
    assert _rows(settings.marts_file) == _rows(settings.build_file)
    assert {table.name: table.rows for table in done.tables} == {
        "features.user": 1,
        "dim_tracks": 1000,
        "fact_listen_history": 5000,
    }
    assert sum(table.bytes for table in done.tables) < done.bytes
    assert done.bytes == settings.marts_file.stat().st_size


def test_only_what_is_the_analysts_is_published(settings: Settings, lock: WriterLock) -> None:
    _build(settings, LEDGER, MARTS)
    publish(settings, lock)
    with duckdb.connect(settings.marts_file, read_only=True) as marts:
        there = marts.sql(
            "select table_schema, table_name from information_schema.tables order by all"
        ).fetchall()
    assert there == [
        ("features", "user"),
        ("main", "dim_tracks"),
        ("main", "fact_listen_history"),
        ("main", "publication"),
        ("main", "publication_files"),
        ("main", "publication_tables"),
    ]


def test_a_publication_says_what_it_is(settings: Settings, lock: WriterLock) -> None:
    _build(settings, LEDGER, MARTS)
    publish(settings, lock, "run 1")
    publish(settings, lock, "run 2")
    described = "select version, run_id, invocation_id, load_ids, model_hash, built_at::varchar"
    for path, version, run_id in (
        (settings.previous_marts_file, 1, "run 1"),
        (settings.marts_file, 2, "run 2"),
    ):
        with duckdb.connect(path, read_only=True) as marts:
            assert marts.sql(f"{described} from publication").fetchall() == [
                (version, run_id, "invocation", ["1.0", "2.0"], "hash", "2026-01-02 21:00:00")
            ]


def test_loads_are_marked_when_their_file_is_published(
    settings: Settings, lock: WriterLock
) -> None:
    _build(settings, LEDGER, MARTS)
    publish(settings, lock)
    with duckdb.connect(settings.build_file) as made:
        assert made.sql("select distinct is_published from ledger.loads").fetchall() == [(True,)]


@pytest.mark.parametrize(
    ("built", "why"),
    [
        ([], "it does not exist"),
        ([MARTS], "it has never been built"),
        ([LEDGER, MARTS, "delete from ledger.state"], "its last build failed or did not end"),
        (
            [LEDGER, MARTS, "update ledger.state set status = 'in_progress'"],
            "its last build failed",
        ),
        ([LEDGER, MARTS, "alter table ledger.state drop validated_at"], "an earlier version"),
        ([LEDGER, MARTS, "drop table ledger.relations"], "it lacks the list of its tables"),
        ([LEDGER, MARTS, "delete from ledger.relations"], "it lacks the list of its tables"),
        (
            [LEDGER, MARTS, "drop table ledger.personal_columns"],
            "it lacks the list of columns with personal data",
        ),
    ],
)
def test_what_is_not_validated_is_not_published(
    settings: Settings, lock: WriterLock, built: list[str], why: str
) -> None:
    _build(settings, LEDGER, MARTS)
    publish(settings, lock)
    before = settings.marts_file.read_bytes()
    settings.build_file.unlink()
    if built:
        _build(settings, *built)
    with pytest.raises(NotValidated, match=why):
        publish(settings, lock)
    assert settings.marts_file.read_bytes() == before
    assert not settings.previous_marts_file.exists()


def test_what_a_crash_left_is_swept_away(settings: Settings, lock: WriterLock) -> None:
    _build(settings, LEDGER, MARTS)
    left = [
        settings.data_dir / name
        for name in (
            "marts.duckdb.0a1b2c3d.tmp",
            "marts.duckdb.0a1b2c3d.tmp.wal",
            "marts.previous.duckdb.0a1b2c3d.tmp",
        )
    ]
    for path in left:
        path.write_text("torn")
    publish(settings, lock)
    assert sorted(path.name for path in settings.data_dir.glob("marts*")) == [
        "marts.duckdb",
        "marts_masked.duckdb",
    ]


def test_a_build_file_that_is_open_elsewhere_is_named(settings: Settings, lock: WriterLock) -> None:
    _build(settings, LEDGER, MARTS)
    with _shell(settings.build_file), pytest.raises(BuildFileInUse, match=r"build\.duckdb"):
        publish(settings, lock)


def test_an_analyst_who_writes_in_the_published_file_stops_no_publication(
    settings: Settings, lock: WriterLock
) -> None:
    _build(settings, LEDGER, MARTS)
    publish(settings, lock)
    with _shell(settings.marts_file) as shell:
        _ask(shell, "create table notes as select 1 as one")
        assert settings.marts_file.resolve().with_name("marts.duckdb.wal").exists()
        assert publish(settings, lock).version == 2
        assert _ask(shell, "select version from publication") == "[(1,)]"
    with duckdb.connect(settings.marts_file, read_only=True) as marts:
        assert marts.sql("select version from publication").fetchall() == [(2,)]
        assert marts.sql("show tables").fetchall() == [
            ("dim_tracks",),
            ("fact_listen_history",),
            ("publication",),
            ("publication_files",),
            ("publication_tables",),
        ]


@pytest.mark.parametrize("size", [0, 20_000])
def test_a_torn_publication_is_replaced_and_the_good_one_before_it_kept(
    settings: Settings, lock: WriterLock, size: int
) -> None:
    _build(settings, LEDGER, MARTS)
    for _ in range(2):
        publish(settings, lock)
    os.truncate(settings.marts_file, size)
    previous = settings.previous_marts_file.read_bytes()
    assert publish(settings, lock).version == 3
    assert settings.previous_marts_file.read_bytes() == previous
    assert publish(settings, lock).version == 4
    assert _rows(settings.marts_file) == _rows(settings.build_file)


def test_a_torn_publication_without_a_previous_one_is_counted_anew(
    settings: Settings, lock: WriterLock
) -> None:
    _build(settings, LEDGER, MARTS)
    settings.marts_file.write_text("torn")
    assert publish(settings, lock).version == 1
    assert not settings.previous_marts_file.exists()


def test_the_masked_file_is_the_same_but_for_personal_data(
    settings: Settings, lock: WriterLock
) -> None:
    _build(settings, LEDGER, MARTS)
    publish(settings, lock, "run 1")
    masked = settings.masked_marts_file
    assert b"ada@example.com" in settings.marts_file.read_bytes()
    assert b"ada@example.com" not in masked.read_bytes()
    assert _rows(masked) == _rows(settings.build_file) | {'features."user"': [(7, None)]}
    columns = "select table_name, column_name, data_type from duckdb_columns() order by all"
    described = "select version, run_id, invocation_id, load_ids, is_masked from publication"
    with (
        duckdb.connect(settings.marts_file, read_only=True) as marts,
        duckdb.connect(masked, read_only=True) as without,
    ):
        assert without.sql(columns).fetchall() == marts.sql(columns).fetchall()
        assert marts.sql(described).fetchall() == [
            (1, "run 1", "invocation", ["1.0", "2.0"], False)
        ]
        assert without.sql(described).fetchall() == [
            (1, "run 1", "invocation", ["1.0", "2.0"], True)
        ]


@pytest.mark.parametrize("renames", range(7))
def test_after_a_crash_between_the_two_renames_the_next_publishes_both(
    settings: Settings, lock: WriterLock, renames: int
) -> None:
    class Killed(BaseException):
        pass

    def rename(draft: Path, target: Path) -> Path:
        nonlocal renames
        if not renames:
            raise Killed
        renames -= 1
        return renamed(draft, target)

    _build(settings, LEDGER, MARTS)
    publish(settings, lock)
    _build(
        settings,
        "insert into dim_tracks values (5000, 'new', [])",
        "update ledger.state set invocation_id = 'next'",
    )
    renamed = Path.replace
    with pytest.MonkeyPatch.context() as patch, suppress(Killed):
        patch.setattr(Path, "replace", rename)
        publish(settings, lock)
    versions = [_version(settings.masked_marts_file), _version(settings.marts_file)]
    assert versions in ([1, 1], [2, 1], [2, 2])
    for path in (settings.masked_marts_file, settings.marts_file):
        is_new = _version(path) == 2
        with duckdb.connect(path, read_only=True) as file:
            assert file.sql("select count(*) from dim_tracks").fetchall() == [(1000 + is_new,)]
    version = publish(settings, lock).version
    assert version > max(versions)
    assert _version(settings.marts_file) == _version(settings.masked_marts_file) == version
    assert len(list(settings.data_dir.glob("marts*"))) == 3


def _version(path: Path) -> int:
    with duckdb.connect(path, read_only=True) as file:
        return int(file.sql("select version from publication").fetchall()[0][0])


def test_a_publication_says_what_its_tables_hold(settings: Settings, lock: WriterLock) -> None:
    _build(settings, LEDGER, MARTS)
    publish(settings, lock)
    for path in (settings.marts_file, settings.masked_marts_file):
        with duckdb.connect(path, read_only=True) as marts:
            described = marts.sql("from publication_tables").fetchall()
        found = checksums(path, schemas=["main", "features"])
        assert {f"{schema}.{table}": held for schema, table, *held in described} == {
            name: list(held) for name, held in found.items()
        }
        assert len(described) == 3


SHELL = """
import sys, duckdb
with duckdb.connect(sys.argv[1]) as file:
    print("open", flush=True)
    for line in sys.stdin:
        answer = file.sql(line)
        print(answer and answer.fetchall(), flush=True)
"""


class _shell:  # noqa: N801 - reads as the context that it is
    """Another process that has a file open, for writing, and answers queries."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SHELL, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> subprocess.Popen[str]:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "open\n"
        return self.process

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def _ask(shell: subprocess.Popen[str], sql: str) -> str:
    assert shell.stdin is not None
    assert shell.stdout is not None
    shell.stdin.write(f"{sql}\n")
    shell.stdin.flush()
    return shell.stdout.readline().strip()

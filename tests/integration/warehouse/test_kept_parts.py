"""A publication writes what changed since the one before, and holds what a whole one would."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from lake.publications import MANIFEST
from orchestration.run.lock import WriterLock, hold
from orchestration.run.settings import Settings
from orchestration.warehouse.publishing.publish import publish
from tests.integration.warehouse.test_publish import LEDGER, MARTS
from tests.support.checksums import checksums

RECOMMENDATIONS = """
create table recommendations (user_id integer not null, track_id integer);
create table greetings (user_id integer primary key, first_name varchar);
comment on table recommendations is 'What the champion recommends.';
insert into recommendations select i, i % 7 from range(300_000) as made(i);
insert into greetings values (7, 'Ada');
insert into ledger.personal_columns values ('main', 'greetings', 'first_name');
insert into ledger.relations values
    ('recommendations', 'main', 'recommendations'), ('recommendations', 'main', 'greetings');
insert into ledger.state values
    ('recommendations', 'validated', 'batch 0', 'hash', timestamp '2026-01-02 21:06', null);
"""
NEW_BATCH = """
update recommendations set track_id = track_id + 1;
insert into greetings values ({0}, 'Grace');
update ledger.state set invocation_id = 'batch {0}' where part = 'recommendations';
"""
NEW_MARTS = """
insert into fact_listen_history values (1, 1, timestamp '2026-01-03');
update ledger.state set invocation_id = 'next' where part = 'marts';
"""
MANY_LISTENS = """
insert into fact_listen_history select hash(i) % 1_000_000, i, null from range(500_000) as made(i);
update ledger.state set invocation_id = 'many', model_hash = 'many';
"""
FAILED = "update ledger.state set status = 'failed' where part = 'recommendations'"
SCHEMAS = ("main", "features")
LISTENS = "fact_listen_history"
READER_TABLES = {"dim_tracks", LISTENS, "user", "recommendations", "greetings"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A data folder with one publication of marts and recommendations."""
    settings = Settings(data_dir=tmp_path)
    _build(settings, LEDGER + MARTS + RECOMMENDATIONS)
    return settings


@pytest.fixture
def lock(settings: Settings) -> Iterator[WriterLock]:
    with hold(settings.data_dir, "publish") as held:
        publish(settings, held)
        yield held


def _build(settings: Settings, statements: str) -> None:
    with duckdb.connect(settings.build_file) as made:
        made.execute(statements)


def _ask(path: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(path, read_only=True) as file:
        return file.sql(sql).fetchall()


def _blocks(path: Path, table: str) -> set[tuple[object, ...]]:
    """Where in the file a table lies."""
    return set(_ask(path, f"select block_id, block_offset from pragma_storage_info('{table}')"))


def _shape(path: Path) -> list[tuple[object, ...]]:
    return _ask(path, "select table_name, sql, comment from duckdb_tables() order by all")


def _require_whole(settings: Settings) -> None:
    """Require what a publication into an empty folder holds, in both files."""
    for link in (settings.marts_file, settings.masked_marts_file):
        there = checksums(link, schemas=SCHEMAS)
        described = _ask(link, "from publication_tables")
        assert {f"{schema}.{table}": tuple(held) for schema, table, *held in described} == there
        made = checksums(settings.build_file, schemas=SCHEMAS)
        personal = {"features.user", "main.greetings"} if link != settings.marts_file else set()
        assert {name: there[name] for name in there.keys() - personal} == {
            name: made[name] for name in there.keys() - personal
        }
        shapes = [
            [row for row in _shape(path) if row[0] in READER_TABLES]
            for path in (link, settings.build_file)
        ]
        assert shapes[0] == shapes[1]
    assert set(_ask(settings.masked_marts_file, "select first_name from greetings")) == {(None,)}
    assert set(_ask(settings.masked_marts_file, "select email from features.user")) == {(None,)}


def test_a_new_batch_is_published_without_writing_the_marts_again(
    settings: Settings, lock: WriterLock
) -> None:
    _build(settings, NEW_BATCH.format(1))
    done = publish(settings, lock, "run 2")
    assert done.kept == ("marts",)
    assert {table.name for table in done.tables} >= {LISTENS, "recommendations", "greetings"}
    assert done.bytes == settings.marts_file.stat().st_size
    assert _blocks(settings.marts_file, LISTENS) == _blocks(settings.previous_marts_file, LISTENS)
    _require_whole(settings)
    parts = "select unnest(parts).invocation_id, version, run_id from publication"
    assert _ask(settings.marts_file, parts) == [
        ("invocation", 2, "run 2"),
        ("batch 1", 2, "run 2"),
    ]


def test_files_do_not_grow_by_what_was_replaced(settings: Settings, lock: WriterLock) -> None:
    sizes = []
    for number in range(1, 6):
        _build(settings, NEW_BATCH.format(number))
        sizes.append(publish(settings, lock).bytes)
    assert max(sizes) < 1.5 * sizes[0]


def test_new_marts_are_published_without_writing_the_recommendations_again(
    settings: Settings, lock: WriterLock
) -> None:
    _build(settings, NEW_MARTS)
    assert publish(settings, lock).kept == ("recommendations",)
    blocks = [
        _blocks(link, "recommendations")
        for link in (settings.marts_file, settings.previous_marts_file)
    ]
    assert blocks[0] == blocks[1]
    _require_whole(settings)


def test_all_that_was_built_again_is_written_again(settings: Settings, lock: WriterLock) -> None:
    _build(settings, NEW_MARTS + NEW_BATCH.format(1))
    assert publish(settings, lock).kept == ()
    _require_whole(settings)


def test_recommendations_that_failed_stay_beside_marts_that_are_kept(
    settings: Settings, lock: WriterLock
) -> None:
    _build(settings, FAILED)
    before = checksums(settings.marts_file, schemas=SCHEMAS)
    publish(settings, lock)
    assert checksums(settings.marts_file, schemas=SCHEMAS) == before
    assert set(_ask(settings.masked_marts_file, "select first_name from greetings")) == {(None,)}


@pytest.mark.parametrize("is_same", [True, False])
def test_of_another_project_nothing_is_kept(
    settings: Settings, lock: WriterLock, is_same: bool
) -> None:
    """A column that was published may be personal data by now."""
    _build(settings, MANY_LISTENS)
    publish(settings, lock)
    _build(settings, NEW_MARTS + "delete from fact_listen_history")
    if not is_same:
        manifest = settings.dbt_dir / "target" / "manifest.json"
        manifest.parent.mkdir(parents=True)
        manifest.write_text('{"nodes": {}}')
    publish(settings, lock)
    blocks = [
        _blocks(link, "recommendations")
        for link in (settings.marts_file, settings.previous_marts_file)
    ]
    assert (blocks[0] == blocks[1]) == is_same
    _require_whole(settings)


def _remove(link: Path) -> None:
    link.unlink()


def _remove_all(link: Path) -> None:
    Path(os.path.realpath(link)).unlink()


def _doubt(link: Path) -> None:
    """Let the manifest have another hash; the file looks untouched."""
    manifest = Path(os.path.realpath(link)).with_name(MANIFEST)
    manifest.chmod(0o644)
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"sha256": "0" * 64}))


@pytest.mark.parametrize("which", ["marts", "masked"])
@pytest.mark.parametrize("damage", [_remove, _remove_all, _doubt])
def test_nothing_is_kept_of_a_publication_that_is_not_whole(
    settings: Settings, lock: WriterLock, damage: Callable[[Path], None], which: str
) -> None:
    damage(settings.marts_file if which == "marts" else settings.masked_marts_file)
    _build(settings, NEW_BATCH.format(1))
    publish(settings, lock)
    _require_whole(settings)

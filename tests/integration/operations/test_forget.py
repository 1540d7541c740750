"""A person who is forgotten is nowhere, and does not come back."""

import contextlib
import gzip
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.erasure.forgotten import people, unfinished
from ingestion.errors import ForgetKeyLost
from ingestion.pull.ingest import ingest
from ingestion.settings import IngestionSettings
from lake import files, log
from lake.feedback.inbox import Inbox
from lake.feedback.inbox_tables import Event
from ml.data.interactions import interactions
from ml.experiments.definition import Arm, Experiment, StartedExperiment
from ml.experiments.experiment_log import write_start
from ml.models.blend import Blend
from ml.models.bundle import trained
from ml.models.hybrid import Hybrid
from ml.models.model import Model
from ml.models.neighbourhood.ease import Ease
from ml.registry import registry
from ml.registry.tracking import tracking_client
from ml.scoring.batch import RECOMMENDATIONS
from ml.settings import MlSettings
from orchestration.operations.erasure.erase import ErasureReport, erase
from orchestration.run.lock import hold
from orchestration.run.settings import Settings
from orchestration.warehouse.publishing.publish import publish
from tests.support.emptied import emptied, refilled
from tests.support.forgotten_models import require_same_answers_to_others
from tests.support.landing import settings_for
from tests.support.original_api import OriginalApi, catalogue, serving
from tests.support.warehouse import Warehouse

PERSON = 1_876_543_219
SIGNS = ("quuxley.zyx@forget-me.example", "zyx.former@forget-me.example", "Zyxwvania", "Quuxington")
DAY = datetime(2026, 2, 1, 6)
LIGHTFM = Hybrid(no_components=4, epochs=2)
DIM = "select * from dim_users where user_id <> 1876543219 order by all"
FACT = "select * from fact_listen_history where user_id <> 1876543219 order by all"


def _profile(email: str, **changed: Any) -> dict[str, Any]:
    return {
        "id": PERSON,
        "first_name": "Zyxwvania",
        "last_name": "Quuxington",
        "email": email,
        "gender": "Agender",
        "favorite_genres": "Jazz",
        "created_at": "2026-01-05T10:00:00",
        "updated_at": "2026-01-05T10:00:00",
        **changed,
    }


def _records() -> dict[str, list[Any]]:
    """An app's records; of the person a former and a present profile, odd ones, and sessions."""
    records = catalogue(7, tracks=30, users=20, sessions=60)
    records["users"] += [
        _profile(SIGNS[1]),
        _profile(SIGNS[0], id=None),
        _profile(SIGNS[0], gender=7),
        _profile(SIGNS[0], updated_at="2026-01-06T10:00:00", id=PERSON),
    ]
    tracks = [track["id"] for track in records["tracks"]]
    for day, created in ((7, "2026-01-07T10:00:00"), (8, "2027-01-08T10:00:00")):
        records["listen_history"].append(
            {
                "user_id": PERSON,
                "items": tracks[:day],
                "created_at": created,
                "updated_at": f"2026-01-0{day}T11:00:00",
            }
        )
    return records


@pytest.fixture(scope="module")
def api() -> Iterator[OriginalApi]:
    with serving(OriginalApi(_records())) as api:
        yield api


def _register(data_dir: Path, models: list[Model]) -> None:
    """Train models on listens of the person and three others, and register them.

    In a separate folder: MLflow keeps a database open until its process ends, and
    another one at the same path would be taken for it.
    """
    from mlflow import log_text, set_tag, start_run  # noqa: TID251 - runs that tell too much

    users, tracks = np.array([1, 2, PERSON, 4]), np.arange(10, 40)
    rows, columns = np.nonzero(np.random.default_rng(5).random((4, 30)) < 0.4)
    data = interactions(users, tracks, rows, columns, np.ones(len(rows)))
    given = MlSettings(data_dir=data_dir)
    for model in models:
        with tracking_client(given) as client, start_run():
            row = registry.log_model(client, trained(model, data, 1))
            set_tag("odd", f"user_id: {PERSON}, {SIGNS[0]}")
            log_text(f"the best listener is user {PERSON}\n", "notes.txt")
        dates = dict.fromkeys(("trained_at", "data_as_of", "cut_off"), DAY)
        registry.record(given, row | dates)


def _publish(data_dir: Path) -> None:
    with hold(data_dir, "test") as lock:
        publish(Settings(data_dir=data_dir), lock, "r")


@pytest.fixture(scope="module")
def history(api: OriginalApi, data_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which the person is wherever one can be; not to be changed."""
    ingestion = settings_for(emptied(data_home), api)
    inbox = Inbox(ingestion.inbox_url)
    inbox.create()
    inbox.add([[Event(f"by {one}", one, 7, "hide", DAY, f"{one}-mix") for one in (1, PERSON)]])
    inbox.close()
    ingest(ingestion, as_of=DAY, run_id="r1")
    Warehouse(data_home).build("--write-json")  # the publication knows the manifest by its hash
    for _ in range(2):
        _publish(data_home)
    lake = data_home / "lake"
    with pytest.MonkeyPatch.context() as patch:  # killed before dlt loads: package and record stay
        patch.setattr("ingestion.pull.ingest.finish", lambda *_: 1 / 0)
        with contextlib.suppress(ZeroDivisionError):
            ingest(ingestion, as_of=DAY + timedelta(days=1), run_id="r2")
    batch = lake / "ml" / "recommendations" / "model_version=1" / "run_id=r" / "a.parquet"
    batch.parent.mkdir(parents=True)
    about = {"rank": 1, "track_id": 7, "score": 0.5, "strategy": "model", "model_version": 1}
    about |= {"run_id": "r", "data_as_of": DAY, "made_at": DAY}
    about |= {"arm": "one/control", "arm_version": 1}
    arms = (Arm("control", 0.5, 1), Arm("new", 0.5, 1))
    experiment = StartedExperiment(Experiment("one", arms, "one"), DAY, 0.01)
    write_start(str(lake), experiment, "r")
    both = [{"user_id": user_id, **about} for user_id in (1, PERSON)]
    pq.write_table(pa.Table.from_pylist(both, RECOMMENDATIONS), batch)
    registered = tmp_path_factory.mktemp("registered")
    ease = Ease(regularization=5.0)
    _register(registered, [ease, LIGHTFM, Blend((LIGHTFM, ease), (0.5, 0.5))])
    for folder in ("mlflow", "lake/ops/models"):
        shutil.copytree(registered / folder, data_home / folder)
    model = next((data_home / "mlflow").rglob("factors.npz"))
    for left in (
        model.with_name(".factors.npz.1.tmp"),  # killed as a model or a batch was written
        batch.with_name(".batch.parquet.1.tmp"),
        data_home / "tmp" / "tmp1" / "factors.npz",
    ):
        left.parent.mkdir(parents=True, exist_ok=True)
        left.write_bytes((model if "factors" in left.name else batch).read_bytes())
    (data_home / "logs").mkdir()
    packed = pa.compress(f"user {PERSON} has {SIGNS[1]}".encode(), "zstd", asbytes=True)
    (data_home / "logs" / "old.log.zst").write_bytes(packed)
    (data_home / "quality").mkdir(exist_ok=True)
    (data_home / "quality" / "odd.html").write_text(f"<td>{SIGNS[0]}</td>")
    (data_home / "dbt" / "logs").mkdir(parents=True, exist_ok=True)
    (data_home / "dbt" / "logs" / "dbt.log").write_text(
        f"a line\nDuplicate key user_id: {PERSON}\nlast_name: Quuxington, first_name: Zyxwvania\n"
    )
    (data_home / "old.json.gz").write_bytes(gzip.compress(json.dumps({"to": SIGNS[0]}).encode()))
    row = {"run_id": "r", "error": f"unique: user_id={PERSON} {SIGNS[0]}", "outcome": "failed"}
    log.append(str(lake), "api_health", [row], DAY.date())
    # What a killed load left beside: a torn file, which no load counts.
    torn = next((lake / "raw" / "users").rglob("*.parquet"))
    (torn.parent / "1700000000.1.00000000.parquet").write_bytes(torn.read_bytes()[:-9])
    kept = tmp_path_factory.mktemp("history") / "data"
    shutil.copytree(data_home, kept, ignore=shutil.ignore_patterns("target"))
    assert _found_in(kept) >= {
        "build.duckdb", "marts.duckdb", "marts.previous.duckdb", "factors.npz", "dbt.log",
        "old.json.gz", "a.parquet", "old.log.zst", "odd.html", "mlflow.db", "notes.txt",
        ".factors.npz.1.tmp", ".batch.parquet.1.tmp", "inbox.sqlite",
    }  # fmt: skip
    return kept


@pytest.fixture
def data_dir(history: Path, data_home: Path) -> Path:
    """The folder with its history, where dbt knows it."""
    refilled(emptied(data_home), history)
    return data_home


def _erase(data_dir: Path, run_id: str = "f") -> ErasureReport:
    with hold(data_dir, "forget") as lock:
        return erase(Settings(data_dir=data_dir), lock, PERSON, "asked to", run_id)


def _found_in(data_dir: Path) -> set[str]:
    """Names of all files that name the person, decoded by what they are, and as bytes."""
    paths = [path for path in data_dir.rglob("*") if path.is_file()]
    assert len(paths) > 10
    return {path.name for path in paths if _tells(path)}


def _tells(path: Path) -> bool:
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    elif content[:4] == b"\x28\xb5\x2f\xfd":
        content = pa.CompressedInputStream(pa.BufferReader(content), "zstd").read()
    if any(sign.encode() in content for sign in SIGNS) or str(PERSON).encode() in content:
        return True
    kind = next((one for one in READERS if f"{one}." in f"{path.name}."), "")
    reader = READERS.get(kind)
    return any(_is_sign(value) for value in reader(path)) if reader else False


def _is_sign(value: object) -> bool:
    return value == PERSON or any(sign in str(value) for sign in (*SIGNS, str(PERSON)))


def _parquet(path: Path) -> Iterator[object]:
    try:
        rows = pq.ParquetFile(path).read()
    except pa.ArrowInvalid:
        return iter([SIGNS[0]])  # torn: its content is unknown
    return (value for column in rows.columns for value in column.to_pylist())


def _tables(path: Path) -> Iterator[object]:
    with duckdb.connect(path, read_only=True) as file:
        for schema, table in file.sql(
            "select schema_name, table_name from duckdb_tables()"
        ).fetchall():
            for row in file.sql(f'from "{schema}"."{table}"').fetchall():
                yield from row


def _arrays(path: Path) -> Iterator[object]:
    with np.load(path, allow_pickle=False) as arrays:
        for name in arrays.files:
            yield from arrays[name].ravel().tolist()


def _sqlite(path: Path) -> Iterator[object]:
    with contextlib.closing(sqlite3.connect(path)) as file:
        asked = "select name from sqlite_master where type = 'table'"
        for (table,) in file.execute(asked).fetchall():
            for row in file.execute(f'select * from "{table}"'):
                yield from row


READERS = {
    ".parquet": _parquet,
    ".duckdb": _tables,
    ".npz": _arrays,
    ".db": _sqlite,
    ".sqlite": _sqlite,
}


def _read(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(path, read_only=True) as file:
        return file.sql(sql).fetchall()


def test_a_forgotten_person_is_nowhere_and_does_not_come_back(
    history: Path, data_dir: Path, api: OriginalApi
) -> None:
    others = {sql: _read(history / "marts.duckdb", sql) for sql in (DIM, FACT)}
    assert all(others.values())
    done = _erase(data_dir)
    assert _found_in(data_dir) == set()
    # two profiles, one without an id, one set aside, two sessions; an event in the lake and in the
    # inbox, and there what is hidden
    assert done.records == 9
    assert _read(data_dir / "marts.duckdb", "select user_id, kind from fact_feedback") == [
        (1, "hide")
    ]
    for name in ("marts.duckdb", "marts.previous.duckdb", "build.duckdb"):
        assert {sql: _read(data_dir / name, sql) for sql in others} == others
    require_same_answers_to_others(history, data_dir, [1, 2, 3])
    assert (data_dir / "forget.key").stat().st_mode & 0o777 == 0o600

    # The app still has the record: the next pulls bring it, and it is dropped as it comes.
    ingestion = settings_for(data_dir, api)
    brought = ingest(ingestion, as_of=DAY + timedelta(days=2), full=True, run_id="r3")
    assert {pull.table: (pull.forgotten, pull.rejected) for pull in brought.pulls} == {
        "tracks": (0, 0),
        "users": (4, 0),
        "listen_history": (2, 0),
    }
    warehouse = Warehouse(data_dir)
    warehouse.build()
    assert not warehouse.dbt("test").failed
    warehouse.build("--full-refresh")
    _publish(data_dir)
    assert _read(data_dir / "marts.duckdb", FACT) == others[FACT]
    assert _read(data_dir / "marts.duckdb", "select count(*) from dim_users") == [
        (len(others[DIM]),)
    ]
    assert unfinished(ingestion.lake_url) == 0
    assert _found_in(data_dir) == set()

    (data_dir / "forget.key").write_text("another")
    with pytest.raises(ForgetKeyLost, match="put the former key back"):
        people(ingestion)


def test_the_masked_file_holds_no_personal_value(history: Path) -> None:
    masked = history / "marts_masked.duckdb"
    assert not [value for value in _tables(masked) if any(sign in str(value) for sign in SIGNS)]
    for table in ("dim_users", "dim_users_history"):
        selected = "count(first_name), count(last_name), count(email), count(gender)"
        assert _read(masked, f"select {selected} from {table}") == [(0, 0, 0, 0)]
        ids = f"select user_id, favorite_genres from {table} order by all"
        assert _read(masked, ids) == _read(history / "marts.duckdb", ids)


@pytest.mark.usefixtures("history")
def test_every_personal_column_is_tagged_wherever_it_goes(data_home: Path) -> None:
    manifest = json.loads((data_home / "dbt" / "target" / "manifest.json").read_text())
    nodes = manifest["sources"] | manifest["nodes"]

    def tagged(unique_id: str) -> set[str]:
        columns = nodes[unique_id]["columns"].values()
        return {
            one["name"] for one in columns if one["config"].get("meta", {}).get("personal_data")
        }

    users = "source.moovitamix.raw.users"
    personal = tagged(users)
    assert personal == {"first_name", "last_name", "email", "gender"}
    downstream, waiting = set(), [users]
    while waiting:
        for child in manifest["child_map"][waiting.pop()]:
            if child.startswith("model.") and child not in downstream:
                downstream.add(child)
                waiting.append(child)
    holding = {one for one in downstream if personal & set(nodes[one]["columns"])}
    assert {one.rsplit(".", 1)[-1] for one in holding} >= {
        "stg_raw__users", "int_user_versions", "dim_users_history", "dim_users", "quarantine_users",
    }  # fmt: skip
    for one in holding:
        assert tagged(one) == personal & set(nodes[one]["columns"]), one


WALK = """
    select distinct listens.load_id, files.run_id, files.file
    from fact_listen_history as listens
    inner join publication_files as files
        on listens.load_id = files.load_id and files.table_name = 'listen_history'
    where listens.user_id = 1876543219
"""


def test_from_a_row_of_a_mart_one_walks_to_its_load_and_its_file(history: Path) -> None:
    ((load_id, run_id, file),) = _read(history / "marts.duckdb", WALK)
    results = {row["load_id"]: row for row in log.read(str(history / "lake"), "load_verdicts")}
    assert results[load_id]["run_id"] == run_id == "r1"
    brought = duckdb.sql(f"from read_parquet('{history / 'lake' / file}')")
    assert brought.filter(f"user_id = {PERSON} and _dlt_load_id = '{load_id}'").fetchall()
    selected = "select git_commit, manifest_hash from publication"
    ((commit, manifest_hash),) = _read(history / "marts.duckdb", selected)
    assert commit is None or len(commit.removesuffix("-dirty")) == 40
    assert len(manifest_hash) == 64
    # Every row of every mart that was made of a load leads to a file.
    for mart in ("fact_listen_history", "dim_users_history", "dim_tracks_history"):
        lost = f"select load_id from {mart} anti join publication_files using (load_id)"
        assert _read(history / "marts.duckdb", lost) == []


class Killed(BaseException):
    """As kill -9: nothing catches it."""


def _kill_at(patch: pytest.MonkeyPatch, step: int) -> None:
    done = 0

    def killing(change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*words: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if 2 * done == step:
                raise Killed
            result = change(*words, **named)
            if 2 * done + 1 == step:
                raise Killed
            return result

        return changed

    patch.setattr(Path, "replace", killing(Path.replace))
    patch.setattr(Path, "unlink", killing(Path.unlink))
    patch.setattr(files, "remove", killing(files.remove))


def _crash(history: Path, step: int) -> None:
    # Never the same folder twice, for MLflow's sake.
    crashed = Path(tempfile.mkdtemp(dir=history.parent)) / "data"
    shutil.copytree(history, crashed)
    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Killed):
        _kill_at(patch, step)
        _erase(crashed, "first")
    _erase(crashed, "second")
    assert _found_in(crashed) == set()
    require_same_answers_to_others(history, crashed, [1, 2, 3])
    rows = _read(crashed / "build.duckdb", FACT)
    assert rows == _read(history / "build.duckdb", FACT)
    assert unfinished(str(crashed / "lake")) == 0
    # Counted once, in the files that count, however often it began.
    fs = IngestionSettings(data_dir=crashed)
    import fsspec

    storage = fsspec.filesystem("file")
    removed = [
        files.footer(storage, path).removed.total()
        for folder in Path(fs.lake_url, "raw").glob("*/load_date=*")
        for path in files.current(storage, str(folder))
    ]
    assert sum(removed) == 7  # one of them an event of feedback
    shutil.rmtree(crashed)


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(step=st.integers(2, 110))
def test_killed_at_any_step_the_same_command_finishes(history: Path, step: int) -> None:
    _crash(history, step)


@pytest.mark.slow
@pytest.mark.parametrize("step", range(2, 130))
def test_killed_at_every_step_the_same_command_finishes(history: Path, step: int) -> None:
    _crash(history, step)

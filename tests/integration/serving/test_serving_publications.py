"""What serving makes of the published file: new ones, broken ones, none."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.dataset as ds
import pytest
from prometheus_client import values

from api.serving.access import api_keys
from api.serving.errors import KeysFileBroken, SnapshotDamaged
from api.serving.processes.refresher import Refresher
from api.serving.snapshot.current import CurrentSnapshot
from api.serving.telemetry.hourly import Hourly
from api.serving.telemetry.logs import Log
from api.serving.telemetry.prometheus_metrics import ROUTES, Counts
from lake.schemas import OPS
from tests.support.served_marts import Marts
from tests.support.serving_server import RunningServing, begin_serving, serving, settings, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from api.serving.settings import ServingSettings


class House:
    """A refresher and a worker's view of what it prepared, in one process."""

    def __init__(self, data_dir: Path, **given: Any) -> None:
        self.settings: ServingSettings = settings(data_dir, **given)
        self.marts = self.settings.marts_file
        self.open()

    def open(self) -> None:
        """Begin, or begin again after the end of all processes."""
        self.refresher = Refresher(self.settings, Log("test"))
        self.served = CurrentSnapshot(self.settings)

    def look(self) -> None:
        """Let the refresher look at the file, and the worker at its result."""
        self.refresher.look()
        self.served.refresh()

    def user(self, user_id: int, limit: int = 50) -> dict[str, Any]:
        """One user's answer."""
        assert self.served.snapshot
        found: dict[str, Any] = json.loads(
            b"{%b}" % self.served.snapshot.of_user(user_id, limit).body
        )
        return found

    def health(self) -> dict[str, Any]:
        """What every answer says."""
        assert self.served.snapshot
        found: dict[str, Any] = json.loads(b"{%b}" % self.served.snapshot.envelope())
        return found

    def version(self) -> int | None:
        """The version of the model that is served."""
        assert self.served.snapshot
        return self.served.snapshot.manifest.model_version


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Nothing published yet."""
    return House(tmp_path)


def test_nothing_is_served_before_the_first_publication(house: House) -> None:
    house.look()
    assert house.served.snapshot is None
    assert house.served.degraded == "the published file is missing"


def test_a_new_publication_replaces_the_answers_whole(house: House) -> None:
    Marts(version=1, model_version=1).publish(house.marts)
    house.look()
    first = house.user(10)
    Marts(version=2, model_version=2).publish(house.marts)
    before = house.served.snapshot
    house.look()

    assert before is not house.served.snapshot
    assert (house.version(), house.served.degraded) == (2, None)
    assert [item["track_id"] + 1 for item in first["items"]] == [
        item["track_id"] for item in house.user(10)["items"]
    ]
    # a request that started with the former answers ends with them
    assert before
    assert json.loads(b"{%b}" % before.of_user(10, 50).body) == first


def test_the_same_file_is_prepared_once_even_by_a_new_server(house: House) -> None:
    Marts().publish(house.marts)
    house.look()
    folders = sorted((house.settings.folder / "answers").iterdir())
    house.look()
    house.open()
    house.look()
    assert sorted((house.settings.folder / "answers").iterdir()) == folders
    assert len(folders) == 1


def test_older_answers_are_removed_but_for_the_former(house: House) -> None:
    for version in range(1, 5):
        Marts(version=version).publish(house.marts)
        house.look()
    kept = [path.name.split("-")[0] for path in (house.settings.folder / "answers").iterdir()]
    assert sorted(kept) == ["3", "4"]

    house.open()  # and some seconds later, or at a new start, the former too: who was forgotten is
    house.look()
    (last,) = (house.settings.folder / "answers").iterdir()
    assert last.name.startswith("4-")


def missing(path: Path) -> None:
    path.unlink()


def torn(path: Path) -> None:
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[: len(whole) // 3])


def no_database(path: Path) -> None:
    path.unlink()
    path.write_text("not a database")


def no_table(path: Path) -> None:
    Marts(version=2, model_version=2, leave_out=("recommendations",)).publish(path)


def empty_table(path: Path) -> None:
    Marts(version=2, model_version=2, users=0).publish(path)


def nan_scores(path: Path) -> None:
    Marts(version=2, model_version=2, score="if(rank = 7, 'nan', '1')::double").publish(path)


def null_scores(path: Path) -> None:
    Marts(version=2, model_version=2, score="if(rank = 7, null, 1)").publish(path)


def no_publication(path: Path) -> None:
    Marts(version=2, model_version=2, leave_out=("publication",)).publish(path)


@pytest.mark.parametrize(
    ("happens", "expected"),
    [
        (missing, "the published file is missing"),
        (torn, "the published file can't be read"),
        (no_database, "the published file can't be read"),
        (no_table, "the published file has no recommendations"),
        (empty_table, "the published file has no recommendations"),
        (nan_scores, "5 scores of the published file are no numbers"),
        (null_scores, "5 scores of the published file are no numbers"),
        (no_publication, "the published file can't be read"),
    ],
)
def test_the_last_good_answers_go_on_whatever_becomes_of_the_file(
    house: House, happens: Any, expected: str
) -> None:
    Marts().publish(house.marts)
    house.look()
    good = house.user(10)
    happens(house.marts)
    house.look()
    assert (house.user(10), house.version(), house.served.degraded) == (good, 1, expected)

    house.open()  # and so they do when every process begins again
    house.look()
    assert (house.user(10), house.version(), house.served.degraded) == (good, 1, expected)
    assert not list((house.settings.folder / "answers").glob("*.draft"))

    Marts(version=3, model_version=3).publish(house.marts)
    house.look()
    assert (house.version(), house.served.degraded) == (3, None)


def test_before_any_model_everybody_gets_the_popular_tracks(house: House) -> None:
    without = ("recommendations", "similar_tracks", "champion_model")
    Marts(leave_out=without).publish(house.marts)
    house.look()
    assert house.version() is None
    assert (house.user(10)["strategy"], len(house.user(10)["items"])) == ("popularity", 40)
    assert house.served.snapshot
    assert json.loads(house.served.snapshot.model())["champion"] is None
    similar = house.served.snapshot.similar_to(1, 10)
    assert similar
    assert json.loads(similar)["items"] == []

    Marts(version=2).publish(house.marts)
    house.look()
    assert house.user(10)["strategy"] == "model"


def test_a_file_with_nothing_to_serve_serves_nothing(house: House) -> None:
    Marts(leave_out=("recommendations", "popular_tracks")).publish(house.marts)
    house.look()
    assert house.served.snapshot is None
    assert "neither recommendations nor popular tracks" in str(house.served.degraded)


def test_predictions_that_grew_old_are_marked_stale(tmp_path: Path) -> None:
    house = House(tmp_path, stale_after=timedelta(hours=36))
    made_at = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=35)
    Marts(made_at=made_at).publish(house.marts)
    house.look()
    assert house.health()["stale"] is False
    Marts(version=2, made_at=made_at - timedelta(hours=2)).publish(house.marts)
    house.look()
    assert house.health()["stale"] is True


def test_the_champion_is_told_only_when_the_predictions_are_its_own(house: House) -> None:
    Marts(model_version=4).publish(house.marts)
    with duckdb.connect(house.marts) as marts:
        marts.execute("update champion_model set model_version = 5")
    house.look()
    assert house.served.snapshot
    model = json.loads(house.served.snapshot.model())
    assert (model["model_version"], model["champion"]) == (4, None)


def test_an_hour_that_ends_ends_its_row(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = house.settings.metrics_folder
    folder.mkdir(parents=True)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    of_processes = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(values, "ValueClass", of_processes)
    mine = Counts()
    hourly = Hourly(house.settings, at=datetime(2026, 11, 22, 9, 30))
    for number in range(100):
        mine.request(ROUTES[0], 200, (number + 1) * 100_000)
        mine.user(0, known=number % 4 != 0, stale=False)
    hourly.keep(None, at=datetime(2026, 11, 22, 10, 0, 1))
    mine.request(ROUTES[0], 500, 1_000_000)
    mine.request("other", 401, 1_000)
    hourly.keep(None, ends=True, at=datetime(2026, 11, 22, 10, 1))

    rows = ds.dataset(f"{house.settings.lake_url}/ops/serving").to_table()
    assert set(OPS["serving"].names) <= set(rows.column_names)
    nine, ten = sorted(rows.to_pylist(), key=lambda row: row["hour"])
    assert (nine["hour"], ten["hour"]) == (datetime(2026, 11, 22, 9), datetime(2026, 11, 22, 10))
    assert (nine["requests"], nine["user_requests"], nine["cold_requests"]) == (100, 100, 25)
    assert (nine["errors"], ten["requests"], ten["errors"], ten["refused"]) == (0, 1, 1, 1)
    assert nine["p50_ms"] == pytest.approx(5, rel=0.05)
    assert nine["p99_ms"] == pytest.approx(10, rel=0.05)


def test_a_publication_under_load_is_seen_at_once_and_drops_no_request(tmp_path: Path) -> None:
    Marts(model_version=1, users=2_000, tracks=500, per_user=50).publish(tmp_path / "marts.duckdb")
    with serving(tmp_path, workers=2) as running:
        seen: list[int] = []
        wrong: list[object] = []
        done = threading.Event()

        def load() -> None:
            while not done.is_set():
                answered = running.ask("/users/10/recommendations?limit=50")
                if answered.status != 200:
                    wrong.append(answered.data)
                    continue
                body = answered.json()
                version = body["model_version"]
                first = (1 + 1 + version) % 500 + 1  # as Marts chooses tracks by model version
                if [item["track_id"] for item in body["items"]] != list(range(first, first + 50)):
                    wrong.append(body)
                seen.append(version)

        threads = [threading.Thread(target=load) for _ in range(3)]
        for thread in threads:
            thread.start()
        took = []
        for version in (2, 3, 4):
            wait_for(lambda: len(seen) > 50)
            Marts(version, version, users=2_000, tracks=500, per_user=50).publish(
                tmp_path / "marts.duckdb"
            )
            took.append(wait_for(lambda version=version: seen[-1] == version))  # type: ignore[misc]
        done.set()
        for thread in threads:
            thread.join()
    assert not wrong
    assert sorted(set(seen)) == [1, 2, 3, 4]
    assert min(took) < 1


@pytest.mark.parametrize("left", [0, 9], ids=["empty", "half"])
def test_a_torn_pointer_is_written_again_and_answers_go_on(house: House, left: int) -> None:
    Marts(version=1, model_version=1).publish(house.marts)
    house.look()
    pointer = house.settings.folder / "current.json"
    good = pointer.read_bytes()
    pointer.write_bytes(good[:left])
    with pytest.raises(SnapshotDamaged, match=r"current\.json .*damaged"):
        house.served.refresh()
    assert house.version() == 1
    house.look()
    assert pointer.read_bytes() == good

    pointer.write_bytes(good[:left])
    house.open()
    house.look()
    assert house.version() == 1


def test_damaged_answers_are_prepared_again_as_serving_begins(house: House) -> None:
    Marts(version=1, model_version=1).publish(house.marts)
    house.look()
    good = house.user(10)

    def arrays() -> list[Path]:
        pointer = json.loads((house.settings.folder / "current.json").read_bytes())
        folder = house.settings.folder / "answers" / pointer["folder"]
        return sorted(path for path in folder.iterdir() if path.stat().st_size)

    assert len(arrays()) > 8
    for number in range(len(arrays())):
        size = arrays()[number].stat().st_size
        for content in (0, size // 2, size - 1, None):
            path = arrays()[number]
            whole = path.read_bytes()
            path.write_bytes(whole[:content] if content is not None else whole[::-1] + b"x")
            house.open()
            house.look()
            assert house.user(10) == good, (path.name, content)
            assert path.parent != arrays()[number].parent


def test_keys_that_are_torn_let_nobody_else_in_and_lock_nobody_out(house: House) -> None:
    path = house.settings.keys_file
    secret = api_keys.add(path, "app").encode()
    ring = api_keys.KeyRing(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:40])
    with pytest.raises(KeysFileBroken, match="put it back from a backup, or remove it"):
        ring.refresh()
    assert ring.find(secret)
    assert ring.find(b"another") is None
    assert ring.fault
    begun_with_torn_keys = api_keys.KeyRing(path)
    assert begun_with_torn_keys.find(secret) is None
    assert begun_with_torn_keys.fault
    path.write_bytes(whole)
    begun_with_torn_keys.refresh()
    assert begun_with_torn_keys.find(secret)
    assert begun_with_torn_keys.fault is None


@pytest.mark.parametrize(
    "torn",
    [
        b'{"keys": [{"na',
        b"\xff\x00",
        *(pytest.param(other, marks=pytest.mark.slow) for other in (b"", b"[]", b"null")),
    ],
)
def test_the_api_comes_up_with_torn_files_and_logs_one_line(tmp_path: Path, torn: bytes) -> None:
    Marts(version=1, model_version=1).publish(tmp_path / "marts.duckdb")
    with serving(tmp_path) as running:
        assert running.ask("/model").status == 200
    folder = settings(tmp_path).folder
    (folder / "current.json").write_bytes(torn)
    (folder / "keys.json").write_bytes(torn)
    log = tmp_path / "torn.log"
    process = begin_serving(tmp_path, "--workers=2", log=log, MOOVITAMIX_SERVING_HOST="0.0.0.0")
    assert process.stdout
    try:
        port = process.stdout.readline().rsplit(":", 1)[-1].strip()
        asked = RunningServing(f"http://127.0.0.1:{port}", running.key, process, log)
        wait_for(lambda: asked.ask("/ready", key=None).status == 200)
        ready = json.loads(asked.ask("/ready", key=None).data)
        assert ready["degraded"] == "the list of API keys can't be read"
        refusal = asked.ask("/model")
        assert refusal.status == 503
        assert "the server's log says what to do" in refusal.data.decode()
        wait_for(lambda: "keys.json" in log.read_text())
    finally:
        process.terminate()
        process.wait(30)
    failures = [
        one for one in map(json.loads, log.read_text().splitlines()) if one["event"] == "failure"
    ]
    assert [one["error"] for one in failures].count("KeysFileBroken") == 1
    assert len(failures) <= 2
    assert all("where" not in one for one in failures)

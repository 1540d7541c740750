"""Serving over HTTP: its answers, who may ask, how much, and what is recorded."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from api.serving.access import api_keys
from api.serving.settings import LARGEST_BATCH
from tests.support.served_marts import Marts
from tests.support.serving_server import begin_serving, serving, settings, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.serving_server import RunningServing

TRACK_3 = {"track_id": 3, "name": None, "artist": None}
BATCH = {"user_ids": [10], "limit": 3}
FEEDBACK = {"events": [{"key": "one", "user_id": 99, "track_id": 3, "kind": "like"}]}


def track(track_id: int) -> dict[str, Any]:
    return {
        "track_id": track_id,
        "name": f'Track "{track_id}" ♪',
        "artist": f"Artist {track_id % 7}",
    }


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def running(data_dir: Path) -> Iterator[RunningServing]:
    """Two workers over a small publication."""
    Marts().publish(data_dir / "marts.duckdb")
    with serving(data_dir, workers=2, MOOVITAMIX_SERVING_COUNT_EVERY="0.1") as running:
        yield running


# --- answers -------------------------------------------------------------------------------------


def test_a_known_user_gets_the_published_tracks_in_their_order(running: RunningServing) -> None:
    answered = running.get("/users/10/recommendations?limit=2")

    made_at = answered.pop("made_at")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", made_at)
    assert answered == {
        "user_id": 10,
        "known": True,
        "strategy": "model",
        "arm": None,
        "model_version": 1,
        "stale": False,
        "items": [
            {"rank": 1, **track(4), "score": 1, "strategy": "model", "because": track(2)},
            {"rank": 2, **track(5), "score": 0.5, "strategy": "model", "because": None},
        ],
    }


def test_every_user_gets_what_was_published_for_them_and_nobody_else(
    running: RunningServing, data_dir: Path
) -> None:
    with duckdb.connect(data_dir / "marts.duckdb", read_only=True) as marts:
        expected = marts.sql(
            "select user_id, list(track_id order by rank) from recommendations group by all"
        ).fetchall()
    assert len(expected) == 5
    assert [(user_id, running.tracks_of(user_id)) for user_id, _ in expected] == expected


@pytest.mark.parametrize("limit", [1, 10, 50])
@pytest.mark.parametrize(
    "path", ["/users/10/recommendations", "/users/7/recommendations", "/tracks/3/similar"]
)
def test_the_short_way_answers_as_the_long_way_does(
    running: RunningServing, path: str, limit: int
) -> None:
    short = running.ask(f"{path}?limit={limit}")
    long = running.ask(f"{path}?limit={limit}&any=thing")  # which the short way leaves alone
    assert (short.status, short.data) == (long.status, long.data)
    differ = {"x-request-id", "date"}
    assert {name.lower(): value for name, value in short.headers.items() if name not in differ} == {
        name.lower(): value for name, value in long.headers.items() if name not in differ
    }


def test_what_is_not_told_of_a_track_is_null(running: RunningServing) -> None:
    (item,) = running.get("/users/20/recommendations?limit=1")["items"]
    assert (item["strategy"], item["because"]) == ("metadata", TRACK_3)


@pytest.mark.parametrize("user_id", [-(2**31), 7, 11, 2**31 - 1])
def test_an_unknown_user_gets_the_popular_tracks_marked_so(
    running: RunningServing, user_id: int
) -> None:
    answered = running.get(f"/users/{user_id}/recommendations?limit=2")
    assert (answered["known"], answered["strategy"]) == (False, "popularity")
    assert [item["track_id"] for item in answered["items"]] == [40, 39]
    assert {item["strategy"] for item in answered["items"]} == {"popularity"}
    assert [item["score"] for item in answered["items"]] == [499, 498]  # their listeners


def test_similar_tracks_come_with_their_names(running: RunningServing) -> None:
    answered = running.get("/tracks/3/similar?limit=2")
    assert answered["items"] == [
        {"rank": 1, **track(5), "similarity": 0.5},
        {"rank": 2, **track(6), "similarity": 0.333333},
    ]
    assert running.get("/tracks/40/similar")["items"] == []


def test_a_batch_answers_each_user_as_if_alone(running: RunningServing) -> None:
    asked = [20, 7, 10, 20]
    answered = running.ask(
        "/recommendations:batch", method="POST", body={"user_ids": asked, "limit": 4}
    ).json()
    alone = [running.get(f"/users/{user_id}/recommendations?limit=4") for user_id in asked]
    made = {name: alone[0][name] for name in ("model_version", "made_at", "stale")}
    assert [one | made for one in answered["answers"]] == alone


def test_the_model_tells_its_version_its_metrics_and_its_data(running: RunningServing) -> None:
    answered = running.get("/model")
    champion = answered["champion"]
    assert (answered["model_version"], answered["users"], answered["tracks"]) == (1, 5, 40)
    assert (champion["name"], champion["load_ids"]) == ("blend", ["load-1", "load-2"])
    assert champion["metrics"]["ndcg_at_10"] == 0.25
    assert champion["trained_at"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/tracks/999/similar", 404),
        ("/nowhere", 404),
        ("/users/x/recommendations", 422),
        ("/users/2147483648/recommendations", 422),
        ("/users/10/recommendations?limit=51", 422),
        ("/users/10/recommendations?limit=0", 422),
    ],
)
def test_what_is_no_answer_is_a_problem_that_says_why(
    running: RunningServing, path: str, status: int
) -> None:
    answered = running.ask(path)
    assert (answered.status, answered.json()["status"]) == (status, status)
    assert answered.headers["content-type"] == "application/problem+json"
    assert answered.json()["detail"]


def test_a_batch_beyond_its_size_is_refused(running: RunningServing) -> None:
    many = {"user_ids": [1] * (LARGEST_BATCH + 1)}
    assert running.ask("/recommendations:batch", method="POST", body=many).status == 422
    long = {"user_ids": [1], "more": "x" * 20_000}
    assert running.ask("/recommendations:batch", method="POST", body=long).status == 413
    chunked = running.pool.request(
        "POST",
        f"{running.url}/recommendations:batch",
        body=iter([b"{}"]),
        headers={"x-api-key": running.key},
        retries=False,
    )
    assert chunked.status == 411


def test_every_answer_has_the_security_headers(running: RunningServing) -> None:
    for path in ("/health", "/users/10/recommendations", "/nowhere"):
        headers = running.ask(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["cache-control"] == "no-store"
        assert headers["x-request-id"]
        assert "server" not in headers


# --- who may ask ---------------------------------------------------------------------------------

OPEN = [("GET", path, None) for path in ("/health", "/ready", "/docs", "/openapi.json")]
GUARDED = [
    ("GET", "/users/10/recommendations", None),
    ("GET", "/tracks/3/similar", None),
    ("POST", "/recommendations:batch", BATCH),
    ("POST", "/recommendations:session", {"track_ids": [1]}),
    ("GET", "/users/10/playlists", None),
    ("GET", "/playlists/popular", None),
    ("GET", "/model", None),
    ("GET", "/metrics", None),
    ("POST", "/feedback", FEEDBACK),
    ("DELETE", "/users/99/feedback", None),
]
STATUSES = {"/feedback": 202, "/users/99/feedback": 204}
STRANGE = [("GET", "/docs/oauth2-redirect", 404), ("GET", "/nowhere", 404), ("PUT", "/model", 405)]


@pytest.mark.parametrize("key", ["none", "wrong", "right"])
@pytest.mark.parametrize(
    ("method", "path", "body", "with_key"),
    [
        *((*route, STATUSES.get(route[1], 200)) for route in OPEN + GUARDED),
        *((method, path, None, status) for method, path, status in STRANGE),
    ],
)
def test_every_route_opens_as_documented(  # noqa: PLR0917 - one case of a matrix
    running: RunningServing, method: str, path: str, body: Any, with_key: int, key: str
) -> None:
    shown = {"none": "", "wrong": f"{running.key[:-1]}!", "right": running.key}[key]
    answered = running.ask(path, method=method, body=body, key=shown)
    is_open = (method, path, body) in OPEN
    assert answered.status == (with_key if is_open or key == "right" else 401)
    if answered.status == 401:
        assert answered.headers["www-authenticate"] == "ApiKey"
        assert set(answered.json()) == {"type", "title", "status", "detail"}


def test_no_route_is_missing_from_that_matrix(running: RunningServing) -> None:
    document = running.get("/openapi.json")
    templates = {path: re.sub(r"\{\w+\}", r"\\w+", path) for path in document["paths"]}
    tried = [path for _, path, _ in OPEN + GUARDED]
    for path, pattern in templates.items():
        assert any(re.fullmatch(pattern, one) for one in tried), path
    guarded = {path for path, methods in document["paths"].items() if "security" in str(methods)}
    assert guarded == set(templates) - {"/health", "/ready"}


def test_the_document_shows_an_example_of_every_answer(running: RunningServing) -> None:
    schemas = running.get("/openapi.json")["components"]["schemas"]
    names = ("Recommendations", "Batch", "BatchAsked", "Similar", "UserPlaylists", "Playlist")
    for name in (*names, "Feedback", "Stored", "Session", "SessionAsked"):
        assert {"example", "examples"} & set(schemas[name]), name


def test_keys_come_and_go_while_it_runs(running: RunningServing, data_dir: Path) -> None:
    path = settings(data_dir).keys_file
    secret = api_keys.add(path, "passing")
    took = wait_for(lambda: running.ask("/model", key=secret).status == 200)
    api_keys.remove(path, "passing")
    took += wait_for(lambda: running.ask("/model", key=secret).status == 401)
    assert took < 5


def test_keys_are_kept_as_hashes_for_their_owner_alone(
    running: RunningServing, data_dir: Path
) -> None:
    path = settings(data_dir).keys_file
    assert path.stat().st_mode & 0o777 == 0o600
    assert running.key not in path.read_text()
    for file in data_dir.rglob("*"):
        assert not file.is_file() or running.key.encode() not in file.read_bytes()


# --- what is recorded ----------------------------------------------------------------------------


def test_the_metrics_are_those_of_all_workers(running: RunningServing) -> None:
    def total() -> float:
        text = running.ask("/metrics").data.decode()
        wanted = r'^moovitamix_serving_requests_total\{endpoint="/model",status="200"\} (\S+)$'
        found = re.search(wanted, text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    before = total()
    for _ in range(20):
        running.get("/model")
        running.pool.clear()  # another connection, and so maybe another worker
    assert total() == before + 20


def test_the_log_names_routes_and_keys_never_users(running: RunningServing) -> None:
    running.get("/users/1234567/recommendations?limit=7")
    running.ask("/recommendations:batch", method="POST", body={"user_ids": [7654321], "limit": 7})
    last = running.ask("/tracks/424242/similar").headers["x-request-id"]
    wait_for(lambda: f'"{last}"' in running.log.read_text())

    text = running.log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert {"at", "process", "route", "status", "ms", "key", "request_id"} < set(requests[-1])
    assert "/users/{user_id}/recommendations" in {line["route"] for line in requests}
    assert {line["key"] for line in requests} <= {"test", "passing", ""}
    for secret in ("1234567", "7654321", "424242", running.key):
        assert secret not in text


def test_the_hour_is_counted_in_the_lake_without_anybody_in_it(
    running: RunningServing, data_dir: Path
) -> None:
    def counted() -> dict[str, Any]:
        with duckdb.connect() as engine:
            found = engine.sql(
                "select sum(user_requests) as users, sum(cold_requests) as cold,"
                " sum(stale_answers) as stale, sum(errors) as errors, max(p99_ms) as p99,"
                " max(model_version) as model_version, max(hour) as hour"
                f" from read_parquet('{data_dir}/lake/ops/serving/*/*.parquet')"
            )
            return dict(zip(found.columns, found.fetchall()[0], strict=True))

    def answered() -> float:
        text = running.ask("/metrics").data.decode()
        wanted = r"^moovitamix_serving_users_total\S* (\S+)$"
        return sum(map(float, re.findall(wanted, text, re.MULTILINE)))

    running.get("/users/10/recommendations")
    wait_for(lambda: any((data_dir / "lake" / "ops" / "serving").rglob("*.parquet")))
    wait_for(lambda: counted()["users"] == answered())
    before = counted()
    running.ask("/recommendations:batch", method="POST", body={"user_ids": [10, 7, 9, 20]})
    running.get("/users/10/recommendations")
    wait_for(lambda: counted()["users"] == before["users"] + 5)

    after = counted()
    assert after["cold"] == before["cold"] + 2
    assert (after["stale"], after["errors"], after["model_version"]) == (0, 0, 1)
    assert 0 < after["p99"] < 1000
    assert (after["hour"].minute, after["hour"].second) == (0, 0)


# --- how much may be asked -----------------------------------------------------------------------


def test_a_limit_holds_across_workers_and_says_when_to_come_again(tmp_path: Path) -> None:
    Marts().publish(tmp_path / "marts.duckdb")
    limits = {"MOOVITAMIX_SERVING_RATE": "0.5", "MOOVITAMIX_SERVING_BURST": "100"}
    with serving(tmp_path, workers=2, **limits) as running:
        statuses = []
        for _ in range(110):
            statuses.append(running.ask("/users/10/recommendations").status)
            running.pool.clear()
        refused = running.ask("/model")
        batch = running.ask(
            "/recommendations:batch", method="POST", body={"user_ids": [10] * LARGEST_BATCH}
        )
        assert running.ask("/ready", key="").status == 200

    assert statuses.count(200) in range(100, 106)
    assert set(statuses) == {200, 429}
    assert int(refused.headers["retry-after"]) in {1, 2}
    assert "0.5 answers a second" in refused.json()["detail"]
    assert (batch.status, int(batch.headers["retry-after"]) > 0) == (429, True)


# --- how it starts and ends ----------------------------------------------------------------------


def fails(data_dir: Path, *options: str) -> str:
    """Start a server that can't; return the one line it says."""
    process = begin_serving(data_dir, *options)
    out, error = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    (line,) = error.splitlines()
    return line


def test_it_will_not_listen_beyond_this_machine_without_a_key(tmp_path: Path) -> None:
    line = fails(tmp_path, "--host=0.0.0.0")
    assert "will not listen on 0.0.0.0 without any API key: `moovitamix key add NAME`" in line


def test_a_taken_port_and_a_taken_folder_are_one_clear_line(
    running: RunningServing, data_dir: Path, tmp_path: Path
) -> None:
    port = running.url.rsplit(":", 1)[1]
    assert f"port {port} on 127.0.0.1 is taken" in fails(tmp_path, f"--port={port}")
    assert f"another server serves from {data_dir}" in fails(data_dir)


def test_without_anything_to_serve_it_says_so_and_lives(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        assert running.ask("/health", key="").status == 200
        for path in ("/ready", "/users/10/recommendations", "/model", "/tracks/3/similar"):
            answered = running.ask(path)
            assert answered.status == 503
            assert answered.json()["detail"] == (
                "there is nothing to serve: the published file is missing"
            )
        Marts().publish(tmp_path / "marts.duckdb")
        wait_for(lambda: running.ask("/ready").status == 200)
        assert running.tracks_of(10)


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    Marts().publish(tmp_path / "marts.duckdb")
    with serving(tmp_path) as running:
        assert running.tracks_of(10)
        wait_for(lambda: '"process":"worker ' in running.log.read_text())
        (worker,) = set(re.findall(r'"process":"worker (\d+)"', running.log.read_text()))
        subprocess.run(["kill", "-9", worker], check=True)
        running.pool.clear()
        wait_for(lambda: f'"child": "worker {worker}"' in running.log.read_text())
        assert running.tracks_of(10)


def test_a_server_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    process = begin_serving(tmp_path, "--workers=2")
    assert process.stdout
    assert process.stdout.readline()
    parent = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    children = [Path(f"/proc/{pid}") for pid in parent.read_text().split()]
    assert len(children) >= 3
    process.kill()
    process.communicate(timeout=30)
    wait_for(lambda: not any(child.exists() for child in children))


def test_it_ends_quietly_by_a_signal_and_leaves_nobody_behind(tmp_path: Path) -> None:
    process = begin_serving(tmp_path, "--workers=1")
    assert process.stdout
    url = process.stdout.readline().split()[-1]
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    assert [json.loads(line)["event"] for line in error.splitlines()] == ["degraded"]
    host, port = url.removeprefix("http://").split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))


def test_the_command_makes_lists_and_removes_keys(tmp_path: Path) -> None:
    def key(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "orchestration.cli.main", "key", *words],
            env={"MOOVITAMIX_DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    code, secret = key("add", "phone-app")
    assert (code, len(secret.strip())) == (0, 47)
    assert "phone-app" in key("list")[1]
    assert secret.strip() not in key("list")[1]
    assert "there is a key 'phone-app' already" in key("add", "phone-app")[1]
    assert key("remove", "phone-app")[0] == 0
    assert "there is no key 'phone-app'" in key("remove", "phone-app")[1]

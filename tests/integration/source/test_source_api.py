"""The source over HTTP: its contract, the worlds it serves, how it starts and ends."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.source.errors import OtherWorldRecorded, WorldFieldWrong, WorldUnreadable
from api.source.server import open_world
from api.source.settings import SourceSettings
from api.source.simulated_clock import Clock
from tests.support.source_server import RunningSource, begin_source, source

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = ("tracks", "users", "listen_history")
CLOCK = "2026-11-22T21:00:00"
SMALL = ("--seed=3", "--users=60", "--tracks=120", "--days=30", f"--as-of={CLOCK}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def running(data_dir: Path) -> Iterator[RunningSource]:
    """A small generated world, its clock held."""
    with source(data_dir, *SMALL) as running:
        yield running


# --- the contract --------------------------------------------------------------------------------


def test_records_have_the_fields_of_the_contract_in_their_types(running: RunningSource) -> None:
    texts = {
        "tracks": ("name", "artist", "songwriters", "duration", "genres", "album"),
        "users": ("first_name", "last_name", "email", "gender", "favorite_genres"),
        "listen_history": (),
    }
    for table in TABLES:
        key = "user_id" if table == "listen_history" else "id"
        lists = ["items"] if table == "listen_history" else []
        records = running.records(table)
        assert records
        for record in records:
            assert list(record) == [key, *lists, *texts[table], "created_at", "updated_at"]
            assert isinstance(record[key], int)
            assert all(isinstance(record[name], str) for name in texts[table])
            assert all(INSTANT.fullmatch(record[name]) for name in ("created_at", "updated_at"))
            assert all(isinstance(item, int) for name in lists for item in record[name])
    assert all(re.fullmatch(r"\d\d:[0-5]\d", one["duration"]) for one in running.records("tracks"))


def test_the_page_is_the_first_and_holds_100_unless_asked_otherwise(
    running: RunningSource,
) -> None:
    answered = running.page("tracks")

    assert list(answered) == ["items", "total", "page", "size", "pages"]
    assert (answered["page"], answered["size"], len(answered["items"])) == (1, 100, 100)
    assert answered["pages"] == -(-answered["total"] // 100)
    assert answered == running.page("tracks", page=1, size=100)


@pytest.mark.parametrize(
    "parameters",
    [
        {"page": 0},
        {"page": "first"},
        {"size": 0},
        {"size": 10_001},
        {"updated_since": "yesterday"},
        {"updated_since": ""},
        {"updated_until": "2026-11-22T21:00:00Z"},
        {"updated_until": "2026-11-22T21:00:00+00:00"},
        {"updated_until": "1795384970"},
    ],
)
def test_what_can_not_be_answered_is_422(
    running: RunningSource, parameters: dict[str, object]
) -> None:
    for table in TABLES:
        response = running.get(table, **parameters)
        assert response.status == 422
        assert response.json()["detail"][0]["loc"] == ["query", next(iter(parameters))]


def test_unknown_parameters_are_ignored(running: RunningSource) -> None:
    assert running.page("users", sort="name", offset=7) == running.page("users")


def test_the_largest_page_is_10_000(running: RunningSource) -> None:
    answered = running.page("listen_history", size=10_000)

    assert len(answered["items"]) == answered["total"] > 100


def test_the_order_is_updated_at_then_id(running: RunningSource) -> None:
    for table in TABLES:
        records = running.records(table)
        key = "user_id" if table == "listen_history" else "id"
        order = [(record["updated_at"], record[key]) for record in records]
        assert order == sorted(order)
        identities = {(record[key], record["created_at"]) for record in records}
        assert len(identities) == len(records)


def test_a_window_is_half_open_on_updated_at(running: RunningSource) -> None:
    for table in TABLES:
        records = running.records(table)
        since, until = (records[len(records) * part // 4]["updated_at"] for part in (1, 3))

        windowed = running.records(table, updated_since=since, updated_until=until)

        assert windowed == [one for one in records if since <= one["updated_at"] < until]
        assert windowed


def test_health_tells_the_clock(running: RunningSource) -> None:
    health = running.get("health").json()

    assert (health["status"], health["clock"]) == ("ok", CLOCK)
    assert health["users"] == running.page("users")["total"]


def test_metrics_count_requests_by_endpoint_and_status(data_dir: Path) -> None:
    with source(data_dir, *SMALL) as fresh:
        for page in (1, 2, 0):
            fresh.get("tracks", page=page)
        fresh.get("nowhere")
        text = fresh.get("metrics").data.decode()

    requests, seconds = "moovitamix_source_requests_total", "moovitamix_source_request_seconds"
    assert f'{requests}{{endpoint="/tracks",status="200"}} 2.0' in text
    assert f'{requests}{{endpoint="/tracks",status="422"}} 1.0' in text
    assert f'{requests}{{endpoint="none",status="404"}} 1.0' in text
    assert f'{seconds}_bucket{{endpoint="/tracks",le="+Inf",status="200"}} 2.0' in text


def test_the_openapi_document_shows_records_and_parameters(running: RunningSource) -> None:
    document = running.get("openapi.json").json()

    for table, record in zip(TABLES, ("Track", "User", "Session"), strict=True):
        described = document["paths"][f"/{table}"]["get"]
        names = [parameter["name"] for parameter in described["parameters"]]
        assert names == ["page", "size", "updated_since", "updated_until"]
        schema = described["responses"]["200"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": f"#/components/schemas/PageOf_{record}_"}
        properties = document["components"]["schemas"][record]["properties"]
        assert list(running.page(table)["items"][0]) == list(properties)


# --- the generated world -------------------------------------------------------------------------


def test_a_restart_gives_the_same_bytes(running: RunningSource, data_dir: Path) -> None:
    with source(data_dir, f"--as-of={CLOCK}") as again:
        for table in TABLES:
            for page in (1, 2):
                asked = {"page": page, "size": 50}
                assert again.get(table, **asked).data == running.get(table, **asked).data


def test_the_world_lives_on_with_what_it_was_made_with(
    running: RunningSource, data_dir: Path
) -> None:
    with source(data_dir, "--as-of=2027-02-01T00:00:00") as later:
        now = {one["id"] for one in later.records("users")}
        was = {one["id"] for one in running.records("users")}
        assert was < now
        new = later.records("listen_history", updated_since=CLOCK)
        assert new[-1]["updated_at"] > "2027-01-30"


def test_another_world_than_the_recorded_one_is_refused(
    running: RunningSource,  # noqa: ARG001 - it has made the world
    data_dir: Path,
) -> None:
    asked = SourceSettings(data_dir=data_dir, seed=4, users=60, launched_on=date(2026, 1, 1))

    with pytest.raises(OtherWorldRecorded) as refused:
        open_world(asked, Clock())

    assert "seed 3, asked for 4; launched_on 2026-10-01, asked for 2026-01-01" in str(refused.value)
    assert "users" not in str(refused.value)


def test_a_live_clock_stands_at_a_whole_minute(data_dir: Path) -> None:
    before = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=1)
    with source(data_dir) as live:
        clock = datetime.fromisoformat(live.get("health").json()["clock"])
    assert (clock.second, clock.microsecond) == (0, 0)
    assert before < clock <= datetime.now(UTC).replace(tzinfo=None)


# --- a given world -------------------------------------------------------------------------------


ONE_TRACK = """
    select 1 as id, 'Ré "x"' as name, 'a' as artist, null as songwriters, '61:75' as duration,
        'Rock' as genres, 'b' as album, timestamp '2026-01-02' as created_at,
        timestamp '2026-01-01' as updated_at
"""


def given_world(folder: Path, sessions: str = "", **replaced: str) -> Path:
    """Write a world of Parquet files: a track, two users, and some sessions."""
    users = """
        select unnest([9000000000, 2]) as id, 'a' as first_name, 'b' as last_name, 'c' as email,
            'Agender' as gender, 'Jazz' as favorite_genres, timestamp '2026-01-01' as created_at,
            timestamp '2026-01-01 00:00:00.5' as updated_at
    """
    sessions = sessions or (
        "select 2 as user_id, [1, 99] as items, "
        "timestamp '2026-01-03' as created_at, timestamp '2026-01-03' as updated_at"
    )
    tables = {"tracks": ONE_TRACK, "users": users, "listen_history": sessions} | replaced
    folder.mkdir(exist_ok=True)
    for table, query in tables.items():
        duckdb.execute(f"copy ({query}) to '{folder / table}.parquet'")
    return folder


def test_a_given_world_is_served_as_it_is(tmp_path: Path) -> None:
    sessions = """
        select * from (values
            (2, [1, 99], timestamp '2026-01-03', timestamp '2026-01-03 00:10:00'),
            (2, [1, 99], timestamp '2026-01-03', timestamp '2026-01-03 00:10:00'),
            (null, [1], timestamp '2026-01-04', timestamp '2026-01-04'),
            (1, null, timestamp '2026-01-05', timestamp '2026-01-05'),
            (1, [], timestamp '2026-01-06', timestamp '2026-01-06'),
            (1, [1, null], null, null)
        ) as given (user_id, items, created_at, updated_at)
    """
    world = given_world(tmp_path / "world", sessions)
    with source(tmp_path, f"--world={world}", f"--as-of={CLOCK}") as given:
        (track,) = given.records("tracks")
        users = given.records("users")
        listening = given.records("listen_history")
        since = given.records("listen_history", updated_since="2026-01-04")

    assert (track["name"], track["songwriters"], track["duration"]) == ('Ré "x"', None, "61:75")
    assert track["updated_at"] < track["created_at"]
    assert [user["id"] for user in users] == [2, 9_000_000_000]
    assert users[0]["updated_at"] == "2026-01-01T00:00:00.500000"
    assert [(one["user_id"], one["items"]) for one in listening] == [
        (1, [1, None]),
        (2, [1, 99]),
        (2, [1, 99]),
        (None, [1]),
        (1, None),
        (1, []),
    ]
    assert since == listening[3:]


def shown(world: Path, data_dir: Path, clock: str = CLOCK) -> dict[str, list[dict[str, Any]]]:
    """All records of a given world."""
    opened = open_world(SourceSettings(data_dir=data_dir, world=world), Clock())
    views = opened.at(datetime.fromisoformat(clock))
    return {table: json.loads(b"[%b]" % view.read(0, len(view))) for table, view in views.items()}


def test_a_given_world_is_shown_up_to_the_clock(tmp_path: Path) -> None:
    world = given_world(tmp_path / "world")

    then = shown(world, tmp_path, "2026-01-02T00:00:00")
    now = shown(world, tmp_path)

    assert (then["tracks"], then["users"]) == (now["tracks"], now["users"])
    assert (len(then["listen_history"]), len(now["listen_history"])) == (0, 1)


def test_a_given_world_that_changed_is_served_as_it_is_now(tmp_path: Path) -> None:
    world = given_world(tmp_path / "world")
    before = shown(world, tmp_path)
    given_world(world, tracks=ONE_TRACK.replace("1 as id", "7 as id"))
    after = shown(world, tmp_path)

    assert [track["id"] for track in before["tracks"]] == [1]
    assert [track["id"] for track in after["tracks"]] == [7]


def test_a_table_may_be_a_directory_and_have_more_fields(tmp_path: Path) -> None:
    world = given_world(tmp_path / "world")
    moved = pq.read_table(world / "tracks.parquet")
    (world / "tracks.parquet").unlink()
    for part in (1, 2):
        directory = world / "tracks" / f"part={part}"
        directory.mkdir(parents=True)
        more = moved.append_column("mood", pa.array([{"calm": part}]))
        pq.write_table(more, directory / "file.parquet")

    assert [track["mood"] for track in shown(world, tmp_path)["tracks"]] == [
        {"calm": 1},
        {"calm": 2},
    ]


@pytest.mark.parametrize(
    ("replaced", "expected"),
    [
        (
            {"users": "select 1 as id"},
            "users.parquet: field first_name is missing, and must be a string",
        ),
        (
            {"listen_history": "select 1.5::double as user_id"},
            "listen_history.parquet: field user_id is DOUBLE, and must be an integer",
        ),
        (
            {
                "listen_history": "select 1 as user_id, [1] as items, now() as created_at, "
                "now() as updated_at"
            },
            "field created_at is TIMESTAMP WITH TIME ZONE, and must be a timestamp without a zone",
        ),
    ],
)
def test_a_wrong_field_of_a_given_world_is_named(
    tmp_path: Path, replaced: dict[str, str], expected: str
) -> None:
    world = given_world(tmp_path / "world", **replaced)

    with pytest.raises(WorldFieldWrong, match=expected):
        open_world(SourceSettings(data_dir=tmp_path, world=world), Clock())


def test_a_file_that_is_no_parquet_is_said_to_be_none(tmp_path: Path) -> None:
    world = given_world(tmp_path / "world")
    (world / "tracks.parquet").write_text("id,name")

    with pytest.raises(WorldUnreadable, match=r"tracks\.parquet can't be read"):
        open_world(SourceSettings(data_dir=tmp_path, world=world), Clock())


def test_a_given_world_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    assert f"in the world {tmp_path}/none" in fails(tmp_path, f"--world={tmp_path}/none")


# --- how it starts and ends ----------------------------------------------------------------------


def fails(data_dir: Path, *options: str) -> str:
    """Start a source that can't; return the one line it says."""
    failed = subprocess.run(
        [sys.executable, "-m", "api.source", "--port=0", f"--data-dir={data_dir}", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert failed.returncode == 1
    assert not failed.stdout
    (line,) = failed.stderr.splitlines()
    assert line.startswith("error: ")
    return line


def test_it_says_where_it_listens_and_at_what_clock(running: RunningSource) -> None:
    assert re.fullmatch(rf"source API on http://127\.0\.0\.1:\d+, clock {CLOCK}", running.line)


def test_a_taken_port_is_one_clear_line(running: RunningSource, data_dir: Path) -> None:
    port = running.url.rsplit(":", 1)[1]

    assert f"port {port} on 127.0.0.1 is taken" in fails(data_dir, f"--port={port}")


def test_a_signal_ends_it_quietly(data_dir: Path) -> None:
    with source(data_dir, *SMALL) as ending:
        ending.process.send_signal(signal.SIGINT)
        assert ending.process.wait(timeout=30) == 0
        assert ending.process.stderr
        assert not ending.process.stderr.read()


def test_it_ends_when_its_parent_is_gone(data_dir: Path) -> None:
    with source(data_dir, *SMALL) as orphan:
        assert orphan.process.stdin
        orphan.process.stdin.close()
        assert orphan.process.wait(timeout=30) == 0


def test_it_ends_when_its_parent_is_gone_before_it_was_ready(tmp_path: Path) -> None:
    process = begin_source(tmp_path, *SMALL)
    process.communicate(timeout=30)
    assert process.returncode in {0, -signal.SIGTERM}


@pytest.mark.slow
def test_20_million_listens_are_made_and_served_within_2_gb(tmp_path: Path) -> None:
    with source(tmp_path, "--users=150000", "--tracks=50000", f"--as-of={CLOCK}") as making:
        assert most_memory(making) < 2e9
    with source(tmp_path, f"--as-of={CLOCK}") as serving:
        first = serving.page("listen_history", size=10_000)
        items = sum(len(session["items"]) for session in first["items"])
        for page in range(2, first["pages"] + 1):
            answered = serving.page("listen_history", size=10_000, page=page)
            items += sum(len(session["items"]) for session in answered["items"])
        assert items > 20e6
        assert most_memory(serving) < 2e9


def most_memory(running: RunningSource) -> int:
    """Bytes a server has held at most."""
    status = Path(f"/proc/{running.process.pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024

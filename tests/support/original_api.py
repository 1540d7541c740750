"""An independent server of the app's original contract, and of every way in which it can misbehave.

Pages of at most 100, unknown parameters ignored, no filter, new ids after a restart. Shares
nothing with `api/source` or `ingestion`, so that it can contradict both.
"""

import json
import random
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Records = dict[str, list[Any]]


@dataclass(frozen=True)
class Request:
    """One request for a page; `ordinal` counts from 1 over all of the server's requests."""

    table: str
    query: dict[str, str]
    ordinal: int
    page: int = 1


@dataclass(frozen=True)
class Answer:
    """What the server is about to send; `status` 0 resets the connection instead."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    cut_short: bool = False


Misbehaviour = Callable[[Request, Answer], Answer]


class OriginalApi:
    """The server's records and its present manners; change either while it runs."""

    def __init__(
        self, records: Records, *, largest_page: int = 100, knows_windows: bool = False
    ) -> None:
        self.records = records
        self.knows_windows = knows_windows
        self.largest_page = largest_page
        self.misbehaviour: Misbehaviour = lambda _, answer: answer
        self.requests: list[Request] = []
        self.health: dict[str, Any] | None = None
        self.url = ""
        self.closing = Event()
        self._lock = Lock()

    def answer(self, path: str, query: dict[str, str]) -> Answer:
        if path == "health" and self.health is not None:
            return as_json(200, self.health)
        if path not in self.records:
            return as_json(404, {"detail": "Not Found"})
        try:
            page, size = int(query.get("page", 1)), int(query.get("size", 100))
        except ValueError:
            page = size = 0
        with self._lock:
            request = Request(path, query, len(self.requests) + 1, page)
            self.requests.append(request)
        if page < 1 or not 1 <= size <= self.largest_page:
            return as_json(422, {"detail": [{"loc": ["query", "size"], "msg": "out of range"}]})
        return self.misbehaviour(request, as_json(200, self.page(path, page, size, query)))

    def page(self, table: str, page: int, size: int, query: dict[str, str]) -> dict[str, Any]:
        records = self.records[table]
        if self.knows_windows:
            since, until = query.get("updated_since", ""), query["updated_until"]
            records = [record for record in records if _is_within(record, since, until)]
        return {
            "items": records[(page - 1) * size : page * size],
            "total": len(records),
            "page": page,
            "size": size,
            "pages": -(-len(records) // size),
        }


@contextmanager
def serving(api: OriginalApi) -> Iterator[OriginalApi]:
    """The API on a free port of the loopback, until the block ends."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.api = api
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    api: OriginalApi

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is not worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        answer = self.server.api.answer(url.path.strip("/"), dict(parse_qsl(url.query)))
        if answer.hangs:
            self.server.api.closing.wait(60)
        if answer.hangs or answer.status == 0:
            self._reset()
            return
        self.send_response(answer.status)
        for name, value in {"content-type": answer.content_type, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        if answer.cut_short:
            self.wfile.write(answer.body[: len(answer.body) // 2])
            self._reset()
        else:
            self.wfile.write(answer.body)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()


def as_json(status: int, body: Any, **headers: str) -> Answer:
    return Answer(status, json.dumps(body).encode(), headers=headers)


# --- the manners ---------------------------------------------------------------------------------


def sometimes(share: float, instead: Answer, seed: int = 7) -> Misbehaviour:
    """`instead` of the answer, for a share of the requests."""
    chance = random.Random(seed)
    return lambda _, answer: instead if chance.random() < share else answer


def first(count: int, instead: Answer) -> Misbehaviour:
    """`instead` of the first answers, then as promised."""
    return lambda request, answer: instead if request.ordinal <= count else answer


def on_page(table: str, page: int, change: Callable[[dict[str, Any]], None]) -> Misbehaviour:
    """One page of a table, changed in place before it is sent."""

    def misbehave(request: Request, answer: Answer) -> Answer:
        if (request.table, request.page) != (table, page):
            return answer
        body = json.loads(answer.body)
        change(body)
        return replace(answer, body=json.dumps(body).encode())

    return misbehave


# --- the records ---------------------------------------------------------------------------------


def catalogue(
    seed: int = 1,
    tracks: int = 250,
    users: int = 120,
    sessions: int = 430,
    *,
    until: datetime = datetime(2026, 1, 21),
) -> Records:
    """Records of 20 days as the original API draws them; another seed, and all ids are new."""
    draw = random.Random(seed)
    track_ids = draw.sample(range(10_000, 1_000_000), tracks)
    user_ids = draw.sample(range(10_000, 1_000_000), users)
    return {
        "tracks": [_track(draw, number, until) for number in track_ids],
        "users": [_user(draw, number, until) for number in user_ids],
        "listen_history": [
            {
                "user_id": draw.choice(user_ids),
                "items": draw.choices(track_ids, k=draw.randint(1, 9)),
                **_times(draw, until),
            }
            for _ in range(sessions)
        ],
    }


def _track(draw: random.Random, number: int, until: datetime) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"Song {number}",
        "artist": f"Ärtist {number % 50}",
        "songwriters": f"Writer {number % 70}",
        "duration": f"{draw.randint(1, 9):02}:{draw.randint(0, 59):02}",
        "genres": draw.choice(["Rock", "Jazz", "R&B", "whatever"]),
        "album": f"Album {number % 90}",
        **_times(draw, until),
    }


def _user(draw: random.Random, number: int, until: datetime) -> dict[str, Any]:
    return {
        "id": number,
        "first_name": "Ana",
        "last_name": f"Nº {number}",
        "email": f"u{number}@example.com",
        "gender": draw.choice(["Female", "Agender"]),
        "favorite_genres": draw.choice(["Rock", "Folk"]),
        **_times(draw, until),
    }


def _times(draw: random.Random, until: datetime) -> dict[str, str]:
    begin = until - timedelta(days=20)
    created = begin + timedelta(microseconds=draw.randrange(20 * 86_400 * 10**6))
    updated = created + timedelta(seconds=draw.randint(-3600, 36_000))
    return {"created_at": created.isoformat(), "updated_at": updated.isoformat()}


def _is_within(record: Any, since: str, until: str) -> bool:
    """Whether a record is of the window; what is no object is of every one."""
    return not isinstance(record, dict) or since <= record["updated_at"] < until

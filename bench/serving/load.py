"""Load for an HTTP server, cheap enough that the server is what is measured.

Raw bytes over kept connections: requests are written before the run, and of an answer only its
status, length and end are looked at. `python -m bench.serving.load` runs by itself, as JSON in and
out.
"""

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from itertools import cycle
from typing import cast

import uvloop


@dataclass(frozen=True, slots=True)
class Load:
    """What to ask, how, and for how long; without a rate, as fast as it is answered.

    Where there are bodies, each is posted to its path.
    """

    port: int
    paths: list[str]
    headers: dict[str, str]
    seconds: float = 5
    connections: int = 32
    rate: float | None = None
    bodies: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome: answers with 200 or 202, others and broken connections; milliseconds."""

    good: int
    bad: int
    seconds: float
    p50_ms: float
    p99_ms: float
    worst_ms: float

    @property
    def per_second(self) -> float:
        """Good answers a second."""
        return self.good / self.seconds


class Connection(asyncio.Protocol):
    """Asks, waits for the whole answer, asks again: at once, or when its next turn has come."""

    transport: asyncio.Transport

    def __init__(self, run: "Run", first_turn: float) -> None:
        self._run = run
        self._turn = first_turn
        self._waiting = b""
        self._missing = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin when it is this connection's turn."""
        self.transport = cast("asyncio.Transport", transport)
        self._run.loop.call_at(self._turn, self._ask)

    def data_received(self, data: bytes) -> None:
        """Take in a part of an answer."""
        if self._missing < 0:
            self._waiting += data
            end = self._waiting.find(b"\r\n\r\n")
            if end < 0:
                return
            at = self._waiting.find(b"content-length: ") + 16
            length = int(self._waiting[at : self._waiting.find(b"\r\n", at)])
            self._is_good = self._waiting.startswith((b"HTTP/1.1 200", b"HTTP/1.1 202"))
            self._missing = length - (len(self._waiting) - end - 4)
            self._waiting = b""
        else:
            self._missing -= len(data)
        if self._missing == 0:
            self._answered()

    def connection_lost(self, _: Exception | None) -> None:
        """A connection that the server closed while we asked is a bad answer."""
        if not self._run.over:
            self._run.bad += 1
            self._run.alive -= 1

    def _ask(self) -> None:
        if not self._run.over:
            self._asked = time.monotonic()
            self.transport.write(next(self._run.requests))

    def _answered(self) -> None:
        run, now = self._run, time.monotonic()
        self._missing = -1
        run.good += self._is_good
        run.bad += not self._is_good
        if run.every is None:
            run.spent.append(now - self._asked)
            self._ask()
            return
        # from when it should have been asked: an answer that came late delays none unseen
        run.spent.append(now - self._turn)
        self._turn += run.every
        run.loop.call_at(max(now, self._turn), self._ask)


class Run:
    """One load as it goes."""

    def __init__(self, load: Load) -> None:
        self.loop = asyncio.get_running_loop()
        headers = "".join(f"{name}: {value}\r\n" for name, value in load.headers.items())
        bodies = load.bodies or [""] * len(load.paths)
        self.requests = cycle(
            _request(path, headers, body) for path, body in zip(load.paths, bodies, strict=True)
        )
        self.every = load.connections / load.rate if load.rate else None
        self.spent: list[float] = []
        self.good = self.bad = 0
        self.alive = load.connections
        self.over = False


def _request(path: str, headers: str, body: str) -> bytes:
    begin = f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}"
    length = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return f"{begin}{length if body else ''}\r\n{body}".encode()


async def _run(load: Load) -> Outcome:
    run = Run(load)
    started = run.loop.time() + 0.2
    for number in range(load.connections):
        turn = started + (run.every or 0) * number / load.connections
        await run.loop.create_connection(
            lambda turn=turn: Connection(run, turn),  # type: ignore[misc]
            "127.0.0.1",
            load.port,
        )
    await asyncio.sleep(started - run.loop.time() + load.seconds)
    seconds, good, bad = run.loop.time() - started, run.good, run.bad
    run.over = True
    spent = sorted(run.spent) or [0.0]
    p50, p99 = (spent[int(share * (len(spent) - 1))] * 1000 for share in (0.5, 0.99))
    return Outcome(good, bad, seconds, p50, p99, spent[-1] * 1000)


def begin(load: Load) -> "subprocess.Popen[str]":
    """Start a load in a separate process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.serving.load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    process.stdin.write(json.dumps(asdict(load)))
    process.stdin.close()
    return process


def finish(process: "subprocess.Popen[str]") -> Outcome:
    """Wait for a load's end."""
    assert process.stdout
    with process:
        return Outcome(**json.loads(process.stdout.read()))


def put(load: Load) -> Outcome:
    """Put a load on a server and wait."""
    return finish(begin(load))


if __name__ == "__main__":
    uvloop.install()
    print(json.dumps(asdict(asyncio.run(_run(Load(**json.load(sys.stdin)))))))

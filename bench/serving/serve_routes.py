"""The routes beside simple recommendations under load: playlists, filters, sessions, feedback."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.measure import table
from bench.promises import Promise
from bench.serving import load

if TYPE_CHECKING:
    from bench.serving.load import Load, Outcome

REQUESTS, EVENTS = 5_000, 10
PROMISED = 1_000
"""Events of feedback a second, on two cores."""


@dataclass(frozen=True, slots=True)
class Route:
    """What is asked of one route."""

    name: str
    paths: list[str]
    bodies: list[str] | None = None


def routes(users: int, tracks: int) -> list[Route]:
    """Return the requests of each route, for users drawn evenly.

    Events of feedback have a key each: only the first requests with them would cost a write.
    """
    draw = random.Random(2)
    of = [10 * draw.randint(1, users) for _ in range(REQUESTS)]
    seeds = [json.dumps({"track_ids": draw.sample(range(1, tracks), 3)}) for _ in of]
    recommended = [f"/users/{user}/recommendations" for user in of]
    return [
        Route("a user's playlists", [f"/users/{user}/playlists" for user in of]),
        Route("a playlist", [f"/playlists/{user}-discover" for user in of]),
        Route("a playlist as JSPF", [f"/playlists/{user}-discover.jspf" for user in of]),
        Route("recommendations, one genre", [f"{path}?genre=Jazz" for path in recommended]),
        Route("recommendations, one mode", [f"{path}?mode=discover" for path in recommended]),
        Route(
            "recommendations, 20 excluded",
            [f"{path}?{_excluded(draw, tracks)}" for path in recommended],
        ),
        Route("a session of 3 tracks", ["/recommendations:session"] * REQUESTS, seeds),
        Route(
            FEEDBACK, ["/feedback"] * 4 * REQUESTS, [_events(one) for one in range(4 * REQUESTS)]
        ),
    ]


FEEDBACK = f"feedback, {EVENTS} events a request"


def measured(mine: Load, users: int, tracks: int, rounds: int) -> dict[str, list[Outcome]]:
    """Put each route under load, as fast as it answers; each round asks all of them."""
    asked = routes(users, tracks)
    found: dict[str, list[Outcome]] = {route.name: [] for route in asked}
    for number in range(rounds):
        for route in asked:
            bodies = route.bodies and [body.replace("key-", f"{number}-") for body in route.bodies]
            found[route.name].append(load.put(replace(mine, paths=route.paths, bodies=bodies)))
    return found


def show(found: dict[str, list[Outcome]]) -> None:
    """Print the median round of each route."""
    rows = []
    for name, outcomes in found.items():
        middle = sorted(outcomes, key=lambda outcome: outcome.per_second)[len(outcomes) // 2]
        times = (f"{middle.p50_ms:.1f}", f"{middle.p99_ms:.1f}")
        bad = sum(outcome.bad for outcome in outcomes)
        rows.append((name, f"{middle.per_second:,.0f}", *times, str(bad)))
    table(
        "Other routes, as fast as they can",
        ["route", "answers/s", "p50 ms", "p99 ms", "errors"],
        rows,
    )


def promise(found: dict[str, list[Outcome]]) -> Promise:
    """Return what was promised of feedback."""
    rates = sorted(outcome.per_second * EVENTS for outcome in found[FEEDBACK])
    return Promise(
        f"events of feedback against {PROMISED:,} a second",
        f"{rates[len(rates) // 2]:,.0f}/s",
        f"{PROMISED:,}/s",
        [rate / PROMISED for rate in rates],
        1.0,
        "at least",
    )


def _excluded(draw: random.Random, tracks: int) -> str:
    return "exclude=" + ",".join(map(str, draw.sample(range(1, tracks), 20)))


def _events(number: int) -> str:
    events = [
        {
            "key": f"key-{number}-{place}",
            "user_id": 10 + number % 100,
            "track_id": 7,
            "kind": "play",
        }
        for place in range(EVENTS)
    ]
    return json.dumps({"events": events})

"""What serving counts and refuses, without a server."""

from __future__ import annotations

import pytest

from api.serving.http.fast_path import FastPath
from api.serving.settings import ServingSettings
from api.serving.telemetry.prometheus_metrics import BOUNDS_MS, quantile_ms


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.4", False),
        ("serving.example.org", False),
    ],
)
def test_only_this_machine_is_loopback(host: str, is_loopback: bool) -> None:
    assert ServingSettings(host=host).is_loopback is is_loopback


def test_quantiles_are_estimated_evenly_within_a_bucket() -> None:
    assert quantile_ms([0] * (len(BOUNDS_MS) + 1), 0.5) is None
    counts = [100 if bound >= 1 else 0 for bound in BOUNDS_MS]  # all between 0.7 and 1 ms
    assert quantile_ms([*counts, 100], 0.5) == pytest.approx(0.85)
    assert quantile_ms([*counts, 200], 0.99) == BOUNDS_MS[-1]


@pytest.mark.parametrize(
    ("method", "target", "understood"),
    [
        ("GET", "/users/7/recommendations", ("/users/{user_id}/recommendations", 7, 10)),
        ("GET", "/users/7/recommendations?limit=50", ("/users/{user_id}/recommendations", 7, 50)),
        ("GET", "/tracks/007/similar?limit=1", ("/tracks/{track_id}/similar", 7, 1)),
        ("GET", "/users/7/recommendations?limit=51", None),
        ("GET", "/users/7/recommendations?limit=5&limit=6", None),
        ("GET", "/users/7/recommendations?limit=05", None),
        ("GET", "/users/7/recommendations?more=1", None),
        ("GET", "/users/-7/recommendations", None),
        ("GET", "/users/2147483647/recommendations", None),
        ("GET", "/users/\u0667/recommendations", None),
        ("GET", "/users/7/recommendations/", None),
        ("GET", "/users/7/recommendations\n", None),
        ("POST", "/users/7/recommendations", None),
    ],
)
def test_the_short_way_is_for_plain_questions_only(
    method: str, target: str, understood: tuple[str, int, int] | None
) -> None:
    path, _, query = target.partition("?")
    scope = {"method": method, "path": path, "query_string": query.encode()}
    assert FastPath(None).understand(scope) == understood  # type: ignore[arg-type]

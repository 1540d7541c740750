"""Pictures of the app's API: how fast it answered, and whether it was well."""

from orchestration.monitoring.report.charts import Chart, chart, dated, from_zero, line, marks
from orchestration.monitoring.report.monitoring_rows import Rows
from orchestration.monitoring.report.pictures import Picture

PERCENTILES = {"s1": "p50_ms", "s2": "p95_ms", "s4": "p99_ms"}


def latency(rows: Rows) -> Chart:
    """Draw the response times of each endpoint, day by day."""
    endpoints = rows.by("endpoint")
    drawn = chart(*endpoints)
    for panel, calls in zip(drawn.panels, endpoints.values(), strict=True):
        for role, name in PERCENTILES.items():
            line(panel, calls.of("day"), calls.of(name), role)
        failed = [day for day in calls.dicts() if day["errors"]]
        marks(panel, [one["day"] for one in failed], [0] * len(failed), "bad", "x")
        dated(panel, rows.of("day"))
        from_zero(panel, " ms")
    drawn.legend = {role: name.removesuffix("_ms") for role, name in PERCENTILES.items()}
    drawn.legend |= {"bad": "a day with errors"}
    return drawn


def health(rows: Rows) -> Chart:
    """Draw each look at the API: how fast it answered, or that it did not."""
    drawn = chart()
    (panel,) = drawn.panels
    for is_healthy, role, sign in ((True, "good", "o"), (False, "bad", "x")):
        looks = [one for one in rows.dicts() if one["is_healthy"] is is_healthy]
        heights = [one["response_ms"] or 0 for one in looks]
        marks(panel, [one["checked_at"] for one in looks], heights, role, sign)
    dated(panel, rows.of("checked_at"))
    from_zero(panel, " ms")
    drawn.legend = {"good": "well", "bad": "refused or down"}
    return drawn


PICTURES = (
    Picture(
        "API response times",
        "Half, 95 % and 99 % of a day's requests were answered within so many milliseconds.",
        ("api_calls",),
        """
        select
            day, endpoint, calls, errors, error_rate, p50_ms, p95_ms, p99_ms, slowest_ms, bytes
        from api_calls order by endpoint, day
        """,
        "Nobody has asked the API anything yet.",
        latency,
    ),
    Picture(
        "API health",
        "Each look at the API, by the wall clock: before a pull, or by `moovitamix check-api`.",
        ("api_health",),
        """
        select checked_at, answer, is_healthy, http_status, response_ms, api_clock, error
        from api_health order by checked_at
        """,
        "Nobody has looked yet.",
        health,
    ),
)

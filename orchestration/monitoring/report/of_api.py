"""Pictures of the app's API, response times and health, and of what the serving API is told."""

import altair as alt

from orchestration.monitoring.report.charts import (
    BAD,
    GOOD,
    SERIES,
    Drawing,
    Row,
    across,
    chart,
    coloured,
    crosses,
    panels,
    up,
)

PERCENTILES = {"p50_ms": SERIES[0], "p95_ms": SERIES[1], "p99_ms": SERIES[3]}


def latency(rows: list[Row]) -> Drawing:
    """Draw the response times of each endpoint, day by day."""
    days = chart(rows).encode(x=across(rows, "day"))
    times = days.transform_fold(list(PERCENTILES), ["percentile", "ms"]).mark_line()
    failed = days.transform_filter("datum.errors > 0").encode(y=alt.datum(0))
    layers = alt.layer(
        times.encode(y=up("ms", " ms"), color=coloured("percentile", PERCENTILES)), crosses(failed)
    )
    legend = {colour: name.removesuffix("_ms") for name, colour in PERCENTILES.items()}
    return Drawing(
        panels(layers, rows, "endpoint", sorted({row["endpoint"] for row in rows})),
        legend | {BAD: "a day with errors"},
    )


def health(rows: list[Row]) -> Drawing:
    """Draw each check of the API: how fast it answered, or that it did not."""
    checks = chart([row | {"response_ms": row["response_ms"] or 0} for row in rows])
    checks = checks.encode(x=across(rows, "checked_at"), y=up("response_ms", " ms"))
    well = checks.transform_filter("datum.is_healthy").mark_circle(size=24, color=GOOD, opacity=1)
    ill = crosses(checks.transform_filter("!datum.is_healthy"))
    return Drawing(alt.layer(well, ill), {GOOD: "healthy", BAD: "refused or down"})


def feedback(rows: list[Row]) -> Drawing:
    """Draw the events of feedback of each hour, and how long reports took."""
    measures = {"events an hour": "feedback_events", "ms of 99 %": "feedback_p99_ms"}
    hours = [
        {"hour": row["hour"], "measure": name, "value": row[column] or 0, "errors": errors}
        for name, column in measures.items()
        for row in rows
        for errors in [row["feedback_errors"] or 0]
    ]
    every = chart(hours).encode(x=across(rows, "hour"))
    failed = every.transform_filter("datum.errors > 0").encode(y=alt.datum(0))
    lines = every.mark_line(color=SERIES[0]).encode(y=up("value"))
    layers = panels(alt.layer(lines, crosses(failed)), hours, "measure")
    return Drawing(layers, {SERIES[0]: "feedback", BAD: "an hour with errors"})

"""Pictures of the runs: duration, outcome, checks, the slowest nodes, alerts."""

import altair as alt

from orchestration.monitoring.report.charts import (
    BAD,
    GOOD,
    INK,
    SERIES,
    WARN,
    WIDTH,
    Drawing,
    Row,
    chart,
    coloured,
    colours_of,
    crosses,
    legend_of,
    panels,
    stacked_days,
    up,
)
from orchestration.monitoring.report.pictures import Picture

LONGEST_NAME = 52
OUTCOMES = {"succeeded": GOOD, "failed": BAD}
RESULTS = {"held": GOOD, "warned": WARN, "failed": BAD}


def run_time(rows: list[Row]) -> Drawing:
    """Draw each run as a bar of its steps, from the oldest to the newest."""
    colours = colours_of(row["step"] for row in rows)
    order = {name: rank for rank, name in enumerate(colours)}
    runs = list(dict.fromkeys(row["run_id"] for row in rows))
    label = "utcFormat(toDate(split(datum.label, '|')[0]), '%d %b')"
    x = alt.X(
        "run:O",
        sort=None,
        axis=alt.Axis(labelExpr=label, labelOverlap=True, labelSeparation=16, labelAngle=0),
        scale=alt.Scale(paddingOuter=0.2),
    )
    steps = chart(
        [row | {"run": f"{row['day']}|{row['run_id']}", "rank": order[row["step"]]} for row in rows]
    )
    bars = steps.mark_bar(size=min(30.0, 0.8 * WIDTH / len(runs))).encode(
        x=x, y=up("sum(seconds)", " s"), color=coloured("step", colours), order="rank:Q"
    )
    bad = crosses(steps.transform_filter("datum.run_outcome != 'succeeded'"))
    layers = alt.layer(bars, bad.encode(x=x, y=up("sum(seconds)", " s")))
    has_bad = any(row["run_outcome"] != "succeeded" for row in rows)
    return Drawing(layers, legend_of(colours) | ({BAD: "did not succeed"} if has_bad else {}))


def outcomes(rows: list[Row]) -> Drawing:
    """Draw, for each day, how many steps succeeded and how many did not."""
    bars = stacked_days(_folded(rows, OUTCOMES), "outcome", "count", OUTCOMES)
    return Drawing(bars, {GOOD: "succeeded", BAD: "did not"})


def checks(rows: list[Row]) -> Drawing:
    """Draw, for each day, what raw validation and the data tests found."""
    bars = stacked_days(_folded(rows, RESULTS), "outcome", "count", RESULTS)
    layers = panels(alt.layer(bars), rows, "checked_by")
    return Drawing(layers, {colour: name for name, colour in RESULTS.items()})


def _folded(rows: list[Row], columns: dict[str, str]) -> list[Row]:
    """A row for each of some columns that count."""
    return [row | {"outcome": name, "count": row[name] or 0} for row in rows for name in columns]


def slowest(rows: list[Row]) -> Drawing:
    """Draw the nodes that took longest, the longest on top."""
    named = [
        row | {"place": place, "name": name if len(name) <= LONGEST_NAME else f"{name[:51]}…"}
        for place, row in enumerate(reversed(rows[-8:]))
        for name in [row["node_name"]]
    ]
    nodes = chart(named).encode(y=alt.Y("place:O", axis=None))
    seconds = alt.X("seconds:Q", axis=alt.Axis(labelExpr="datum.label + ' s'", tickCount=5))
    bars = nodes.mark_bar(size=6, yOffset=5, color=SERIES[0]).encode(x=seconds)
    names = nodes.mark_text(align="left", baseline="bottom", fontSize=9.5, color=INK)
    return Drawing(alt.layer(bars, names.encode(x=alt.value(0), text="name:N")))


PICTURES = (
    Picture(
        "Run time by step",
        "A bar is a run that ingested, the newest to the right; a cross: it did not succeed.",
        ("pipeline_runs", "pipeline_steps"),
        """
        with runs as (
            select * from pipeline_runs
            where run_id in (select run_id from pipeline_steps where step = 'ingest')
            order by began_at desc limit 40
        )
        select
            runs.day, run_id, runs.command, runs.outcome as run_outcome, step, steps.outcome,
            steps.seconds, steps.row_count, steps.attempts
        from runs inner join pipeline_steps as steps using (run_id)
        order by runs.began_at, steps.began_at
        """,
        "No run has ingested anything yet.",
        run_time,
    ),
    Picture(
        "How steps ended",
        "Steps of each day's runs that succeeded, and that failed, were interrupted or crashed.",
        ("task_rates",),
        """
        select
            day, command, step, executions, succeeded, failed, success_rate, repeated,
            median_seconds
        from task_rates order by day, command, step
        """,
        "No step has run yet.",
        outcomes,
    ),
    Picture(
        "What was checked",
        "Expectations of raw validation on each day's loads, and data tests of each day's builds.",
        ("quality_results", "dbt_results"),
        """
        select
            'raw validation' as checked_by, day,
            count(*) filter (where is_met) as held,
            count(*) filter (where not is_met and not refuses) as warned,
            count(*) filter (where refuses) as failed
        from quality_results group by day
        union all
        select
            'data tests', day,
            count(*) filter (where status = 'pass'),
            count(*) filter (where status = 'warn'),
            count(*) filter (where is_failed)
        from dbt_results where resource_type in ('test', 'unit_test') group by day
        order by checked_by desc, day
        """,
        "Nothing has been checked yet.",
        checks,
    ),
    Picture(
        "Where a build's time goes",
        "The slowest models and tests of the newest build.",
        ("dbt_results",),
        """
        select node_name, resource_type, status, seconds, failures, finished_at from dbt_results
        where invocation_id = (
            select invocation_id from dbt_results where command = 'build'
            order by finished_at desc limit 1
        )
        and resource_type <> 'operation'
        order by seconds
        """,
        "Nothing has been built yet.",
        slowest,
    ),
    Picture(
        "Alerts",
        "Each alert, and whether it arrived.",
        ("alerts",),
        """
        select sent_at, command, step, alert, severity, channel, delivery, reason, runbook
        from alerts order by sent_at
        """,
        "No alert was sent.",
    ),
)

"""Pictures of the runs: how long they took, how they ended, what was checked, who was told."""

from orchestration.monitoring.report.charts import (
    COLOURS,
    Chart,
    chart,
    dated,
    from_zero,
    marks,
    stacked,
)
from orchestration.monitoring.report.monitoring_rows import Rows
from orchestration.monitoring.report.pictures import A_DAY, Picture, legend_of, roles_of

LONGEST_NAME = 52
OUTCOMES = {"good": "succeeded", "bad": "did not"}
VERDICTS = {"good": "held", "warn": "warned", "bad": "failed"}


def run_time(rows: Rows) -> Chart:
    """Draw each run as a bar of its steps, from the oldest to the newest."""
    drawn = chart()
    (panel,) = drawn.panels
    runs, roles = rows.by("run_id"), roles_of(rows.of("step"))
    layers = {role: [0.0] * len(runs) for role in dict.fromkeys(roles.values())}
    for place, run in enumerate(runs.values()):
        for step in run.dicts():
            layers[roles[step["step"]]][place] += step["seconds"] or 0.0
    stacked(panel, range(len(runs)), layers, 0.8)
    tops = [sum(heights) for heights in zip(*layers.values(), strict=True)]
    ends = [run.of("run_outcome")[0] for run in runs.values()]
    bad = [place for place, end in enumerate(ends) if end != "succeeded"]
    marks(panel, bad, [tops[place] + max(tops) * 0.05 for place in bad], "bad", "x")
    days = [f"{run.of('day')[0]:%d %b}" for run in runs.values()]
    some = range(0, len(days), -(-len(days) // 5))
    panel.set_xticks(list(some), [days[place] for place in some])
    panel.set_xlim(-0.6, max(len(runs), 8) - 0.4)
    from_zero(panel, " s")
    drawn.legend = legend_of(roles) | ({"bad": "did not succeed"} if bad else {})
    return drawn


def outcomes(rows: Rows) -> Chart:
    """Draw, for each day, how many steps succeeded and how many did not."""
    drawn = chart()
    (panel,) = drawn.panels
    days = rows.by("day")
    counts = {
        "good": [sum(day.of("succeeded")) for day in days.values()],
        "bad": [sum(day.of("failed")) for day in days.values()],
    }
    stacked(panel, list(days), counts, A_DAY)
    dated(panel, list(days))
    from_zero(panel)
    drawn.legend = dict(OUTCOMES)
    return drawn


def checks(rows: Rows) -> Chart:
    """Draw, for each day, what the gate and the data tests found."""
    kinds = rows.by("checked_by")
    drawn = chart(*kinds)
    for panel, found in zip(drawn.panels, kinds.values(), strict=True):
        counts = {role: found.of(word) for role, word in VERDICTS.items()}
        stacked(panel, found.of("day"), counts, A_DAY)
        dated(panel, rows.of("day"))
        from_zero(panel)
    drawn.legend = dict(VERDICTS)
    return drawn


def slowest(rows: Rows) -> Chart:
    """Draw the nodes that took longest, the longest on top."""
    drawn = chart()
    (panel,) = drawn.panels
    newest = rows.dicts()[-8:]
    for place, node in enumerate(newest):
        panel.barh(place, node["seconds"], height=0.3, color=COLOURS["s1"])
        name = node["node_name"]
        short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
        panel.text(0, place + 0.25, short, color=COLOURS["ink"], fontsize=9.5, va="bottom")
    panel.set_yticks([])
    panel.set_ylim(-0.4, 8)
    panel.grid(axis="y", visible=False)
    panel.xaxis.set_major_formatter(lambda seconds, _: f"{seconds:.2g} s")
    return drawn


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
        "Expectations of the gate on each day's loads, and data tests of each day's builds.",
        ("quality_results", "dbt_results"),
        """
        select
            'the gate' as checked_by, day,
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
        "Who was told of what, and whether it arrived.",
        ("alerts",),
        """
        select sent_at, command, step, alert, severity, channel, delivery, reason, runbook
        from alerts order by sent_at
        """,
        "There was no reason to alert anybody.",
    ),
)

"""The state: green, amber or red, and the reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from orchestration.monitoring.report.monitoring_rows import Records


class Level(IntEnum):
    """From nothing known to something broken; the highest that is found counts."""

    UNKNOWN = 0
    GREEN = 1
    AMBER = 2
    RED = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is wrong."""

    level: Level
    says: str


@dataclass(frozen=True, slots=True)
class State:
    """The level, and the reasons against green."""

    level: Level
    reasons: Sequence[Reason]


@dataclass(frozen=True, slots=True)
class Rule:
    """Each row of `sql` is a reason at `level`; `says` has the names of its columns."""

    level: Level
    sql: str
    says: str


LAST_RUN = "(select run_id from pipeline_runs order by began_at desc nulls last limit 1)"
# A failure is over once a run that began later has published; a command's, once it succeeded.
RULES = (
    Rule(
        Level.RED,
        """
        with newest as (
            select * from pipeline_runs
            qualify row_number() over (partition by command order by began_at desc) = 1
        ),
        published as (
            select coalesce(max(began_at), timestamp '0001-01-01') as last_began_at
            from pipeline_runs where run_id in (
                select run_id from pipeline_steps where step = 'publish' and outcome = 'succeeded'
            )
        )
        select
            command, outcome, began_at,
            coalesce(' in ' || failed_step, '') as place,
            coalesce(': ' || error, '') as error,
            coalesce((
                select '; what to do: ' || any_value(runbook) from alerts
                where alerts.run_id = newest.run_id and alerts.severity = 'error'
            ), '') as runbook
        from newest, published
        where outcome != 'succeeded' and began_at >= last_began_at
        order by began_at desc
        """,
        "{command} {outcome}{place}, began {began_at:%Y-%m-%d %H:%M} UTC{error}{runbook}",
    ),
    Rule(
        Level.RED,
        """
        select table_name, status, age_hours, coalesce(error_after_hours, 0) as limit_hours
        from table_freshness
        qualify row_number() over (partition by place, table_name order by measured_at desc) = 1
            and status not in ('pass', 'warn')
        """,
        "{table_name} is {age_hours:.0f} h old; more than {limit_hours:.0f} h stops a run",
    ),
    Rule(
        Level.RED,
        """
        select answer, coalesce(': ' || error, '') as error, checked_at from api_health
        qualify row_number() over (order by checked_at desc) = 1 and not is_healthy
        """,
        "the app's API was {answer} at {checked_at:%Y-%m-%d %H:%M} UTC{error}",
    ),
    Rule(
        Level.RED,
        f"""
        select resource_type, node_name, coalesce(failures || ' rows', status) as found
        from dbt_results where is_failed and run_id = {LAST_RUN}
        order by finished_at, node_name limit 8
        """,
        "dbt {resource_type} {node_name}: {found}",
    ),
    Rule(
        Level.AMBER,
        """
        select table_name, age_hours, warn_after_hours from table_freshness
        qualify row_number() over (partition by place, table_name order by measured_at desc) = 1
            and status = 'warn'
        """,
        "{table_name} is {age_hours:.0f} h old; more than {warn_after_hours:.0f} h is odd",
    ),
    Rule(
        Level.AMBER,
        f"""
        select node_name, coalesce(failures, 0) as failures
        from dbt_results where status = 'warn' and resource_type = 'test' and run_id = {LAST_RUN}
        order by node_name limit 8
        """,
        "test {node_name} warned of {failures:,} rows",
    ),
    Rule(
        Level.AMBER,
        f"""
        select table_name, rule, unexpected, evaluated from quality_results
        where not is_met and not refuses and run_id = {LAST_RUN}
        order by table_name, rule limit 8
        """,
        "raw validation warned of {table_name}: {rule} ({unexpected:,} of {evaluated:,} are not)",
    ),
    Rule(
        Level.AMBER,
        f"""
        select table_name, column_name, is_now from schema_changes where run_id = {LAST_RUN}
        order by table_name, column_name
        """,
        "{table_name} has a new column {column_name} ({is_now})",
    ),
    Rule(
        Level.AMBER,
        f"""
        select distinct channel, coalesce(error, 'no reason known') as error from alerts
        where delivery = 'failed' and run_id = {LAST_RUN}
        """,
        "no alert arrived by {channel}: {error}",
    ),
)


def state(records: Records) -> State:
    """Return the state by the last run, and the reasons against green."""
    reasons = [
        Reason(rule.level, rule.says.format(**row))
        for rule in RULES
        for row in records.ask(rule.sql)
    ]
    if reasons:
        return State(max(reason.level for reason in reasons), reasons)
    has_run = bool(records.ask(LAST_RUN.strip("()")))
    return State(Level.GREEN if has_run else Level.UNKNOWN, reasons)

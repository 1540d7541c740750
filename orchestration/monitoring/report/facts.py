"""The key figures at the top of the report."""

from dataclasses import dataclass

from orchestration.monitoring.report.monitoring_rows import Records


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure: its label, its value and a note, from the one row of `sql`."""

    label: str
    sql: str
    value: str
    note: str


FACTS = (
    Fact(
        "Last run",
        """
        select run_id, command, outcome, began_at, coalesce(seconds, 0) as seconds
        from pipeline_runs order by began_at desc nulls last limit 1
        """,
        "{command} {outcome}",
        "{began_at:%Y-%m-%d %H:%M} UTC, {seconds:.0f} s, {run_id}",
    ),
    Fact(
        "Readers have data of",
        """
        with counts as (
            select row_count from table_volume
            where place = 'published' and table_name = 'fact_listen_history'
            order by day desc limit 1
        )
        select newest_at, (select row_count from counts) as listens from table_freshness
        where place = 'published' order by measured_at desc limit 1
        """,
        "{newest_at:%Y-%m-%d %H:%M}",
        "UTC; {listens:,} listens",
    ),
    Fact(
        "Runs that succeeded",
        """
        select
            100 * avg(case when outcome = 'succeeded' then 1.0 else 0.0 end) as share,
            count(*) as runs,
            count(*) filter (where outcome != 'succeeded') as bad
        from pipeline_runs
        where began_at > (select max(began_at) from pipeline_runs) - interval 30 days
        having count(*) > 0
        """,
        "{share:.0f} %",
        "of {runs:,} in 30 days; {bad:,} did not",
    ),
    Fact(
        "The app's API",
        """
        select endpoint, p95_ms, calls, errors, day from api_calls
        order by day desc, p95_ms desc limit 1
        """,
        "{p95_ms:.0f} ms",
        "p95 of {endpoint}, its slowest; {errors:,} of {calls:,} requests failed",
    ),
    Fact(
        "Quarantined or rejected",
        """
        with newest as (
            select load_id, run_clock from load_volume
            where verdict = 'accepted' order by run_clock desc limit 1
        )
        select
            run_clock,
            (
                select coalesce(sum(records), 0) from quarantined_records
                where load_id = newest.load_id
            ) as records
        from newest
        """,
        "{records:,}",
        "records of the newest load, of {run_clock:%Y-%m-%d}",
    ),
    Fact(
        "Stored on disk",
        """
        with newest as (
            select place, table_name, bytes from table_volume
            where bytes is not null and (place != 'published' or table_name = 'marts.duckdb')
            qualify row_number() over (partition by place, table_name order by day desc) = 1
        )
        select
            sum(bytes) / 1e6 as whole,
            coalesce(sum(bytes) filter (where place = 'lake'), 0) / 1e6 as lake
        from newest having count(*) > 0
        """,
        "{whole:,.0f} MB",
        "of it {lake:,.0f} MB in the lake",
    ),
)


def facts(records: Records) -> list[tuple[str, str, str]]:
    """Return each fact that is known as (label, value, note)."""
    return [
        (fact.label, fact.value.format(**row), fact.note.format(**row))
        for fact in FACTS
        for row in records.ask(fact.sql)
        if None not in row.values()
    ]

"""Pictures of the data: how much came and is there, how fresh, how full, what was set aside."""

from typing import Any

from orchestration.monitoring.report.charts import (
    COLOURS,
    Chart,
    chart,
    dated,
    from_zero,
    line,
    marks,
    stacked,
)
from orchestration.monitoring.report.monitoring_rows import Rows
from orchestration.monitoring.report.pictures import A_DAY, Picture, legend_of, roles_of

PROMISED = ("fact_listen_history", "dim_users", "dim_tracks")
MOST_LINES = 7


def volume(rows: Rows) -> Chart:
    """Draw what each load brought, inside the band of what is usual; a panel a table."""
    tables = rows.by("table_name")
    drawn = chart(*tables)
    for panel, pulled in zip(drawn.panels, tables.values(), strict=True):
        # The first load is the whole history; beside it no other would show.
        comparable = pulled.by("kind").get("incremental", pulled)
        when = comparable.of("run_clock")
        _band(panel, when, comparable.of("usual_low"), comparable.of("usual_high"))
        line(panel, when, comparable.of("received"), "s1")
        odd = [one for one in comparable.dicts() if one["verdict"] in {"refused", "failed"}]
        marks(panel, _all(odd, "run_clock"), _all(odd, "received"), "bad", "x")
        dated(panel, rows.of("run_clock"))
        from_zero(panel)
    drawn.legend = {"s1": "records", "band": "usual", "bad": "refused or failed"}
    return drawn


def _band(panel: Any, when: list[Any], low: list[Any], high: list[Any]) -> None:  # noqa: ANN401 - matplotlib's
    nothing = float("nan")
    floor = [nothing if one is None else one for one in low]
    ceiling = [nothing if one is None else one for one in high]
    panel.fill_between(when, floor, ceiling, color=COLOURS["band"], linewidth=0)


def _all(rows: list[dict[str, Any]], name: str) -> list[Any]:
    return [row[name] for row in rows]


def record_counts(rows: Rows) -> Chart:
    """Draw the rows of the promised tables as they were published."""
    tables = rows.by("table_name")
    shown = [name for name in PROMISED if name in tables] or list(tables)[:3]
    drawn = chart(*shown)
    for panel, name in zip(drawn.panels, shown, strict=True):
        line(panel, tables[name].of("day"), tables[name].of("row_count"), "s1")
        dated(panel, rows.of("day"))
        from_zero(panel)
    return drawn


def freshness(rows: Rows) -> Chart:
    """Draw how old each source was, as a share of the age that stops a run."""
    drawn = chart()
    (panel,) = drawn.panels
    sources = rows.by("table_name")
    roles = roles_of([name for name, of in sources.items() if any(of.of("share_of_limit"))])
    for name, role in roles.items():
        shares = [share and 100 * share for share in sources[name].of("share_of_limit")]
        line(panel, sources[name].of("run_clock"), shares, role)
    panel.axhline(100, color=COLOURS["bad"], linewidth=1.2, linestyle="--")
    dated(panel, rows.of("run_clock"))
    from_zero(panel, " %")
    drawn.legend = legend_of(roles) | {"bad": "stops the run"}
    return drawn


def nulls(rows: Rows) -> Chart:
    """Draw the share of nulls of the columns that have most, as they came."""
    drawn = chart()
    (panel,) = drawn.panels
    # Some columns of marts are null by what they mean: no version is valid to an end that holds.
    came = rows.by("place").get("raw", rows)
    columns = {f"{table}.{column}": of for (table, column), of in _columns(came)}
    fullest = sorted(columns, key=lambda name: max(columns[name].of("null_share")), reverse=True)
    roles = roles_of(fullest[:MOST_LINES])
    for name, role in roles.items():
        shares = [100 * share for share in columns[name].of("null_share")]
        line(panel, columns[name].of("measured_at"), shares, role)
    dated(panel, came.of("measured_at"))
    from_zero(panel, " %")
    drawn.legend = legend_of(roles)
    return drawn


def _columns(rows: Rows) -> list[tuple[tuple[str, str], Rows]]:
    return [
        ((table, column), of_column)
        for table, of_table in rows.by("table_name").items()
        for column, of_column in of_table.by("column_name").items()
    ]


def quarantined_records(rows: Rows) -> Chart:
    """Draw, for each day, the records that could not count, by their reason."""
    return _stacked_days(rows, "reason", "records", "")


def storage(rows: Rows) -> Chart:
    """Draw, for each day, what is kept, by the place where it is."""
    return _stacked_days(rows, "place", "megabytes", " MB")


def _stacked_days(rows: Rows, layer: str, height: str, unit: str) -> Chart:
    drawn = chart()
    (panel,) = drawn.panels
    days, roles = rows.by("day"), roles_of(rows.of(layer))
    layers = {role: [0.0] * len(days) for role in dict.fromkeys(roles.values())}
    for place, day in enumerate(days.values()):
        for row in day.dicts():
            layers[roles[row[layer]]][place] += row[height] or 0.0
    stacked(panel, list(days), layers, A_DAY)
    dated(panel, list(days))
    from_zero(panel, unit)
    drawn.legend = legend_of(roles)
    return drawn


PICTURES = (
    Picture(
        "Data volume",
        "Records of each incremental pull; outside the band a load is odd, far outside refused.",
        ("load_volume",),
        """
        select
            run_clock, table_name, kind, verdict, announced, received, rejected, usual, usual_low,
            usual_high, pages, bytes
        from load_volume order by table_name, run_clock, finished_at
        """,
        "Nothing has been pulled yet.",
        volume,
    ),
    Picture(
        "Record counts",
        "Rows of the published tables, by the day of their data.",
        ("table_volume",),
        """
        select day, table_name, row_count, rows_added, bytes, measured_at from table_volume
        where place = 'published' and row_count is not null order by day, table_name
        """,
        "Nothing is published yet.",
        record_counts,
    ),
    Picture(
        "Freshness",
        "Age of the newest load and of the newest event, by the run's clock; at 100 % a run stops.",
        ("table_freshness",),
        """
        select
            run_clock, place, table_name, status, age_hours, warn_after_hours, error_after_hours,
            share_of_limit, newest_at
        from table_freshness order by run_clock, measured_at, table_name
        """,
        "No age has been measured yet.",
        freshness,
    ),
    Picture(
        "Nulls",
        "Share of rows without a value, in loads as they came; the table has what was built, too.",
        ("column_nulls",),
        """
        select measured_at, place, table_name, column_name, row_count, null_count, null_share
        from column_nulls where null_count > 0 order by measured_at, place, table_name, column_name
        """,
        "No column has had a null yet.",
        nulls,
    ),
    Picture(
        "Set aside, by reason",
        "Records that could not be read (rejected) or break a rule (quarantine); none is dropped.",
        ("quarantined_records",),
        """
        select day, place, table_name, reason, records, load_id
        from quarantined_records order by day, place, table_name, reason
        """,
        "No record had to be set aside.",
        quarantined_records,
    ),
    Picture(
        "Storage",
        "What the lake, the build file's tables and the published file take on disk.",
        ("table_volume",),
        """
        select day, place, round(sum(bytes) / 1e6, 2) as megabytes, sum(files) as files
        from table_volume
        where bytes is not null and (place != 'published' or table_name = 'marts.duckdb')
        group by day, place order by day, place
        """,
        "Nothing is kept yet.",
        storage,
    ),
)

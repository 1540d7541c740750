"""Pictures of the data: volume, counts, freshness, nulls, quarantine, storage, listens."""

import altair as alt

from orchestration.monitoring.report.charts import (
    BAD,
    BAND,
    SERIES,
    Drawing,
    Row,
    across,
    chart,
    coloured,
    colours_of,
    crosses,
    legend_of,
    panels,
    stacked_days,
    up,
)

PROMISED = ("fact_listen_history", "dim_users", "dim_tracks")
MOST_LINES = 7


def volume(rows: list[Row]) -> Drawing:
    """Draw what each load brought, inside the band of what is usual; a panel for each table."""
    # The first load is the whole history; beside it no other would show.
    later = {row["table_name"] for row in rows if row["kind"] == "incremental"}
    rows = [row for row in rows if row["kind"] == "incremental" or row["table_name"] not in later]
    loads = chart(rows).encode(x=across(rows, "run_clock"), y=up("received"))
    band = loads.mark_area(color=BAND, invalid="break-paths-show-domains")
    layers = alt.layer(
        band.encode(y="usual_low:Q", y2="usual_high:Q"),
        loads.mark_line(color=SERIES[0]),
        crosses(loads.transform_filter("datum.verdict in {refused: 1, failed: 1}")),
    )
    legend = {SERIES[0]: "records", BAND: "usual", BAD: "refused or failed"}
    return Drawing(panels(layers, rows, "table_name", sorted(later) or None), legend)


def record_counts(rows: list[Row]) -> Drawing:
    """Draw the rows of the promised tables as they were published."""
    tables = dict.fromkeys(row["table_name"] for row in rows)
    shown = [name for name in PROMISED if name in tables] or list(tables)[:3]
    rows = [row for row in rows if row["table_name"] in shown]
    counts = chart(rows).mark_line(color=SERIES[0])
    counts = counts.encode(x=across(rows, "day"), y=up("row_count"))
    return Drawing(panels(alt.layer(counts), rows, "table_name", shown))


def freshness(rows: list[Row]) -> Drawing:
    """Draw how old each source was, as a share of the age that stops a run."""
    rows = [row | {"percent": 100 * row["share_of_limit"]} for row in rows if row["share_of_limit"]]
    colours = colours_of(row["table_name"] for row in rows)
    limit = chart([{"limit": 100}]).mark_rule(color=BAD, strokeDash=[5, 4], strokeWidth=1.2)
    layers = alt.layer(
        _percents(rows, "run_clock", "table_name", colours), limit.encode(y="limit:Q")
    )
    return Drawing(layers, legend_of(colours) | {BAD: "stops the run"})


def nulls(rows: list[Row]) -> Drawing:
    """Draw the share of nulls of the columns that have most, as they came."""
    # Some columns of marts are null by what they mean: no version is valid to an end that holds.
    came = [row for row in rows if row["place"] == "raw"] or rows
    came = [
        row
        | {
            "percent": 100 * row["null_share"],
            "column": f"{row['table_name']}.{row['column_name']}",
        }
        for row in sorted(came, key=lambda row: row["null_share"], reverse=True)
    ]
    fullest = list(dict.fromkeys(row["column"] for row in came))[:MOST_LINES]
    came = [row for row in came if row["column"] in fullest]
    colours = colours_of(fullest)
    return Drawing(_percents(came, "measured_at", "column", colours), legend_of(colours))


def listened_to(rows: list[Row]) -> Drawing:
    """Draw, for each day, the share of what was recommended that was then listened to."""
    names = [f"{row['kind']}: {row['counts']} listens" for row in rows]
    rows = [
        row | {"percent": 100 * row["rate"], "list": name}
        for row, name in zip(rows, names, strict=True)
    ]
    colours = colours_of(names)
    return Drawing(_percents(rows, "day", "list", colours), legend_of(colours))


def _percents(rows: list[Row], instant: str, column: str, colours: dict[str, str]) -> alt.Chart:
    lines = chart(rows).mark_line()
    return lines.encode(
        x=across(rows, instant), y=up("percent", " %"), color=coloured(column, colours)
    )


def quarantined_records(rows: list[Row]) -> Drawing:
    """Draw, for each day, the records that could not count, by their reason."""
    colours = colours_of(row["reason"] for row in rows)
    return Drawing(stacked_days(rows, "reason", "records", colours), legend_of(colours))


def storage(rows: list[Row]) -> Drawing:
    """Draw, for each day, what is kept, by the place where it is."""
    colours = colours_of(row["place"] for row in rows)
    return Drawing(stacked_days(rows, "place", "megabytes", colours, " MB"), legend_of(colours))

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

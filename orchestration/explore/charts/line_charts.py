"""Line charts of a measure: over time, of several values, and as a cumulative share."""

from collections.abc import Sequence

import altair as alt

from orchestration.explore.charts.chart_style import (
    MAIN,
    OTHER,
    finished,
    measure_axis,
    of,
    time_axis,
    tooltip_of,
)
from orchestration.explore.published import Row


def over_time(
    rows: Sequence[Row], column: str, *, share: bool = False, when: str = "metric_time"
) -> alt.LayerChart:
    """Draw a measure over time as a line, with its last value as a label.

    Args:
        rows: One for each period, oldest first.
        column: The measure.
        share: Whether the measure is a share, written as percent.
        when: The column of the period's first day.
    """
    form = ".1%" if share else ",.0f" if rows[-1][column] >= 100 else ",.3~r"
    tooltip = tooltip_of(when, column, share=share)
    base = of(rows).encode(x=time_axis(when), y=measure_axis(column, share=share, zero=not share))
    last = of(rows[-1:]).encode(x=alt.X(f"{when}:T"), y=alt.Y(f"{column}:Q"))
    text = last.mark_text(align="left", dx=8, fontWeight="bold")
    layers = [
        base.mark_line(color=MAIN, strokeWidth=2),
        base.mark_circle(size=300, opacity=0).encode(tooltip=tooltip),  # large enough to point at
        last.mark_circle(color=MAIN, size=45, opacity=1),
        text.encode(text=alt.Text(f"{column}:Q", format=form)),
    ]
    if not share:
        layers.insert(0, base.mark_area(color=MAIN, opacity=0.1))
    return finished(alt.layer(*layers), right=58)


def several(
    rows: Sequence[Row], column: str, by: str, *, when: str = "metric_time"
) -> alt.LayerChart:
    """Draw a small line for each value of a column: one above the other, on one scale.

    Args:
        rows: One for each period and value, oldest first; the first value is at the top.
        column: The measure, a count.
        by: The column of the values, which label the lines.
        when: The column of the period's first day.
    """
    names = list(dict.fromkeys(row[by] for row in rows))
    top = max(float(row[column]) for row in rows) or 1
    drawn = [
        row
        | {"floor": -names.index(row[by]), "height": row[column] / top * 0.6 - names.index(row[by])}
        for row in rows
    ]
    ends = list({row[by]: row | {"label": f"{row[column]:,.0f}"} for row in drawn}.values())
    scale = alt.Scale(domain=[1 - len(names), 0.95], nice=False, zero=False)
    y = alt.Y("height:Q", axis=None, scale=scale)
    base = of(drawn).encode(x=time_axis(when), y=y, detail=f"{by}:N")
    named = of(ends).encode(y=alt.Y("floor:Q"))
    tooltip = [alt.Tooltip(f"{by}:N", title=" "), *tooltip_of(when, column)]
    return finished(
        alt.layer(
            base.mark_area(color=MAIN, opacity=0.12).encode(y2="floor:Q"),
            base.mark_line(color=MAIN, strokeWidth=1.6).encode(tooltip=tooltip),
            base.mark_circle(size=200, opacity=0).encode(tooltip=tooltip),
            named.mark_text(align="left", dy=-38, limit=230).encode(x=alt.value(0), text=f"{by}:N"),
            of(ends)
            .mark_text(align="left", dx=6, fontWeight="bold")
            .encode(x=alt.X(f"{when}:T"), y=y, text="label:N"),
        ),
        height=52 * len(names),
        right=52,
    )


def curve(rows: Sequence[Row], across: str, share: str) -> alt.LayerChart:
    """Draw a cumulative share, with a dashed diagonal for equal shares.

    Args:
        rows: One for each point, from left to right.
        across: The column of the horizontal axis, 0 to 100 percent.
        share: The column of the cumulative share, 0 to 1.
    """
    base = of([{across: 0, share: 0.0}, *rows]).encode(
        x=alt.X(f"{across}:Q", axis=alt.Axis(labelExpr="datum.value + '%'", tickCount=4)),
        y=measure_axis(share, share=True, zero=True),
    )
    tooltip = [alt.Tooltip(f"{across}:Q", title="top %"), alt.Tooltip(f"{share}:Q", format=".1%")]
    equal = of([{across: 0, share: 0.0}, {across: 100, share: 1.0}]).encode(
        x=f"{across}:Q", y=f"{share}:Q"
    )
    return finished(
        alt.layer(
            equal.mark_line(color=OTHER, strokeDash=[4, 4], strokeWidth=1),
            base.mark_line(color=MAIN, strokeWidth=2).encode(tooltip=tooltip),
            base.mark_circle(size=200, opacity=0).encode(tooltip=tooltip),
        ),
        right=16,
    )

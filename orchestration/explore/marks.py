"""Charts of the pages: Altair specifications with direct labels, in the page's own colours."""

from collections.abc import Sequence

import altair as alt

from orchestration.explore.chart_style import (
    DIM,
    MAIN,
    OTHER,
    PERCENT,
    ROW,
    TITLE,
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
    """Draw a measure over time as a line whose last value stands beside it.

    Args:
        rows: One for each period, oldest first.
        column: The measure.
        share: Whether it is a share, written as percent.
        when: The column of the period's first day.
    """
    form = ".1%" if share else ",.0f" if rows[-1][column] >= 100 else ",.3~r"
    tooltip = tooltip_of(when, column, share=share)
    base = of(rows).encode(x=time_axis(when), y=measure_axis(column, share=share, zero=not share))
    last = of(rows[-1:]).encode(x=alt.X(f"{when}:T"), y=alt.Y(f"{column}:Q"))
    text = last.mark_text(align="left", dx=8, fontWeight="bold")
    layers = [
        base.mark_line(color=MAIN, strokeWidth=2),
        base.mark_circle(size=300, opacity=0).encode(tooltip=tooltip),  # large enough to be hit
        last.mark_circle(color=MAIN, size=45, opacity=1),
        text.encode(text=alt.Text(f"{column}:Q", format=form)),
    ]
    if not share:
        layers.insert(0, base.mark_area(color=MAIN, opacity=0.1))
    return finished(alt.layer(*layers), right=58)


def several(
    rows: Sequence[Row], column: str, by: str, *, when: str = "metric_time"
) -> alt.LayerChart:
    """Draw a small line for each value of a column, one above the other, on one scale.

    Args:
        rows: One for each period and value, oldest first; the first value stands on top.
        column: The measure, which counts.
        by: What the lines are of; it stands beside its line.
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


def ranked(
    rows: Sequence[Row], name: str, value: str, *, share: bool = False, note: str | None = None
) -> alt.LayerChart:
    """Draw a bar for each row, the longest on top; names stand above their bars.

    Args:
        rows: What to draw, in their order.
        name: The column of the names.
        value: The column of the lengths.
        share: Whether they are shares.
        note: A column of text that stands behind the value.
    """
    form = ".1%" if share else ",.6~r"
    numbered = [
        row | {"place": place, "label": _label(row, value, note, share=share)}
        for place, row in enumerate(rows)
    ]
    base = of(numbered).encode(y=alt.Y("place:O", axis=None, sort=None))
    length = alt.X(f"{value}:Q", axis=None, scale=alt.Scale(zero=True))
    tooltip = [alt.Tooltip(f"{name}:N", title=" "), alt.Tooltip(f"{value}:Q", format=form)]
    return finished(
        alt.layer(
            base.mark_bar(color=MAIN, height=5, yOffset=8, cornerRadiusEnd=2).encode(
                x=length, tooltip=tooltip
            ),
            base.mark_text(align="left", baseline="middle", yOffset=-4, limit=230).encode(
                x=alt.value(0), text=f"{name}:N"
            ),
            base.mark_text(align="right", baseline="middle", yOffset=-4, fill=DIM).encode(
                x=alt.value("width"), text="label:N"
            ),
        ),
        height=len(rows) * (ROW + 6),
    )


def _label(row: Row, value: str, note: str | None, *, share: bool) -> str:
    number = f"{row[value]:.1%}" if share else f"{row[value]:,.0f}"
    return f"{number}  {row[note]}" if note and row[note] else number


def heat(
    rows: Sequence[Row],
    across: tuple[str, str],
    down: tuple[str, str],
    value: str,
    *,
    share: bool = False,
) -> alt.LayerChart:
    """Draw a field of squares, deeper where a measure is higher.

    Args:
        rows: One for each square.
        across: The column of the horizontal place, and what it is.
        down: The column of the vertical place, from the top in the rows' order, and what it is.
        value: The measure.
        share: Whether it is a share; squares then have it written in them.
    """
    # so many that on a phone they would run into each other
    few = "datum.value % 3 ? '' : datum.label" if len({row[across[0]] for row in rows}) > 12 else ""
    axis = alt.Axis(labelAngle=0, title=across[1], **TITLE, **({"labelExpr": few} if few else {}))
    base = of(rows).encode(
        x=alt.X(f"{across[0]}:O", axis=axis),
        y=alt.Y(f"{down[0]}:N", sort=None, axis=alt.Axis(title=None)),
    )
    depth = alt.Scale(range=[0.04, 0.95], zero=True)
    tooltip = [
        alt.Tooltip(f"{down[0]}:N", title=down[1]),
        alt.Tooltip(f"{across[0]}:O", title=across[1]),
        alt.Tooltip(f"{value}:Q", format=".1%" if share else ",.6~r"),
    ]
    squares = base.mark_rect(fill=MAIN, stroke="var(--card)", strokeWidth=1.5).encode(
        fillOpacity=alt.FillOpacity(f"{value}:Q", legend=None, scale=depth), tooltip=tooltip
    )
    height = max(120, ROW * len({row[down[0]] for row in rows}))
    if not share:
        return finished(squares, height=height)
    written = base.mark_text(fontSize=10).encode(text=alt.Text(f"{value}:Q", format=".0%"))
    return finished(alt.layer(squares, written), height=height)


def intervals(rows: Sequence[Row], name: str, rate: str, low: str, high: str) -> alt.LayerChart:
    """Draw rates as dots with the interval that holds the true one.

    Args:
        rows: What to draw, from the top.
        name: The column of the names, which stand above.
        rate: The column of the rates.
        low: The lower end of the interval.
        high: The upper end.
    """
    labelled = [row | {"place": n, "label": f"{row[rate]:.2%}"} for n, row in enumerate(rows)]
    base = of(labelled).encode(y=alt.Y("place:O", axis=None, sort=None))
    axis = alt.Axis(labelExpr=PERCENT, tickCount=4)
    across = alt.X(f"{low}:Q", axis=axis, scale=alt.Scale(zero=True, nice=True))
    tooltip = [
        alt.Tooltip(f"{name}:N", title=" "),
        alt.Tooltip(f"{rate}:Q", format=".2%"),
        *(alt.Tooltip(f"{end}:Q", format=".2%") for end in (low, high)),
    ]
    line = base.mark_rule(color=MAIN, strokeWidth=2, opacity=0.45, yOffset=8, y2Offset=8)
    dot = base.mark_circle(color=MAIN, size=60, opacity=1, yOffset=8)
    names = base.mark_text(align="left", baseline="middle", yOffset=-5, limit=230)
    values = base.mark_text(align="right", baseline="middle", yOffset=-5, fill=DIM)
    return finished(
        alt.layer(
            line.encode(x=across, x2=f"{high}:Q"),
            dot.encode(x=f"{rate}:Q", tooltip=tooltip),
            names.encode(x=alt.value(0), text=f"{name}:N"),
            values.encode(x=alt.value("width"), text="label:N"),
        ),
        height=len(rows) * (ROW + 8),
        right=8,
    )


def curve(rows: Sequence[Row], across: str, share: str) -> alt.LayerChart:
    """Draw how a share adds up to all, with equal shares as a straight line.

    Args:
        rows: The points in order.
        across: The column of the horizontal axis.
        share: The column of the share, 0 to 1.

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

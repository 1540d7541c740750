"""Interval charts: rates as dots, each with its confidence interval."""

from collections.abc import Sequence

import altair as alt

from orchestration.explore.charts.chart_style import DIM, MAIN, PERCENT, ROW, finished, of
from orchestration.explore.published import Row


def intervals(rows: Sequence[Row], name: str, rate: str, low: str, high: str) -> alt.LayerChart:
    """Draw rates as dots, each with its confidence interval as a line.

    Args:
        rows: One for each rate, from top to bottom.
        name: The column of the names, written above the dots.
        rate: The column of the rates.
        low: The column of the intervals' lower ends.
        high: The column of the intervals' upper ends.
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

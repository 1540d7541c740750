"""Bar charts: a bar for each row, with its name and its value."""

from collections.abc import Sequence

import altair as alt

from orchestration.explore.charts.chart_style import DIM, MAIN, ROW, finished, of
from orchestration.explore.published import Row


def ranked(
    rows: Sequence[Row], name: str, value: str, *, share: bool = False, note: str | None = None
) -> alt.LayerChart:
    """Draw a bar for each row, with its name above it and its value to the right.

    Args:
        rows: One for each bar, from top to bottom.
        name: The column of the names.
        value: The column of the values, which set the lengths of the bars.
        share: Whether the values are shares, written as percent.
        note: A column of text to add after the value.
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

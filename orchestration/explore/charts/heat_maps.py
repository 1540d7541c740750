"""Heat maps: a grid of squares, stronger in colour where a measure is higher."""

from collections.abc import Sequence

import altair as alt

from orchestration.explore.charts.chart_style import MAIN, ROW, TITLE, finished, of
from orchestration.explore.published import Row


def heat(
    rows: Sequence[Row],
    across: tuple[str, str],
    down: tuple[str, str],
    value: str,
    *,
    share: bool = False,
) -> alt.LayerChart:
    """Draw a grid of squares, stronger in colour where a measure is higher.

    Args:
        rows: One for each square.
        across: The column of the horizontal axis, and its title.
        down: The column of the vertical axis, in the order of the rows, and its title in tooltips.
        value: The measure.
        share: Whether the measure is a share, which is then written into the squares.
    """
    # more than 12 labels would overlap on a phone: every third is shown
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

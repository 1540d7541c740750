"""The style of the charts: colours, axes and tooltips.

Colours are CSS variables of `pages.css`, so that one chart fits the light and the dark theme; only
SVG can use them. A chart is as wide as its container.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import altair as alt

from orchestration.explore.published import Row

INK, DIM, GRID = "var(--ink)", "var(--dim)", "var(--grid)"
MAIN, OTHER = "var(--main)", "var(--other)"
HEIGHT, ROW = 190, 22
CONFIG: dict[str, Any] = {
    "background": "transparent",
    "view": {"stroke": None},
    "font": "inherit",
    "axis": {
        "labelColor": DIM,
        "labelFontSize": 11,
        "title": None,
        "ticks": False,
        "domain": False,
        "gridColor": GRID,
        "labelPadding": 6,
    },
    "axisX": {"grid": False},
    "text": {"fill": INK, "fontSize": 11},
}
TITLE: dict[str, Any] = {"titleColor": DIM, "titleFontWeight": "normal", "titleFontSize": 11}
EMBED = {"embedOptions": {"renderer": "svg", "actions": False}}
NUMBER = "format(datum.value, abs(datum.value) < 1000 ? '.3~g' : '.3~s')"
PERCENT = "format(datum.value, '.3~%')"


def finished(chart: Any, height: int = HEIGHT, right: int = 2) -> alt.LayerChart:  # noqa: ANN401
    """Return a chart with the page's style.

    Args:
        chart: The chart.
        height: Its height in pixels.
        right: Pixels to the right of its marks, for labels.

    """
    layers = chart if isinstance(chart, alt.LayerChart) else alt.layer(chart)
    return layers.properties(
        width="container",
        height=height,
        usermeta=EMBED,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        padding={"left": 2, "right": right, "top": 8, "bottom": 2},
    ).configure(**CONFIG)


def of(rows: Sequence[Row]) -> alt.Chart:
    """Return a chart of rows, without marks yet."""
    return alt.Chart(alt.Data(values=[{k: _plain(v) for k, v in row.items()} for row in rows]))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00Z"
    return (
        value if value is None or isinstance(value, bool | int | float | str) else float(str(value))
    )


def tooltip_of(when: str, column: str, *, share: bool = False) -> list[alt.Tooltip]:
    """Return the tooltip of a point in time: its day and its measure.

    Args:
        when: The column of the day.
        column: The measure.
        share: Whether the measure is a share.

    """
    form = ".1%" if share else ",.6~r"
    return [
        alt.Tooltip(f"{when}:T", format="%d %b %Y", title=" "),
        alt.Tooltip(f"{column}:Q", format=form),
    ]


def time_axis(column: str) -> alt.X:
    """Return a horizontal axis of days."""
    scale = alt.Scale(type="utc", padding=4)
    return alt.X(
        f"{column}:T",
        scale=scale,
        axis=alt.Axis(format="%d %b", tickCount=5, labelOverlap=True, labelFlush=True),
    )


def measure_axis(column: str, *, share: bool, zero: bool) -> alt.Y:
    """Return a vertical axis of a measure.

    Args:
        column: The measure.
        share: Whether the measure is a share, written as percent.
        zero: Whether the axis begins at zero.

    """
    axis = alt.Axis(labelExpr=PERCENT if share else NUMBER, tickCount=3)
    return alt.Y(f"{column}:Q", axis=axis, scale=alt.Scale(zero=zero, nice=True))

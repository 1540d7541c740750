"""Charts as SVG, in the page's own colours: Altair specifications, rendered by vl-convert.

Rendering needs neither a browser nor a network. Colours are CSS variables of the page, so that one
picture serves light and dark; legends are text of the page, which wraps where it is narrow.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import altair as alt

Row = dict[str, Any]

SERIES = tuple(f"var(--s{number})" for number in range(1, 9))
GOOD, WARN, BAD, BAND, INK = (f"var(--{name})" for name in ("good", "warn", "bad", "band", "ink"))
# Wide enough for a phone held upright, where a unit is about a pixel; a desk shows it larger.
WIDTH, HEIGHT, PANEL = 300, 165, 62
TEXT = {"labelFontSize": 10.5, "labelColor": "var(--dim)", "title": None}
CONFIG = {
    "aria": False,  # the page labels each picture as a whole
    "background": None,
    "view": {"stroke": None},
    "axis": TEXT | {"ticks": False, "gridColor": "var(--grid)", "domainColor": "var(--grid)"},
    "axisX": {"grid": False, "labelPadding": 6, "labelFlush": False},
    # Axes of one width let the pictures stand in line.
    "axisY": {"domain": False, "minExtent": 40, "maxExtent": 40},
    "header": TEXT | {"labelColor": INK, "labelAnchor": "start", "labelPadding": 4},
    "line": {"strokeWidth": 1.4, "point": {"size": 9, "filled": True}},
    "facet": {"spacing": 12},
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart, and what each of its colours stands for."""

    chart: Any
    """One of Altair's charts, layered or with panels."""
    legend: dict[str, str] = field(default_factory=dict)

    def svg(self) -> str:
        """Return the chart as one SVG element."""
        import vl_convert

        return str(vl_convert.vegalite_to_svg(self.chart.to_dict() | {"config": CONFIG}))


def chart(rows: Iterable[Row]) -> alt.Chart:
    """Return a chart of rows, without marks yet."""
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
    return alt.Chart(alt.Data(values=plain), width=WIDTH, height=HEIGHT)


def _plain(value: object) -> object:
    return f"{_instant(value).isoformat()}Z" if isinstance(value, date) else value


def _instant(day: date) -> datetime:
    return day if isinstance(day, datetime) else datetime.combine(day, time())


def panels(
    layers: alt.LayerChart, rows: Iterable[Row], column: str, order: Sequence[str] | None = None
) -> alt.FacetChart:
    """Return the same chart once for each value of a column, one above the other.

    Args:
        layers: The chart.
        rows: Its rows.
        column: What each panel is of.
        order: The values, from the top; without, as they come in the rows.
    """
    names = list(order or dict.fromkeys(row[column] for row in rows))
    row = alt.Row(f"{column}:N", sort=names, header=alt.Header(orient="top"))
    one = layers.properties(height=PANEL if len(names) > 1 else HEIGHT)
    return one.facet(row=row).resolve_scale(y="independent")


def across(rows: Sequence[Row], column: str) -> alt.X:
    """Return an axis of time, with room beside the first and the last instant."""
    found = [_instant(row[column]) for row in rows]
    margin = timedelta(days=1) if min(found) == max(found) else timedelta(hours=14)
    ends = [f"{end.isoformat()}Z" for end in (min(found) - margin, max(found) + margin)]
    step = max(1, (max(found) - min(found)).days // 5)
    ticks = alt.TimeIntervalStep(interval="day", step=step)
    axis = alt.Axis(tickCount=ticks, format="%d %b", labelOverlap=True)
    return alt.X(f"{column}:T", axis=axis, scale=alt.Scale(type="utc", domain=ends))


def up(column: str, unit: str = "") -> alt.Y:
    """Return an axis of numbers from zero, written short: 1.2k, 35M; without a unit they count."""
    label = "format(datum.value, datum.value < 1000 ? '.3~g' : '.3~s')"
    whole = {} if unit else {"tickMinStep": 1}
    axis = alt.Axis(labelExpr=f"{label} + '{unit}'", tickCount=4, **whole)
    return alt.Y(f"{column}:Q", axis=axis, scale=alt.Scale(zero=True, nice=True))


def colours_of(names: Iterable[str]) -> dict[str, str]:
    """Return a colour for each name; those beyond the last colour share it."""
    return {
        name: SERIES[min(number, len(SERIES) - 1)]
        for number, name in enumerate(dict.fromkeys(names))
    }


def coloured(column: str, colours: dict[str, str]) -> alt.Color:
    """Return the encoding of a column by colours that the page's legend explains."""
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    return alt.Color(f"{column}:N", legend=None, scale=scale)


def legend_of(colours: dict[str, str]) -> dict[str, str]:
    """Return the meaning of each colour."""
    names: dict[str, list[str]] = {}
    for name, colour in colours.items():
        names.setdefault(colour, []).append(name)
    return {colour: few[0] if len(few) == 1 else "others" for colour, few in names.items()}


def crosses(of: alt.Chart) -> alt.Chart:
    """Return marks for what went wrong."""
    shape = "M-1,-1L1,1M-1,1L1,-1"
    return of.mark_point(shape=shape, size=36, stroke=BAD, strokeWidth=1.6, opacity=1)


def stacked_days(
    rows: Sequence[Row], column: str, height: str, colours: dict[str, str], unit: str = ""
) -> alt.Chart:
    """Return a bar for each day, stacked by the values of a column.

    Args:
        rows: What to draw, with a `day`.
        column: What a layer of the bars stands for.
        height: The column whose sum is a layer's height.
        colours: The colour of each layer, in their order from the bottom.
        unit: What the heights are in.
    """
    order = alt.Order("rank:Q")
    ranks = {name: rank for rank, name in enumerate(colours)}
    axis = across(rows, "day")
    days = (max(row["day"] for row in rows) - min(row["day"] for row in rows)).days + 2
    return (
        chart([row | {"rank": ranks[row[column]]} for row in rows])
        .mark_bar(size=max(1.0, 0.8 * WIDTH / days))
        .encode(x=axis, y=up(f"sum({height})", unit), color=coloured(column, colours), order=order)
    )

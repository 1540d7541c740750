"""Panels of the pages: each says what was found in its headline, and shows it below."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from orchestration.explore.published import Published, Row

PAGES = {
    "listening": "Listening",
    "catalogue": "Catalogue",
    "listener": "A listener",
    "recommendations": "Recommendations",
    "data": "Data",
}
NOTHING = "Nothing is published yet: “moovitamix run” does it. This page follows by itself."

FOLLOWS_EVERY = "5s"
# 3 s of two cores for the slowest page; below, no reader needs to be told.
SLOW_FROM = 5_000_000
# A date; what is longer may wrap.
SHORT = 12

Draw = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Panel:
    """What was found, in a sentence; a chart or a table of it; how it was counted."""

    headline: str
    chart: Any = None
    rows: Sequence[Row] = ()
    note: str = ""
    is_wide: bool = False

    def html(self, draw: Draw) -> str:
        """Return the panel as HTML; `draw` makes HTML of a chart."""
        # no <h2>: marimo would draw a table of contents over the page
        heading = html.escape(self.headline)
        parts = [f'<div class="mm-headline" role="heading" aria-level="2">{heading}</div>']
        if self.chart is not None:
            parts.append(f'<div class="mm-chart">{draw(self.chart)}</div>')
        if self.rows:
            parts.append(table(self.rows))
        if self.note:
            parts.append(f"<p>{html.escape(self.note)}</p>")
        wide = " mm-wide" if self.is_wide else ""
        return f'<section class="mm-panel{wide}">{"".join(parts)}</section>'


@dataclass(frozen=True, slots=True)
class Panels:
    """Panels side by side where there is room, else one below the other."""

    panels: Sequence[Panel] = field(default_factory=tuple)

    def html(self, draw: Draw) -> str:
        """Return all panels as HTML."""
        return f'<div class="mm-panels">{"".join(one.html(draw) for one in self.panels)}</div>'

    def _mime_(self) -> tuple[str, str]:
        """Show the panels in a notebook."""
        import marimo

        return "text/html", self.html(lambda chart: marimo.as_html(chart).text)


@dataclass(frozen=True, slots=True)
class Header:
    """The links to all pages, and which publication the page shows."""

    page: str
    published: Published | None = None

    def html(self, suffix: str = "/") -> str:
        """Return the header as HTML; `suffix` is what the links end with."""
        up = "../" if suffix == "/" else ""
        links = " ".join(
            f'<a href="{up}{page}{suffix}"{" aria-current=page" if page == self.page else ""}'
            f' target="_self">{title}</a>'
            for page, title in PAGES.items()
        )
        return (
            f'<header class="mm-header"><nav>{links}</nav><p>{_origin(self.published)}</p></header>'
        )

    def _mime_(self) -> tuple[str, str]:
        """Show the header in a notebook."""
        return "text/html", self.html()


def side_by_side(*panels: Panel) -> Panels:
    """Return panels for one part of a page."""
    return Panels(panels)


def _origin(published: Published | None) -> str:
    if published is None:
        return NOTHING
    one = published.row("select version, built_at, is_masked from publication")
    personal = "without personal data" if one["is_masked"] else "with personal data"
    origin = f"Publication {one['version']}, data up to {shown(one['built_at'])} UTC, {personal}"
    listens = published.rows(
        "select rows from publication_tables where table_name = 'fact_listen_history'"
    )
    if not listens or listens[0]["rows"] < SLOW_FROM:
        return origin
    return (
        f"{origin}. The first look at a publication counts {listens[0]['rows']:,} listens, which"
        " takes some seconds; then the answers are kept."
    )


def table(rows: Sequence[Row]) -> str:
    """Return rows as an HTML table, numbers to the right."""
    styles = {name: _style([row[name] for row in rows]) for name in rows[0]}
    head = _cells("th", [(styles[name], name) for name in rows[0]])
    body = "".join(
        _cells("td", [(styles[name], shown(value)) for name, value in row.items()]) for row in rows
    )
    whole = f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"
    return f'<div class="mm-table">{whole}</div>'


def _cells(tag: str, cells: Sequence[tuple[str, str]]) -> str:
    marked = (f"<{tag}{style}>{html.escape(text)}</{tag}>" for style, text in cells)
    return f"<tr>{''.join(marked)}</tr>"


def _style(values: Sequence[object]) -> str:
    """Return how a column is set: numbers to the right, short texts in one line."""
    if all(map(_is_number, values)):
        return " class=mm-number"
    is_short = all(len(shown(value)) <= SHORT for value in values)
    return " class=mm-short" if is_short else ""


def _is_number(value: object) -> bool:
    return value is None or (not isinstance(value, bool) and isinstance(value, int | float))


def shown(value: object) -> str:
    """Return a value as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%d %b %Y %H:%M}"
    if isinstance(value, date):
        return f"{value:%d %b %Y}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def change(now: float, before: float | None) -> str:
    """Return how a number compares to one before: `4% more than`."""
    if not before:
        return "against none in"
    share = now / before - 1
    if abs(share) < 0.005:
        return "as many as"
    return f"{abs(share):.0%} {'more' if share > 0 else 'fewer'} than"


def trend(now: float, before: float | None) -> str:
    """Return the change against a number before, short: `+4%`, or `new`."""
    return f"{now / before - 1:+.0%}" if before else "new"


def clock() -> Any:  # noqa: ANN401 - an element of marimo
    """Return what ticks while a page is looked at, unseen: its cell looks for a new publication."""
    import marimo

    return marimo.ui.refresh(default_interval=FOLLOWS_EVERY)


def controls(*elements: Any) -> Any:  # noqa: ANN401 - elements of marimo
    """Return the controls of a page in a line, which wraps where it is narrow."""
    import marimo

    return marimo.hstack(elements, justify="start", align="center", wrap=True, gap=1)

"""The report as one page of HTML: a Jinja template, with no script and nothing to fetch."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestration.monitoring.report.charts import Row
from orchestration.monitoring.report.page_contents import Picture
from orchestration.monitoring.report.state import Level, State

HERE = Path(__file__).parent
# A page is for looking; the marts hold all of it.
SHOWN_ROWS = 60
LONG_TEXT = 40

HEADLINES = {
    Level.UNKNOWN: "Nothing is known yet",
    Level.GREEN: "Green: all is well",
    Level.AMBER: "Amber: it works, and something is odd",
    Level.RED: "Red: something is broken",
}


def page(
    state: State,
    figures: Iterable[tuple[str, str, str]],
    sections: Iterable[tuple[str, Sequence[tuple[Picture, list[Row]]]]],
    written_at: datetime,
) -> str:
    """Return the page: the state, the figures, then the pictures by section.

    Args:
        state: The level, and the reasons for it.
        figures: Label, value and note of each figure.
        sections: The title of each section, and its pictures with their rows.
        written_at: The instant of writing.
    """
    templates = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    templates.filters["shown"] = format_value
    return templates.get_template("page.html.j2").render(
        state=state,
        headline=HEADLINES[state.level],
        figures=list(figures),
        sections=sections,
        written_at=format_value(written_at),
        style=(HERE / "page.css").read_text(),
        shown_rows=SHOWN_ROWS,
        class_of_columns=class_of_columns,
    )


def class_of_columns(rows: Sequence[Row]) -> dict[str, str]:
    """Return the style of each column of a table: numbers, long texts, all others."""
    return {name: _class([row[name] for row in rows]) for name in rows[0]}


def _class(values: Sequence[object]) -> str:
    known = [value for value in values if value is not None]
    if known and all(isinstance(one, int | float) and not isinstance(one, bool) for one in known):
        return "number"
    return "text" if any(isinstance(one, str) and len(one) > LONG_TEXT for one in known) else ""


def format_value(value: object) -> str:
    """Return a value as a person reads it: no fractions of seconds, no long numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)

"""A difference as a page (HTML) and as Markdown: one for people, one for a pull request."""

from pathlib import Path

from orchestration.warehouse.comparing.difference import Difference, MetricDifference

HERE = Path(__file__).parent


def to_html(difference: Difference) -> str:
    """Return a page that needs nothing but itself."""
    return _rendered("difference.html.j2", difference, escaped=True)


def to_markdown(difference: Difference) -> str:
    """Return Markdown for the summary of a pull request."""
    return _rendered("difference.md.j2", difference, escaped=False)


def figure(value: float | None) -> str:
    """Return a metric's value as people read it."""
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4f}"


def change(metric: MetricDifference) -> str:
    """Return by how much a metric changed, in percent where that has a meaning."""
    if metric.before is None or metric.after is None or not metric.differs:
        return ""
    if not metric.before:
        return f"{metric.after - metric.before:+,.4g}"
    return f"{(metric.after - metric.before) / metric.before:+.2%}"


def _rendered(template: str, difference: Difference, *, escaped: bool) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    pages = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=escaped,  # noqa: S701 - Markdown has its own escapes
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    pages.filters |= {"figure": figure, "change": change, "cell": _cell}
    return pages.get_template(template).render(difference=difference)


def _cell(text: object) -> str:
    """Return text that stays in its cell of a Markdown table, and is nothing but text."""
    kept = str(text).replace("\\", "\\\\").replace("|", "\\|").replace("`", "'")
    return kept.replace("<", "&lt;").replace("\n", " ")

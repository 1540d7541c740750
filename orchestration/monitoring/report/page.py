"""The report as one page of HTML: whole by itself, with no script and nothing to fetch."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from html import escape
from pathlib import Path

from orchestration.monitoring.report.charts import Chart
from orchestration.monitoring.report.monitoring_rows import Rows
from orchestration.monitoring.report.pictures import Picture
from orchestration.monitoring.report.state import Level, State

STYLE = Path(__file__).with_name("page.css")
# A page is for looking; the marts hold all of it.
SHOWN_ROWS = 60
LONG_TEXT = 40

HEADLINES = {
    Level.UNKNOWN: "Nothing is known yet",
    Level.GREEN: "Green: all is well",
    Level.AMBER: "Amber: it works, and something is odd",
    Level.RED: "Red: something is broken",
}
NOTHING = "No run is on record yet; `moovitamix run` makes the first."


def page(
    state: State,
    facts: Iterable[tuple[str, str, str]],
    sections: Iterable[tuple[str, Sequence[tuple[Picture, Rows]]]],
    written_at: datetime,
) -> str:
    """Return the whole page: how things stand, the numbers, then the pictures by section."""
    body = [_head(written_at), _state(state), _facts(facts)]
    for title, pictures in sections:
        cards = "".join(_card(picture, rows) for picture, rows in pictures)
        body.append(f'<h2>{escape(title)}</h2><div class="pictures">{cards}</div>')
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>MooVitamix: {escape(HEADLINES[state.level])}</title>"
        '<link rel="icon" href="data:,">'
        f"<style>{STYLE.read_text()}</style></head><body>{''.join(body)}</body></html>\n"
    )


def _head(written_at: datetime) -> str:
    said = f"written {written_at:%Y-%m-%d %H:%M:%S} UTC from the monitoring marts"
    return f'<header><h1>MooVitamix: how the runs go</h1><small class="dim">{said}</small></header>'


def _state(state: State) -> str:
    level = state.level.name.lower()
    why = "".join(
        f'<li class="{tone}"><b>{tone}</b> {escape(says)}</li>'
        for tone, says in ((one.level.name.lower(), one.says) for one in state.reasons)
    )
    told = f"<ul>{why}</ul>" if why else ""
    if state.level is Level.UNKNOWN:
        told = f"<p>{escape(NOTHING)}</p>"
    headline = escape(HEADLINES[state.level])
    return f'<section class="state {level}"><strong>{headline}</strong>{told}</section>'


def _facts(facts: Iterable[tuple[str, str, str]]) -> str:
    tiles = "".join(
        f"<div><dt>{escape(label)}</dt><dd><b>{escape(value)}</b></dd>"
        f"<dd><small>{escape(note)}</small></dd></div>"
        for label, value, note in facts
    )
    return f'<dl class="facts">{tiles}</dl>' if tiles else ""


def _card(picture: Picture, rows: Rows) -> str:
    marts = ", ".join(f"<code>{escape(mart)}</code>" for mart in picture.marts)
    head = f"<h3>{escape(picture.title)}</h3><small>{escape(picture.tells)}</small>"
    if not rows:
        return f"<article>{head}<p>{escape(picture.otherwise)}</p></article>"
    shown = _drawn(picture, picture.draw(rows)) if picture.draw else ""
    return f"<article>{head}{shown}{_table(rows, marts)}</article>"


def _drawn(picture: Picture, drawn: Chart) -> str:
    meanings = "".join(
        f'<li><i style="background:var(--{role})"></i>{escape(meaning)}</li>'
        for role, meaning in drawn.legend.items()
    )
    legend = f'<ul class="legend">{meanings}</ul>' if meanings else ""
    return drawn.svg(picture.title, escape(f"{picture.title}: {picture.tells}")) + legend


def _table(rows: Rows, marts: str) -> str:
    kinds = [_kind(rows.of(name)) for name in rows.columns]
    head = "".join(
        f'<th class="{kind}">{escape(name)}</th>'
        for name, kind in zip(rows.columns, kinds, strict=True)
    )
    newest = rows.rows[-SHOWN_ROWS:]
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="{kind}">{escape(told(value))}</td>'
            if kind
            else f"<td>{escape(told(value))}</td>"
            for value, kind in zip(row, kinds, strict=True)
        )
        + "</tr>"
        for row in reversed(newest)
    )
    count = f"{len(rows.rows):,} rows" if len(rows.rows) != 1 else "1 row"
    count = f"the last {SHOWN_ROWS} of {count}" if len(newest) < len(rows.rows) else count
    return (
        f"<details><summary>{count} of {marts}</summary>"
        f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></details>"
    )


def _kind(values: Sequence[object]) -> str:
    known = [value for value in values if value is not None]
    if known and all(isinstance(one, int | float) and not isinstance(one, bool) for one in known):
        return "number"
    return "text" if any(isinstance(one, str) and len(one) > LONG_TEXT for one in known) else ""


def told(value: object) -> str:
    """Return a value as a person reads it: no parts of seconds, no long numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)

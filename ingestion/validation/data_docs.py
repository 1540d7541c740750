"""Data Docs: Great Expectations' pages about a load, readable offline.

As rendered they fetch styles, scripts and a logo from seven hosts; one small stylesheet replaces
all of that.
"""

import html
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult

KEPT_LOADS = 30
INDEX = "index.html"

_FETCHED = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*>|<img\b[^>]*>|<!--.*?-->", re.DOTALL | re.IGNORECASE
)
_BACKGROUND = re.compile(r"url\(['\"]?(?:https?:)?//[^)]*\)")
_ELSEWHERE = re.compile(r"<a\b[^>]*href=\"https?://[^\"]*\"[^>]*>(.*?)</a>", re.DOTALL)
_NOWHERE = re.compile(r"<a\b[^>]*href=\"\.\./[^\"]*\"[^>]*>(.*?)</a>", re.DOTALL)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)

STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 72rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere }
.row { display: flex; flex-wrap: wrap; gap: 0 2rem } .row > * { min-width: 0 }
.col-lg-2, .col-md-2, nav { flex: 0 0 14rem } [class*="col-"][class*="10"] { flex: 1 1 24rem }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 }
td, th { text-align: left; padding: .3rem .6rem; border-top: 1px solid #8886; vertical-align: top }
ul { padding-left: 1.2rem } .badge { padding: .1rem .4rem; border: 1px solid; border-radius: .3rem }
.failed, .text-danger { color: light-dark(#a4161a, #ff8a8a); font-weight: 600 }
td:first-child, th { white-space: nowrap } .fa-check-circle::before { content: "✔" }
.fa-times::before, .fa-exclamation-triangle::before { content: "✘" }
@media (max-width: 40rem) {
  .loads tr:first-child { display: none }
  .loads td { display: block; border: 0; padding: 0 } .loads tr { display: block; padding: .5rem 0 }
  .loads tr + tr { border-top: 1px solid #8886 }
}
.sticky, .modal, .ge-walkthrough, .navbar, .cooltip .top, .btn, footer { display: none }
"""


def write(
    folder: Path,
    load: dict[str, Any],
    results: "list[tuple[str, ExpectationSuiteValidationResult]]",
) -> None:
    """Write the pages of a load, delete those of the oldest, and update the index.

    No page shows a value of the load, only shares and counts.

    Args:
        folder: The folder of all Data Docs.
        load: The load's `load_id`, `as_of` and `kind`.
        results: The result of each suite, by name.
    """
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaPageView

    pages = folder / load["load_id"]
    pages.mkdir(parents=True, exist_ok=True)
    renderer: Any = ValidationResultsPageRenderer(run_info_at_end=True)
    view: Any = DefaultJinjaPageView()
    for name, result in results:
        content = renderer.render(result)
        (pages / f"{name}.html").write_text(offline(view.render(content)))
    summary = {
        "load_id": load["load_id"],
        "as_of": load["as_of"],
        "kind": load["kind"],
        "pages": {name: bool(result.success) for name, result in results},
    }
    (pages / "load.json").write_text(json.dumps(summary))
    _update_index(folder)


def offline(page: str) -> str:
    """Remove whatever a page would fetch, and add our stylesheet."""
    page = _BACKGROUND.sub("none", _FETCHED.sub("", page))
    page = _NOWHERE.sub(r"\1", _ELSEWHERE.sub(r"\1", page))
    styled = f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
    return _HEAD.sub(lambda head: head[0] + '<meta charset="utf-8">' + styled, page, count=1)


def _update_index(folder: Path) -> None:
    loads = sorted(
        filter(None, map(_summary, folder.glob("*/load.json"))),
        key=lambda load: (load["as_of"], load["load_id"]),
        reverse=True,
    )
    for load in loads[KEPT_LOADS:]:
        shutil.rmtree(folder / load["load_id"])
    rows = "".join(_row(load) for load in loads[:KEPT_LOADS])
    head = "<tr><th>load</th><th>as of (UTC)</th><th>kind</th><th>suites</th></tr>"
    page = (
        '<!doctype html><html lang="en"><head><title>Data Docs: the newest loads</title></head>'
        f"<body><h1>Data Docs</h1><p>Raw validation of the newest {KEPT_LOADS} loads."
        f"</p><table class='loads'>{head}{rows}</table></body></html>"
    )
    (folder / INDEX).write_text(offline(page))


def _summary(path: Path) -> dict[str, Any] | None:
    """The summary of a load; None if it is damaged: its pages are not listed."""
    try:
        load: dict[str, Any] = json.loads(path.read_text())
        return load if {"load_id", "as_of", "kind", "pages"} <= load.keys() else None
    except (ValueError, AttributeError):
        return None


def _row(load: dict[str, Any]) -> str:
    name = html.escape(load["load_id"])
    suites = ", ".join(
        f'<a href="{name}/{suite}.html" class="{"passed" if good else "failed"}">{suite}'
        f"{'' if good else ' (failed)'}</a>"
        for suite, good in load["pages"].items()
    )
    return (
        f"<tr><td>{name}</td><td>{load['as_of'][:19].replace('T', ' ')}</td><td>{load['kind']}</td>"
        f"<td>{suites}</td></tr>"
    )

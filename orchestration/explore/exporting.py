"""Write the pages as HTML files that need no server and no network."""

import json
from itertools import count
from pathlib import Path
from typing import Any

from lake.atomic import replace_file
from orchestration.explore.notebook_pages import FOLDER, STYLE, run
from orchestration.explore.panels import PAGES, Header, Panels

SCRIPT = "vega.js"
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{style}">
<body class="mm-page">
{body}
<script src="{script}"></script>
</body>
</html>
"""


def export(folder: Path) -> list[Path]:
    """Write every page, its style and the script that draws; return the pages' files."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / STYLE, (FOLDER / STYLE).read_bytes())
    replace_file(folder / SCRIPT, _script().encode())
    return [_write(folder, page) for page in PAGES]


def _write(folder: Path, page: str) -> Path:
    numbers = count()

    def drawn(chart: Any) -> str:  # noqa: ANN401 - a chart of any kind
        spec = json.dumps(chart.to_dict()).replace("</", "<\\/")
        data = f'<script type="application/json">{spec}</script>'
        return f'<div class="mm-drawn" id="chart-{next(numbers)}">{data}</div>'

    parts = [
        one.html(".html") if isinstance(one, Header) else one.html(drawn)
        for one in run(page)
        if isinstance(one, Header | Panels)
    ]
    text = PAGE.format(title=PAGES[page], style=STYLE, script=SCRIPT, body="\n".join(parts))
    file = folder / f"{page}.html"
    replace_file(file, text.encode())
    return file


def _script() -> str:
    import vl_convert

    return str(
        vl_convert.javascript_bundle(
            """
            document.querySelectorAll(".mm-drawn").forEach((place) => {
              const spec = JSON.parse(place.textContent);
              place.textContent = "";
              vegaEmbed(place, spec, { mode: "vega-lite", renderer: "svg", actions: false });
            });
            """
        )
    )

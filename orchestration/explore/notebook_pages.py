"""The notebooks that are the pages: where they are, and what they show without a server."""

from importlib import util
from pathlib import Path
from typing import Any

from orchestration.run.settings import ROOT

FOLDER = ROOT / "notebooks"
STYLE = "pages.css"


def notebook(page: str) -> Path:
    """Return the notebook of a page."""
    return FOLDER / f"{page}.py"


def run(page: str) -> list[Any]:
    """Run a page's notebook from top to bottom, and return what its cells show, in their order.

    Controls have the values that they begin with.
    """
    outputs, _ = app_of(page).run()
    return [one for one in outputs if one is not None]


def app_of(page: str) -> Any:  # noqa: ANN401 - an app of marimo
    """Return the notebook of a page as an app."""
    file = notebook(page)
    described = util.spec_from_file_location(f"notebooks.{page}", file)
    assert described is not None, f"{file} is a module"
    assert described.loader is not None, f"{file} is a module"
    module = util.module_from_spec(described)
    described.loader.exec_module(module)
    return module.app

"""Building of the site: strict, so that a broken link is an error."""

import logging
from pathlib import Path

from orchestration.run.settings import ROOT
from orchestration.site.assemble import assemble
from orchestration.site.dbt_pages import SiteFailed


def build_site(folder: Path) -> Path:
    """Build the site and return the folder of its pages, which need no server and no network.

    Args:
        folder: Where the sources (`docs`) and the pages (`html`) go.

    Raises:
        SiteFailed: A page has a broken link, or a tool failed.

    """
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.exceptions import MkDocsException

    sources, pages = folder / "docs", folder / "html"
    folder.mkdir(parents=True, exist_ok=True)
    assemble(sources)
    warnings = _Warnings()
    log = logging.getLogger("mkdocs")
    log.addHandler(warnings)
    try:
        build(
            load_config(
                str(ROOT / "mkdocs.yml"), docs_dir=str(sources), site_dir=str(pages), strict=True
            )
        )
    except (MkDocsException, SystemExit) as error:
        raise SiteFailed("; ".join(warnings.lines) or str(error)) from error
    finally:
        log.removeHandler(warnings)
    return pages


class _Warnings(logging.Handler):
    """What MkDocs warns of: strict building then stops."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a warning as a line."""
        self.lines.append(" ".join(record.getMessage().split()))

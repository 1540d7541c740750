"""The site's sources: the documents, the root's pages, and references made from the code."""

import re
import shutil
from functools import partial
from pathlib import Path

from orchestration.run.settings import ROOT
from orchestration.site.command_reference import command_reference
from orchestration.site.dbt_pages import write_dbt_pages
from orchestration.site.metric_reference import metric_reference
from orchestration.site.settings_reference import settings_reference
from orchestration.site.table_reference import table_reference

# Pages of the root by their names in the site, where links are read from below `docs/`.
OF_THE_ROOT = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
ENV_EXAMPLE = ".env.example"
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")


def assemble(sources: Path) -> None:
    """Write all that the site is made of into a folder, which is replaced."""
    shutil.rmtree(sources, ignore_errors=True)
    shutil.copytree(ROOT / "docs", sources, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for page in sources.rglob("*.md"):
        below = partial(_below, depth=len(page.relative_to(sources).parts) - 1)
        page.write_text(_LINK.sub(below, page.read_text()))
    for name, page_name in OF_THE_ROOT.items():
        text = _LINK.sub(_at_root, (ROOT / name).read_text())
        (sources / page_name).write_text(text)
    reference = sources / "reference"
    reference.mkdir()
    manifest = write_dbt_pages(reference)
    pages = {
        "commands": command_reference(),
        "settings": settings_reference(),
        "tables": table_reference(manifest),
        "metrics": metric_reference(manifest),
    }
    for name, text in pages.items():
        (reference / f"{name}.md").write_text(text)


def _at_root(found: re.Match[str]) -> str:
    """Rewrite a link of a page of the root: `docs/lake.md` is `lake.md` in the site."""
    target, hash_, anchor = found[2].partition("#")
    if target == ENV_EXAMPLE:
        target = "reference/settings.md"
    target = OF_THE_ROOT.get(target, target.removeprefix("docs/"))
    return f"{found[1]}{target}{hash_}{anchor}{found[3]}"


def _below(found: re.Match[str], depth: int) -> str:
    """Rewrite a link of a document to a page of the root."""
    target, hash_, anchor = found[2].partition("#")
    up = "../" * (depth + 1)
    if target.startswith(up) and not target.startswith(f"{up}../"):
        name = target.removeprefix(up)
        if name == ENV_EXAMPLE:
            name = "reference/settings.md"
        if name in OF_THE_ROOT or name.startswith("reference/"):
            target = "../" * depth + OF_THE_ROOT.get(name, name)
    return f"{found[1]}{target}{hash_}{anchor}{found[3]}"

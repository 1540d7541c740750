"""Reference of settings, from `.env.example`, which is written from the settings classes."""

import re

from orchestration.run.env_example import text
from orchestration.site.markdown_tables import cell, code, table

HEAD = """\
# Settings

Each setting is an environment variable. A wrong value or an unknown name is reported when a command
starts. `.env.example` in the repository has the same list.

"""
_SETTING = re.compile(r"# (?P<sentence>[^\n]*)\n# (?P<name>[A-Z][A-Z0-9_]*)=(?P<default>[^\n]*)\n")


def settings_reference() -> str:
    """Return the page of all settings."""
    sections = []
    for section in text().split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        rows = [
            [code(one["name"]), code(one["default"]), cell(one["sentence"])]
            for one in _SETTING.finditer(body)
        ]
        sections.append(f"## {title}\n\n{table(['setting', 'default', 'meaning'], rows)}")
    return HEAD + "\n".join(sections)

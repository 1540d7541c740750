"""Names: no module has two, no two modules share one, no room is crowded."""

import re
from collections import Counter
from pathlib import Path

from orchestration.run.settings import ROOT

FOLDERS = ("api", "ingestion", "lake", "ml", "orchestration")
# Each folder has its own of these; a DAG file is named by its step.
SHARED_NAMES = {"__init__", "__main__", "app", "errors", "schemas", "server", "settings"}
MOST_IN_A_ROOM = 15
# Names that the field has other words for; each is gone, and stays so.
# Names that are stored in lakes (`begun`, `set_aside`) may stand in quotes only.
FORBIDDEN = re.compile(
    r"\b(live_a_day|live_days|lived|where_next|note_end|tells_steps|hand_on|look_after|take_in"
    r"|write_privately|unheard|[Vv]erdicts|Verdict|(?:un)?judg(?:e|ed|es|ing|ement)s?|Screen|keeper"
    r"|leash|errand|upkeep|quick lane|anew|afresh|whoever|(?:begun|set_aside)(?![\"`]))\b"
)
ALIAS = re.compile(r"^\s*from (?:api|ingestion|lake|ml|orchestration)[\w.]* import \w+ as ")


def modules() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    assert found
    return found


def test_nothing_of_ours_is_imported_under_another_name() -> None:
    aliases = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder in (*FOLDERS, "bench", "tests")
        for path in (ROOT / folder).rglob("*.py")
        for line in path.read_text().splitlines()
        if ALIAS.match(line)
    ]
    assert aliases == []


def test_no_two_modules_share_a_name() -> None:
    named = Counter(
        path.stem
        for path in modules()
        if path.stem not in SHARED_NAMES and "dags" not in path.parts
    )
    assert {name for name, times in named.items() if times > 1} == set()


def test_no_room_holds_more_than_fifteen_modules() -> None:
    rooms = Counter(path.parent.relative_to(ROOT) for path in modules())
    assert {str(room): size for room, size in rooms.items() if size > MOST_IN_A_ROOM} == {}


def test_no_forbidden_word_is_back() -> None:
    searched = [
        path
        for folder in (*FOLDERS, "dbt_project", "docs", "bench", "tests")
        for kind in ("*.py", "*.sql", "*.yml", "*.md")
        for path in (ROOT / folder).rglob(kind)
        if path != Path(__file__) and "target" not in path.parts
    ]
    assert searched
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in searched
        for match in FORBIDDEN.finditer(path.read_text())
    ]
    assert found == []

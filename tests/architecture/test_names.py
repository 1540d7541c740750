"""Names: no module has two, no two modules share one, no room is crowded."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from orchestration.run.settings import ROOT

FOLDERS = ("api", "ingestion", "lake", "ml", "orchestration")
# Each folder has its own of these; a DAG file is named by its step.
SHARED_NAMES = {"__init__", "__main__", "app", "errors", "schemas", "server", "settings"}
MOST_IN_A_ROOM = 15
# Whose public functions of three parameters or more have `Args`: all but the command line, where a
# docstring is the text of `--help`.
DESCRIBED = [
    path
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "cli" not in path.relative_to(ROOT).parts
]
# Names that the field has other words for; each is gone, and stays so.
# Names that are stored in lakes (`begun`, `set_aside`) may stand in quotes only.
FORBIDDEN = re.compile(
    r"\b(live_a_day|live_days|lived|where_next|note_end|tells_steps|hand_on|look_after|take_in"
    r"|write_privately|unheard|[Vv]erdicts|Verdict|(?:un)?judg(?:e|ed|es|ing|ement)s?|Screen|keeper"
    r"|leash|errand|upkeep|quick lane|anew|afresh|whoever|(?:begun|set_aside)(?![\"`]))\b"
)
ALIAS = re.compile(r"^\s*from (?:api|ingestion|lake|ml|orchestration)\b[\w.]* import \w+ as ")


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


def test_public_functions_of_many_parameters_describe_them() -> None:
    """Ruff's D417 then keeps the names right."""
    lacking = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in DESCRIBED
        for node in public_functions(ast.parse(path.read_text()))
        if len(parameters_of(node)) >= 3
        and "    Args:" not in (ast.get_docstring(node, clean=False) or "")
    ]
    assert lacking == []


def parameters_of(node: ast.FunctionDef) -> set[str]:
    named = {one.arg for one in (*node.args.args, *node.args.kwonlyargs)} - {"self", "cls"}
    return {name for name in named if not name.startswith("_")}


def public_functions(node: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef]:
    for child in node.body:
        if isinstance(child, ast.FunctionDef) and not child.name.startswith("_"):
            yield child
        elif isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
            yield from public_functions(child)


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

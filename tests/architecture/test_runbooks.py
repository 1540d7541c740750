"""Every alert has a runbook, and a runbook names nothing that does not exist."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from lake.errors import MoovitamixError
from orchestration.cli.main import app
from orchestration.monitoring.alerts import runbooks
from orchestration.run.errors import BuildFailed, Failure
from orchestration.run.settings import ROOT

FOLDER = ROOT / "docs" / "runbooks"
PAGES = {path.stem: path.read_text() for path in FOLDER.glob("*.md")}
MODULES = (
    *("api.errors", "api.serving.errors", "api.source.errors"),
    *("ingestion.errors", "lake.errors", "ml.errors", "ml.experiments.errors"),
    *("orchestration.run.errors", "orchestration.operations.backups.errors"),
    "orchestration.local_stack.errors",
    *("orchestration.operations.imports.errors", "orchestration.steps.chosen_world"),
    *("orchestration.warehouse.comparing.errors", "orchestration.agents.errors"),
    "orchestration.site.dbt_pages",
)
CODE = re.compile(r"```sh\n(.*?)```|`([^`\n]+)`", re.DOTALL)
COMMAND = re.compile(r"(?<![\w./-])(moovitamix|dbt)((?: +(?:--?)?[a-z][\w=-]*)+)")


def errors() -> list[type[MoovitamixError]]:
    """Every error of ours that is raised; parents never are."""
    for module in MODULES:
        importlib.import_module(module)
    found, left = [], [MoovitamixError]
    while left:
        children = left.pop().__subclasses__()
        left += children
        found += children
    return [one for one in found if not one.__name__.endswith("Error")]


def test_every_error_has_a_page() -> None:
    ours = {one.__module__ for one in errors()}
    assert ours == set(MODULES)
    # The app simulator's own errors end its process: a run sees `SourceDied`.
    raised = [one for one in errors() if one.__module__ != "api.source.errors"]
    assert [one.__name__ for one in raised if one.runbook is None] == []


def test_only_what_may_be_gone_later_is_tried_again() -> None:
    assert {one.__name__ for one in errors() if one.retryable} == {
        *("ApiDown", "TruncatedPull", "TotalChanged", "PagesMoved", "SourceDied"),
        *("LoadFailed", "PackageDamaged", "LakeUnreachable", "WarehouseBusy", "BuildFileInUse"),
        "InboxUnavailable",
    }


def test_every_page_that_an_alert_can_name_is_there_and_every_page_can_be_named() -> None:
    named = {*runbooks.OF_OTHERS.values(), *runbooks.PAGES_OF_TESTS.values(), runbooks.OTHERWISE}
    named |= {one.runbook for one in errors() if one.runbook}
    assert set(PAGES) == named | {"README", "warnings"}


def test_a_page_names_the_alerts_that_lead_to_it() -> None:
    pages = {one.__name__: one.runbook for one in errors() if one.runbook} | runbooks.OF_OTHERS
    for kind, page in pages.items():
        assert f"`{kind}`" in PAGES[page].split("**What it means.**")[0], (kind, page)


@pytest.mark.parametrize("name", sorted(set(PAGES) - {"README"}))
def test_a_page_has_its_meaning_a_diagnosis_and_a_resolution(name: str) -> None:
    for part in ("**What it means.**", "**Diagnosis.**", "**Resolution.**"):
        assert part in PAGES[name]
    assert f"({name}.md)" in PAGES["README"]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_link_of_a_page_is_valid(name: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)", PAGES[name]):
        assert (FOLDER / target).exists(), target


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_command_of_a_page_exists(name: str) -> None:
    for program, words in commands(PAGES[name]):
        known = words_of(program)
        command = next((word for word in words if not word.startswith("-")), "")
        assert command in known, (program, words)
        options = {word.split("=")[0] for word in words if word.startswith("--")}
        assert options <= known[command] | {"--debug"}, (program, words)


def test_the_pages_have_commands_at_all() -> None:
    assert sum(1 for text in PAGES.values() for _ in commands(text)) > 30


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    for block, inline in CODE.findall(text):
        for program, words in COMMAND.findall(block or inline):
            yield program, words.split()


def words_of(program: str) -> dict[str, set[str]]:
    """The options of each command."""
    group: Any = typer.main.get_command(app)
    if program == "dbt":
        from dbt.cli.main import cli

        group = cli
    known = {
        name: {option for one in command.params for option in one.opts}
        for name, command in group.commands.items()
    }
    if program == "dbt":  # `dbt source freshness`
        freshness = group.commands["source"].commands["freshness"]
        known["source"] |= {option for one in freshness.params for option in one.opts}
    return known


def test_a_failed_build_leads_to_the_page_of_its_tests_if_they_are_of_one_kind() -> None:
    nulls, keys = Failure("a", "not_null"), Failure("b", "unique")
    pages = [
        runbooks.page_of(BuildFailed("", failures))
        for failures in ((nulls,), (nulls, nulls), (keys,), (nulls, keys), ())
    ]
    assert pages == ["test-nulls", "test-nulls", "test-keys", "build-failed", "build-failed"]


def test_a_full_disk_is_recognised_in_every_error() -> None:
    met = [OSError(28, "No space left on device"), ValueError("IO Error: No space left on device")]
    assert [runbooks.page_of(one) for one in met] == ["disk-full", "disk-full"]
    assert runbooks.page_of(KeyError("x")) == "unexpected-error"


def test_every_data_test_that_has_a_page_of_its_own_exists() -> None:
    ours = {path.stem for path in Path(ROOT, "dbt_project", "tests").rglob("*.sql")}
    assert set(runbooks.KINDS_OF_TESTS) - {"not_null", "unique", "relationships"} <= ours

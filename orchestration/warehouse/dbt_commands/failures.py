"""Failures of a dbt command, one line each."""

import re
from typing import TYPE_CHECKING, Any

from lake.damage import damaged_file
from orchestration.run.errors import BuildFailed, Failure
from orchestration.run.settings import Settings
from orchestration.warehouse.dbt_commands.dbt import log_of

if TYPE_CHECKING:
    from dbt.artifacts.schemas.run import RunResult

# A skipped node names no cause; the node it waited for does.
FAILURES = ("error", "fail", "runtime error")


def results_of(answer: Any, settings: Settings) -> "list[RunResult]":  # noqa: ANN401 - dbt's union of all commands
    """Return what dbt ran, if all of it was good."""
    if answer.success:
        return list(answer.result.results)
    failed = [result for result in answer.result.results if result.status in FAILURES]
    reasons = "; ".join(failure_line(result) for result in failed)
    if damaged := damaged_file(reasons, settings.lake_url):
        raise damaged
    count = f"{len(failed)} of {len(answer.result.results)} failed"
    raise BuildFailed(
        f"{count}: {reasons}; {log_of(settings)}", tuple(_failure(result.node) for result in failed)
    )


def _failure(node: Any) -> Failure:  # noqa: ANN401 - dbt's union of all nodes
    generic = getattr(node, "test_metadata", None)
    stored = getattr(node, "should_store_failures", False) and node.relation_name
    rule = generic.name if generic else node.name
    return Failure(node.name, rule, stored or None)


def failure_line(result: "RunResult") -> str:
    """Return what failed in a node, by how many rows, and where to look."""
    node: Any = result.node
    if result.status == "fail":
        stored = getattr(node, "should_store_failures", False) and node.relation_name
        where = f"select * from {stored}" if stored else node.compiled_path
        return f"test {node.name} found {result.failures:,} rows ({where})"
    # The log also has the macros that an error came through, and the line of SQL.
    text = re.split(r"\n\s*(?:> in macro|LINE \d+:)", result.message or "no reason given")[0]
    reason = " ".join(text.split())
    return f"{node.resource_type} {node.name}: {reason}"

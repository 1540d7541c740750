"""Results of dbt's nodes, as rows in the lake's `ops/dbt_results`."""

from typing import Any

from lake.clock import utc_now
from orchestration.run.redaction import mask
from orchestration.run.settings import Settings

GOOD = ("success", "pass")
LONGEST_MESSAGE = 500


def record(settings: Settings, run_id: str, command: str, result: Any) -> None:  # noqa: ANN401 - dbt's results carry no types
    """Write a row per node, hooks too; nothing for commands that run no nodes.

    Args:
        settings: Where the data folder and the lake are.
        run_id: The run that asks, for the rows of `ops/`.
        command: The command of dbt.
        result: Its result.

    """
    from dbt_common.invocation import get_invocation_id

    from lake import log

    about = {"run_id": run_id, "invocation_id": get_invocation_id(), "command": command}
    finished_at = utc_now()
    rows = [
        {**about, **_facts(one), "finished_at": finished_at}
        for one in getattr(result, "results", [])
    ]
    if rows:
        day = (settings.as_of or finished_at).date()
        log.append(settings.lake_url, "dbt_results", rows, day)


def _facts(result: Any) -> dict[str, object]:  # noqa: ANN401
    node, status = result.node, str(result.status)
    return {
        "node_id": node.unique_id,
        "node_name": node.name,
        "resource_type": str(node.resource_type),
        "status": status,
        "seconds": float(result.execution_time),
        "failures": getattr(result, "failures", None),
        "message": None if status in GOOD else _short_message(str(result.message or "")),
    }


def _short_message(message: str) -> str:
    """One short line: a message may quote a row, and what it says must not stay in the lake."""
    return mask(" ".join(message.split()))[:LONGEST_MESSAGE]

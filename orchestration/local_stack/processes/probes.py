"""Health checks of servers over HTTP."""

import json
from collections.abc import Callable
from typing import Any

PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
_PATIENCE = 3.0


def answers(url: str) -> Callable[[], str]:
    """Return a check that `url` answers with 200."""
    return lambda: _ask(url)[0]


def airflow_part(url: str, part: str) -> Callable[[], str]:
    """Return a check that Airflow at `url` finds one of its `PARTS` healthy."""

    def check() -> str:
        wrong, answer = _ask(f"{url}/api/v2/monitor/health")
        if wrong:
            return wrong
        status = (answer.get(part) or {}).get("status")
        return "" if status == "healthy" else f"Airflow finds its {part} {status or 'unknown'}"

    return check


def _ask(url: str) -> tuple[str, Any]:
    """Return what is wrong, if anything is, and the answer."""
    import urllib3

    try:
        answer = urllib3.request("GET", url, timeout=_PATIENCE, retries=False)
    except urllib3.exceptions.HTTPError as error:
        return f"{url} does not answer ({type(error).__name__})", {}
    if answer.status != 200:
        return f"{url} answers {answer.status}", {}
    try:
        return "", json.loads(answer.data)
    except ValueError:
        return "", {}

"""Alert channels: the services that Apprise sends to, and a log that is always written."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import closing
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from orchestration.run.settings import SHORTEST_SECRET

if TYPE_CHECKING:
    from apprise.result import NotifyResult

    from orchestration.monitoring.alerts.messages import Alert

# Four files of a megabyte: some thousand alerts.
LOG_BYTES, LOGS_KEPT = 1_000_000, 3
TYPES = {"error": "failure", "warning": "warning"}


def by_name(urls: str) -> dict[str, str]:
    """Return each Apprise URL by the name of its channel: its scheme, numbered where it repeats."""
    named: dict[str, str] = {}
    for url in urls.split():
        scheme = url.partition(":")[0]
        count = sum(name.partition("-")[0] == scheme for name in named)
        named[f"{scheme}-{count + 1}" if count else scheme] = url
    return named


def secrets_in(url: str) -> Iterator[str]:
    """Yield what a message must not quote of an Apprise URL: all but names of hosts and options."""
    parts = urlsplit(url)
    login, _, place = parts.netloc.rpartition("@")
    # The host of tgram://TOKEN or slack://TOKEN is a secret; a real one has a dot.
    tokens = [one for one in place.split(":") if not ("." in one or one.isdigit())]
    options = [value for _, value in parse_qsl(parts.query)]
    for one in (*login.split(":"), *tokens, *parts.path.split("/"), *options):
        if len(one) >= SHORTEST_SECRET and one != "localhost":
            yield from (one, unquote(one))


def send(urls: Mapping[str, str], alert: "Alert", patience: float) -> dict[str, str]:
    """Send an alert through several channels in parallel.

    Args:
        urls: The Apprise URL of each channel, by its name.
        alert: What to send.
        patience: Seconds that all may take; a channel that needs longer has failed.

    Returns:
        Why each channel failed, by its name; empty where it sent.
    """
    from apprise import Apprise, AppriseAsset, NotifyFormat

    _keep_the_log_apart()
    errors, services = {}, Apprise(asset=AppriseAsset(app_id="MooVitamix", http_redirects=False))
    for name, url in urls.items():
        if service := Apprise.instantiate(url, services.asset, tag=name):
            service.socket_connect_timeout = service.socket_read_timeout = patience
            services.add(service)
        else:
            errors[name] = "Apprise can't read its URL"
    results = services.notify(
        title=alert.headline,
        body=alert.details,
        notify_type=TYPES.get(alert.severity, "info"),
        body_format=NotifyFormat.TEXT,
        timeout=patience,
        log_level=logging.DEBUG,
    )
    return errors | {one.tag[0]: "" if one else _reason(one) for one in results}


def _reason(result: "NotifyResult") -> str:
    """Apprise warns that it failed, and has the error itself at the level of debugging."""
    found = [
        one.message
        for one in result.logs()
        if one.level in {"WARNING", "ERROR"} or "Exception" in one.message
    ]
    return "; ".join(found) or f"{result.name} did not take it"


def _keep_the_log_apart() -> None:
    """Silence Apprise's log, which may quote addresses; its results are used."""
    log = logging.getLogger("apprise")
    log.setLevel(logging.DEBUG)
    log.propagate = False
    log.addHandler(logging.NullHandler())


def write_log(path: Path, alert: "Alert") -> None:
    """Append the alert to a log of JSON lines, which is rotated before it grows large."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(alert.as_row(), default=str, ensure_ascii=False)
    with closing(_Log(path, maxBytes=LOG_BYTES, backupCount=LOGS_KEPT, encoding="utf8")) as log:
        log.emit(logging.LogRecord("alerts", logging.ERROR, "", 0, line, None, None))


class _Log(RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802
        """Raise the error to the caller, where logging would only print it."""
        raise  # noqa: PLE0704 - logging calls this while it handles the error

"""The ways an alert goes out: a webhook, e-mail, and a log that is always written."""

import json
import logging
import smtplib
import ssl
from collections.abc import Callable
from contextlib import closing
from email.message import EmailMessage
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.run.errors import AlertFailed
from orchestration.run.settings import AlertSettings

if TYPE_CHECKING:
    from orchestration.monitoring.alerts.messages import Alert

Channel = Callable[["Alert"], None]

# Four files of a megabyte: some thousand alerts.
LOG_BYTES, LOGS_KEPT = 1_000_000, 3


def channels(settings: AlertSettings) -> dict[str, Channel]:
    """Return what is set up to send through, by name; each raises where it could not."""
    ready: dict[str, Channel] = {}
    if settings.webhook_url:
        url = settings.webhook_url.get_secret_value()
        ready["webhook"] = lambda alert: _post(url, alert, settings.patience)
    if settings.email_to:
        ready["email"] = lambda alert: _mail(settings, alert)
    return ready


def _post(url: str, alert: "Alert", patience: float) -> None:
    """Post what Slack, Mattermost and Rocket.Chat all read: an object with a `text`."""
    import urllib3

    said = alert.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    with urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=patience)) as pool:
        answer = pool.request("POST", url, json={"text": said}, redirect=False)
    if not 200 <= answer.status < 300:
        raise AlertFailed(f"the webhook answered {answer.status}")


def _mail(settings: AlertSettings, alert: "Alert") -> None:
    message = EmailMessage()
    message["From"], message["To"] = settings.email_from, settings.email_to
    message["Subject"] = alert.headline
    message.set_content(alert.text)
    place = (settings.smtp_host, settings.smtp_port)
    with smtplib.SMTP(*place, timeout=settings.patience) as server:
        if settings.smtp_starttls:
            server.starttls(context=ssl.create_default_context(cafile=settings.smtp_ca_file))
        if settings.smtp_user and settings.smtp_password:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        server.send_message(message)


def write_log(path: Path, alert: "Alert") -> None:
    """Add the alert to a log of JSON lines, which begins anew before it grows large."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(alert.as_row(), default=str, ensure_ascii=False)
    with closing(_Log(path, maxBytes=LOG_BYTES, backupCount=LOGS_KEPT, encoding="utf8")) as log:
        log.emit(logging.LogRecord("alerts", logging.ERROR, "", 0, line, None, None))


class _Log(RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802
        """Let the caller know, where logging would only print it."""
        raise  # noqa: PLE0704 - logging calls this while it handles the error

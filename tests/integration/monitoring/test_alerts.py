"""A failure reaches people once, through every channel, and an alert never gets in the way."""

import json
import re
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.errors import ApiRefused
from lake import log
from orchestration.monitoring.alerts.messages import alert_of
from orchestration.monitoring.alerts.notifications import Alerts
from orchestration.run.console import Console
from orchestration.run.errors import BuildFailed, Failure, SourceStale
from orchestration.run.lock import hold
from orchestration.run.runs import recorded
from orchestration.run.settings import Settings
from tests.support.alert_servers import (
    Mailbox,
    Webhook,
    deaf_server,
    mail_server,
    mail_url,
    webhook,
)
from tests.support.installation import Installation

STALE = SourceStale("raw.tracks is 60 h old, ask ada@example.com")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with webhook() as taken:
        monkeypatch.setenv("MOOVITAMIX_ALERT_URLS", taken.url)
        yield taken


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as taken:
        yield taken


def fail(settings: Settings, error: BaseException, *, step: str = "freshness") -> None:
    """Live a run whose step fails with `error`, which must come out as it went in."""
    with (
        pytest.raises(type(error)) as caught,
        hold(settings.data_dir, "run") as lock,
        recorded(settings, lock, Console(), "run", [Alerts()]) as run,
        run.step(step),
    ):
        raise error
    assert caught.value is error


def attempts(settings: Settings) -> list[dict[str, Any]]:
    rows = log.read(settings.lake_url, "alerts")
    return sorted(rows, key=lambda row: (row["sent_at"], row["channel"]))


def outcomes(settings: Settings) -> list[tuple[str, str]]:
    return [(row["channel"], row["outcome"]) for row in attempts(settings)]


def test_a_failure_is_told_by_webhook_and_mail_and_written_down(
    settings: Settings, hook: Webhook, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOOVITAMIX_ALERT_URLS", f"{hook.url} {mail_url(mailbox.port)}")
    fail(settings, STALE)
    (run_id,) = {row["run_id"] for row in log.read(settings.lake_url, "runs")}
    text = "\n".join(
        [
            "MooVitamix: run failed in freshness (SourceStale)",
            "raw.tracks is 60 h old, ask •••",
            f"run {run_id}",
            "what to do: docs/runbooks/source-stale.md",
        ]
    )
    title, details = text.split("\n", 1)
    assert hook.posted == [{"title": title, "message": details, "type": "failure"}]
    (mail,) = mailbox.mails
    assert mail["subject"] == title
    assert (mail["to"], mail["cc"]) == ("oncall@team.example", "lead@team.example")
    assert mail.get_content().splitlines() == details.splitlines()
    (line,) = settings.alerts_log.read_text().splitlines()
    assert json.loads(line)["run_id"] == run_id
    assert outcomes(settings) == [("json", "sent"), ("log", "sent"), ("mailto", "sent")]
    row = attempts(settings)[0]
    assert (row["run_id"], row["step"], row["kind"]) == (run_id, "freshness", "SourceStale")
    assert (row["severity"], row["error"]) == ("error", None)


def test_the_same_failure_is_sent_once_within_the_quiet_time(
    settings: Settings, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(settings, SourceStale("raw.tracks is 60 h old"))
    fail(settings, SourceStale("raw.tracks is 61 h old"))
    assert len(hook.posted) == 1
    fail(settings, SourceStale("raw.users is 61 h old"))
    assert len(hook.posted) == 2
    monkeypatch.setenv("MOOVITAMIX_ALERT_QUIET", "PT0S")
    fail(settings, SourceStale("raw.tracks is 62 h old"))
    assert len(hook.posted) == 3
    by_webhook = [outcome for channel, outcome in outcomes(settings) if channel == "json"]
    assert by_webhook == ["sent", "repeated", "sent", "sent"]


def test_what_could_not_be_sent_is_tried_again_the_next_time(
    settings: Settings, hook: Webhook
) -> None:
    hook.status = 500
    fail(settings, STALE)
    hook.status = 200
    fail(settings, STALE)
    by_webhook = [row for row in attempts(settings) if row["channel"] == "json"]
    assert [row["outcome"] for row in by_webhook] == ["failed", "sent"]
    assert by_webhook[0]["error"] == (
        "Failed to send JSON POST notification: Internal server error., error=500."
    )


def test_channels_that_are_down_or_deaf_cost_their_patience_and_change_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MOOVITAMIX_ALERT_PATIENCE", "0.5")
    with deaf_server() as port:
        urls = f"json://127.0.0.1:9/hook/s3cr3tPath {mail_url(port)}"
        monkeypatch.setenv("MOOVITAMIX_ALERT_URLS", urls)
        began = time.monotonic()
        fail(settings, STALE)
        assert time.monotonic() - began < 5
    assert outcomes(settings) == [("json", "failed"), ("log", "sent"), ("mailto", "failed")]
    output = capsys.readouterr().out
    assert "the alert by mailto failed" in output
    assert "s3cr3tPath" not in output + str(attempts(settings))
    ended = [row for row in log.read(settings.lake_url, "runs") if row["event"] == "finished"]
    assert [row["error"] for row in ended] == [str(STALE)]


def test_settings_that_can_not_be_read_are_told_and_change_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MOOVITAMIX_ALERT_PATIENCE", "much")
    fail(settings, STALE)
    assert "no alert was sent: a setting" in capsys.readouterr().out


def test_a_lake_that_is_gone_is_told_of_all_the_same(
    settings: Settings, hook: Webhook, tmp_path: Path
) -> None:
    lost = settings.model_copy(update={"lake_url": f"file://{tmp_path}/data/.writer.lock/lake"})
    with (
        pytest.raises(OSError, match=r".+"),
        hold(settings.data_dir, "run") as lock,
        recorded(lost, lock, Console(), "run", [Alerts()]),
    ):
        pass
    assert [one["title"] for one in hook.posted] == ["MooVitamix: run failed (NotADirectoryError)"]


def test_an_interrupt_is_no_failure(settings: Settings, hook: Webhook) -> None:
    fail(settings, KeyboardInterrupt())
    assert hook.posted == []


def test_the_first_failing_rows_are_told_by_their_keys(settings: Settings, hook: Webhook) -> None:
    settings.data_dir.mkdir()
    with duckdb.connect(settings.build_file) as built:
        built.execute("create schema failures")
        built.execute(
            "create table failures.not_null_dim_users_email as select range::integer as user_id,"
            " 'Ada' as first_name, 'ada@example.com' as email, '1.1' as load_id from range(9)"
        )
    stored = '"build"."failures"."not_null_dim_users_email"'
    failure = Failure("not_null_dim_users_email", "not_null", stored)
    fail(settings, BuildFailed("1 of 80 failed", (failure,)), step="build")
    (posted,) = hook.posted
    assert posted["message"].splitlines()[1:4] == [
        f"not_null_dim_users_email: user_id={number} load_id=1.1" for number in range(3)
    ]
    assert "what to do: docs/runbooks/test-nulls.md" in posted["message"]
    assert "Ada" not in str(posted)


def test_what_an_api_answered_stays_at_home(settings: Settings, hook: Webhook) -> None:
    refused = ApiRefused("http://u:p4ss@api/users?page=1", 403, "Ada Lovelace is not yours")
    fail(settings, refused, step="ingest")
    (posted,) = hook.posted
    assert "http://api/users?page=1 was refused with 403\n" in posted["message"]


def test_warnings_are_sent_where_that_is_asked_for(
    settings: Settings, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    for asked in ("false", "true"):
        monkeypatch.setenv("MOOVITAMIX_ALERT_WARNINGS", asked)
        with (
            hold(settings.data_dir, "run") as lock,
            recorded(settings, lock, Console(), "run", [Alerts()]) as run,
            run.step("build") as step,
        ):
            step.warnings = ["listens_of_yesterday_are_as_usual"]
    (posted,) = hook.posted
    assert (posted["title"], posted["type"]) == (
        "MooVitamix: run warned in build (Warned)",
        "warning",
    )
    assert posted["message"].startswith("listens_of_yest")
    assert "what to do: docs/runbooks/warnings.md" in posted["message"]


def test_a_run_that_was_killed_is_told_of_by_the_next(settings: Settings, hook: Webhook) -> None:
    killed = Installation(settings.data_dir).start("ingest", "--api-url", "http://127.0.0.1:9")
    while not log.read(settings.lake_url, "runs"):
        assert killed.poll() is None
    killed.kill()
    killed.communicate()
    for _ in range(2):
        with (
            hold(settings.data_dir, "build") as lock,
            recorded(settings, lock, Console(), "build", [Alerts()]),
        ):
            pass
    (posted,) = hook.posted
    assert posted["title"] == "MooVitamix: ingest failed (RunCrashed)"
    assert posted["message"].startswith("it began ")


def test_a_test_alert_goes_through_every_channel_or_says_which_did_not(
    settings: Settings, hook: Webhook, mailbox: Mailbox
) -> None:
    installation = Installation(
        settings.data_dir,
        {"MOOVITAMIX_ALERT_URLS": f"{hook.url} {mail_url(mailbox.port)}"},
    )
    assert "sent" in installation.does("alert-test")
    assert len(hook.posted) == len(mailbox.mails) == 1
    hook.status = 404
    complaint = installation.fails("alert-test")
    assert complaint == "moovitamix: the test alert did not go out by json\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its certificate for 127.0.0.1, in one file."""
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    words = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    words += f" -addext subjectAltName=IP:127.0.0.1 -keyout {file}.key -out {file}"
    subprocess.run(words.split(), check=True, capture_output=True)
    return file


def test_mail_goes_encrypted_to_a_server_that_proves_who_it_is(
    settings: Settings, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, f"{certificate}.key")
    with mail_server(tls_context=context, require_starttls=True) as mailbox:
        monkeypatch.setenv("MOOVITAMIX_ALERT_URLS", mail_url(mailbox.port, mode="starttls"))
        fail(settings, STALE)
        assert mailbox.mails == []
        assert "CERTIFICATE_VERIFY_FAILED" in attempts(settings)[1]["error"]
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        fail(settings, STALE)
        assert len(mailbox.mails) == 1


@pytest.mark.parametrize(
    "url",
    [
        "slack://T0K3Nabc1/T0K3Nabc2/T0K3Nabc3",
        "tgram://T0K3Nabc1:T0K3Nabc2/12345678",
        "mailto://T0K3Nabc1:T0K3Nabc2@smtp.team.example?from=T0K3Nabc3",
        "jsons://hook.team.example/T0K3Nabc1?-key=T0K3Nabc2",
    ],
)
def test_the_tokens_of_a_channel_are_hidden_and_its_host_is_not(
    settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOOVITAMIX_ALERT_URLS", url)
    error = SourceStale("T0K3Nabc1, T0K3Nabc2, T0K3Nabc3 at hook.team.example")
    alert = alert_of(settings, error, run_id="1", command="run", step="")
    assert not any(token in alert.reason for token in re.findall(r"T0K3Nabc\d", url))
    assert "hook.team.example" in alert.reason


def test_two_channels_of_one_service_have_names_of_their_own(
    settings: Settings, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOOVITAMIX_ALERT_URLS", f"{hook.url} {hook.url} nowhere://at-all")
    fail(settings, STALE)
    assert outcomes(settings) == [
        ("json", "sent"),
        ("json-2", "sent"),
        ("log", "sent"),
        ("nowhere", "failed"),
    ]

"""`make airflow`: all of it up, closed to strangers, and gone without a trace."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from api.serving.access import api_keys
from orchestration.local_stack.processes.probes import answers
from orchestration.run.settings import ROOT
from tests.support.stack.compose_file import read_yaml
from tests.support.stack.one_dag import ONE_DAG
from tests.support.stack.otlp_receiver import Receiver, receiving
from tests.support.stack.running import (
    RunningStack,
    begin,
    left_of,
    output_until,
    running,
    wait_for,
)

# Its services and their supervisor are in every run: test_supervision.py, test_containers_run.py.
pytestmark = pytest.mark.slow

DURATION = "airflow.dagrun.duration.success"
# What a stranger may see: the login's pages, and that Airflow is well.
OPEN = {"/auth/login", "/api/v2/monitor/health"}
CLOSED = {
    "/", "/dags", "/docs", "/redoc", "/openapi.json", "/health", "/static/index.html", "/ui/config",
    "/api/v2/version", "/api/v2/dags", "/api/v2/config", "/api/v2/pools", "/api/v2/plugins",
    "/auth/docs", "/auth/openapi.json", "/execution/docs", "/execution/dags/one/state",
    "/cosmos/docs", "/cosmos/openapi.json", "/moovitamix/dbt", "/moovitamix/report",
    "/moovitamix/quality/index.html", "/moovitamix/explore/listening/",
}  # fmt: skip


@pytest.fixture(scope="module")
def metrics() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, metrics: Receiver) -> Iterator[RunningStack]:
    dags = tmp_path_factory.mktemp("dags")
    (dags / "one.py").write_text(ONE_DAG)
    more = {
        "MOOVITAMIX_STACK_DAGS": str(dags),
        "MOOVITAMIX_STACK_OTLP_ENDPOINT": metrics.url,
        "OTEL_METRIC_EXPORT_INTERVAL": "1000",
    }
    with running(tmp_path_factory.mktemp("stack"), **more) as up:
        yield up


def test_every_part_is_healthy_when_it_says_so(stack: RunningStack) -> None:
    health = stack.ask("/api/v2/monitor/health").json()
    assert {name: part["status"] for name, part in health.items()} == {
        "metadatabase": "healthy",
        "scheduler": "healthy",
        "triggerer": "healthy",
        "dag_processor": "healthy",
    }
    for part in ("MLflow", "serving API", "the app's API"):
        assert answers(f"{stack.url(part)}/health")() == ""


def test_nothing_but_login_and_health_answers_without_login(stack: RunningStack) -> None:
    assert {path: stack.ask(path).status for path in OPEN} == dict.fromkeys(OPEN, 200)
    assert {path: stack.ask(path).status for path in CLOSED} == dict.fromkeys(CLOSED, 401)
    forged = stack.pool.request(
        "GET", f"{stack.url('Airflow')}/api/v2/dags", headers={"authorization": "Bearer no.to.ken"}
    )
    assert forged.status == 401


def test_a_browser_without_login_is_sent_to_it(stack: RunningStack) -> None:
    answer = stack.pool.request(
        "GET", f"{stack.url('Airflow')}/dags", headers={"accept": "text/html"}, redirect=False
    )
    assert answer.status == 307
    assert answer.headers["location"].startswith("/auth/login?next=")


def test_secrets_are_of_this_installation_and_for_its_owner_only(stack: RunningStack) -> None:
    home = stack.data_dir / "airflow"
    for name in ("secrets.json", "passwords.json"):
        assert (home / name).stat().st_mode & 0o777 == 0o600
    kept = [*json.loads((home / "secrets.json").read_text()).values(), *stack.passwords().values()]
    assert len(kept) == len(set(kept)) == 6
    assert min(map(len, kept)) >= 20
    for password in stack.passwords().values():
        assert password in stack.output  # shown at the first start


def test_viewers_read_operators_trigger_admins_may_all(stack: RunningStack) -> None:
    wait_for(lambda: stack.ask("/api/v2/dags/one", "viewer").status == 200)
    run = {"logical_date": None}
    runs = "/api/v2/dags/one/dagRuns"
    assert stack.ask(runs, "viewer", method="POST", body=run).status == 403
    pool = {"name": "other", "slots": 1}
    assert stack.ask("/api/v2/pools", "viewer", method="POST", body=pool).status == 403
    answer = stack.ask(runs, "operator", method="POST", body=run)
    assert answer.status == 200, answer.data
    assert stack.ask("/api/v2/pools", "admin", method="POST", body=pool).status == 201
    done = f"{runs}/{answer.json()['dag_run_id']}"
    wait_for(lambda: stack.ask(done, "viewer").json()["state"] in {"success", "failed"})
    assert stack.ask(done, "viewer").json()["state"] == "success"


def test_writers_share_one_slot(stack: RunningStack) -> None:
    assert stack.ask("/api/v2/pools/warehouse_writer", "viewer").json()["slots"] == 1


def test_our_pages_are_behind_the_login(stack: RunningStack) -> None:
    page = stack.data_dir / "quality" / "index.html"
    page.parent.mkdir(exist_ok=True)
    page.write_text("what validation found")
    answer = stack.ask("/moovitamix/quality/index.html", "viewer")
    assert (answer.status, answer.data) == (200, b"what validation found")
    outside = stack.ask("/moovitamix/quality/%2e%2e/airflow/passwords.json", "viewer")
    assert outside.status == 404
    wait_for(lambda: stack.ask("/moovitamix/dbt", "viewer").status == 200)
    assert b"fact_listen_history" in stack.ask("/moovitamix/dbt", "viewer").data


def test_the_pages_of_explore_are_passed_on_with_their_web_sockets(stack: RunningStack) -> None:
    page = stack.ask("/moovitamix/explore/listening/", "viewer")
    assert page.status == 200
    assert b"Listening" in page.data
    assert b"manifest" not in page.data.partition(b"<title>")[0]
    at = stack.url("Airflow").removeprefix("http://")
    socket = f"ws://{at}/moovitamix/explore/listening/ws?session_id=test"
    cookie = {"cookie": f"_token={stack.token('viewer')}"}
    with connect(socket, additional_headers=cookie, origin=Origin(f"http://{at}")) as pages:
        assert json.loads(pages.recv(timeout=60))["op"] == "kernel-ready"
    for headers, origin in [({}, f"http://{at}"), (cookie, "http://elsewhere.example")]:
        with pytest.raises(InvalidStatus):
            connect(socket, additional_headers=headers, origin=Origin(origin))


def test_airflow_measures_itself_through_opentelemetry(
    stack: RunningStack, metrics: Receiver
) -> None:
    assert stack.process.poll() is None
    wait_for(lambda: "airflow.ti.finish" in metrics.kinds and DURATION in metrics.kinds)
    assert metrics.kinds["airflow.scheduler_heartbeat"] == "sum"
    assert metrics.kinds[DURATION] == "exponential_histogram"
    assert ("dag_id", "one") in metrics.attributes["airflow.ti.finish"]


def test_alerts_and_dashboard_name_only_what_is_really_sent(
    stack: RunningStack, metrics: Receiver
) -> None:
    wait_for(lambda: {name for name in named() if name.startswith("airflow_")} <= known(metrics))
    secret = api_keys.add(stack.data_dir / "serving" / "keys.json", "test")
    fetched = ""
    for part in ("the app's API", "serving API"):
        url = f"{stack.url(part)}/metrics"
        wait_for(lambda url=url: ask(url, secret).status == 200)  # type: ignore[misc]
        fetched += ask(url, secret).data.decode()
    sent = known(metrics) | set(re.findall(r"^# TYPE (\w+)", fetched, re.MULTILINE))
    assert {name for name in named() if name.removesuffix("_bucket") not in sent} == set()


def ask(url: str, secret: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request("GET", url, headers={"x-api-key": secret})


def known(metrics: Receiver) -> set[str]:
    return set(metrics.in_prometheus)


def named() -> set[str]:
    """Every metric that a rule or the dashboard names."""
    groups = read_yaml(ROOT / "docker" / "alerts.yml")["groups"]
    expressions = " ".join(rule["expr"] for group in groups for rule in group["rules"])
    expressions += (ROOT / "docker/grafana/dashboards/moovitamix.json").read_text()
    return set(re.findall(r"\b(?:airflow|moovitamix)_\w+", expressions))


def test_a_second_stack_in_the_same_folder_is_refused(stack: RunningStack) -> None:
    second = begin(stack.data_dir, "--free-ports")
    output, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    assert output.splitlines()[-1].startswith("moovitamix: another stack runs in")


def test_a_taken_port_is_one_clear_line(stack: RunningStack, tmp_path: Path) -> None:
    port = stack.url("Airflow").rpartition(":")[2]
    second = begin(tmp_path, MOOVITAMIX_STACK_AIRFLOW_PORT=port)
    output, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    assert output == (
        f"moovitamix: port {port} for airflow is taken: stop what listens there, set "
        "MOOVITAMIX_STACK_AIRFLOW_PORT, or use --free-ports\n"
    )
    assert left_of(tmp_path) == []


def test_what_dies_is_restarted(stack: RunningStack) -> None:
    workers = [line for line in left_of(stack.data_dir) if "orchestration.cli.main source" in line]
    assert len(workers) == 1
    subprocess.run(["kill", "-9", workers[0].split()[0]], check=True)
    assert "source ended" in output_until(stack.process, "is restarted")
    source = f"{stack.url('the app.s API')}/health"
    wait_for(lambda: not answers(source)())


def test_ctrl_c_ends_every_process(stack: RunningStack) -> None:
    assert len(left_of(stack.data_dir)) > 10
    stack.process.send_signal(signal.SIGINT)
    assert stack.process.wait(timeout=120) == 0
    assert left_of(stack.data_dir) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "victim", ["the process a person started", "the supervisor of the services"]
)
def test_a_killed_stack_leaves_nothing_behind(tmp_path: Path, victim: str) -> None:
    (tmp_path / "dags").mkdir()
    with running(tmp_path / "data", MOOVITAMIX_STACK_DAGS=str(tmp_path / "dags")) as stack:
        supervisor = next(
            one for one in left_of(stack.data_dir) if "-m orchestration.local_stack" in one
        )
        pid = stack.process.pid if "person" in victim else int(supervisor.split()[0])
        subprocess.run(["kill", "-9", str(pid)], check=True)
        stack.process.wait(timeout=120)
        wait_for(lambda: left_of(stack.data_dir) == [], 120)

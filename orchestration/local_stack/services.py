"""The services of the stack: their commands and their health checks."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestration.local_stack.airflow_environment import PLUGINS, Ports
from orchestration.local_stack.folders import Folders
from orchestration.local_stack.processes import probes
from orchestration.local_stack.processes.service import Service
from orchestration.run.errors import GraphOutdated
from orchestration.run.settings import Settings
from orchestration.warehouse import graph


def _beside_python(program: str) -> str:
    return str(Path(sys.executable).with_name(program))


AIRFLOW = _beside_python("airflow")
# What must have run before Airflow's components do.
PREPARATION = [sys.executable, "-m", "orchestration.local_stack.initialise"]
DOCS = [sys.executable, "-m", "orchestration.local_stack.docs"]


@dataclass(frozen=True, slots=True)
class Services:
    """Makes the services of one stack, which differ in their commands only."""

    settings: Settings
    folders: Folders
    host: str
    ports: Ports
    environment: dict[str, str]

    def around(self) -> list[Service]:
        """Return the servers around Airflow; the app's API only if there is no other."""
        made = [self._serving(), self._mlflow(), self._explore()]
        return made if self.settings.api_url else [self._source(), *made]

    def airflow(self) -> list[Service]:
        """Return Airflow's components: the API server first, the scheduler last."""
        made = [
            self._component("api-server", "metadatabase", *self._address(), **PLUGINS),
            self._component("dag-processor", "dag_processor"),
            self._component("triggerer", "triggerer", "--skip-serve-logs"),
            self._component("scheduler", "scheduler", "--skip-serve-logs"),
        ]
        # both wait for what may never happen: browsers to hang up, triggers (which the next start
        # takes up again) to tidy up
        made[0].end_seconds = made[2].end_seconds = 5
        return made

    def preparations(self) -> list[Service]:
        """Return what must run before Airflow starts: its tables, an old graph of dbt."""
        tables = self.task("preparation", PREPARATION)
        try:
            for part in graph.PARTS:
                graph.manifest_of(part)
        except GraphOutdated:
            return [tables, self.task("graph", _ours("graph"))]
        return [tables]

    def task(self, name: str, command: list[str]) -> Service:
        """Return a one-off task."""
        return self._service(name, command, lambda: "")

    def _component(self, name: str, part: str, *options: str, **more: str) -> Service:
        check = probes.airflow_part(f"http://{self.host}:{self.ports.airflow}", part)
        return self._service(name, [AIRFLOW, name, *options], check, more)

    def _address(self) -> tuple[str, str]:
        return f"--host={self.host}", f"--port={self.ports.airflow}"

    def _source(self) -> Service:
        command = [*_ours("source"), f"--host={self.host}", f"--port={self.ports.source}"]
        return self._server("source", command, self.ports.source)

    def _serving(self) -> Service:
        command = [*_ours("serve"), f"--host={self.host}", f"--port={self.ports.serving}"]
        return self._server("serving", command, self.ports.serving)

    def _mlflow(self) -> Service:
        # where its tables and files are it reads from the environment: a URL may hold a password
        command = [_beside_python("mlflow"), "server", "--workers=1"]
        # its pages have no login, so only this machine can reach them
        command += ["--host=127.0.0.1", f"--port={self.ports.mlflow}"]
        address = f"http://127.0.0.1:{self.ports.mlflow}/health"
        return self._service("mlflow", command, probes.answers(address))

    def _explore(self) -> Service:
        # its pages have no login: people reach them through Airflow's
        command = [*_ours("explore"), "--no-browser", "--host=127.0.0.1"]
        command.append(f"--port={self.ports.explore}")
        address = f"http://127.0.0.1:{self.ports.explore}/health"
        return self._service("explore", command, probes.answers(address))

    def _server(self, name: str, command: list[str], port: int) -> Service:
        return self._service(name, command, probes.answers(f"http://{self.host}:{port}/health"))

    def _service(
        self,
        name: str,
        command: list[str],
        check: Callable[[], str],
        more: dict[str, str] | None = None,
    ) -> Service:
        log = self.folders.logs / f"{name}.log"
        return Service(name, command, os.environ | self.environment | (more or {}), log, check)


def _ours(command: str) -> list[str]:
    return [sys.executable, "-m", "orchestration.cli.main", command]

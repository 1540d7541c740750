"""`transform` under Airflow, against `dbt build` from the shell and Cosmos's default way.

All on the same data and the same machine, in turns. `transform` is all of it: source freshness,
the marts, their tests, the publication, the monitoring marts and theirs, and a task in Airflow for
each model and its tests. The shell builds the marts and the monitoring marts, no more. Airflow is
the whole stack as `make airflow` starts it, on PostgreSQL.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import ROOT, Cost, Rounds, pairwise, process, table
from bench.promises import Promise, of_walls, report
from tests.support.installation import SMALL_WORLD, Installation
from tests.support.stack.running import RunningStack, running

DBT = str(Path(sys.executable).with_name("dbt"))
OURS, SHELL, DEFAULT = "transform", "dbt build", "one process per node"
DAGS = {OURS: "transform", DEFAULT: "one_by_one"}
LIMITS = {SHELL: 2.5, DEFAULT: 0.5}
PATIENCE_SECONDS = 7_200


def main() -> None:
    """Live a day, start the stack, then measure in turns."""
    asked = _arguments()
    with TemporaryDirectory(dir=asked.dir) as home:
        world = SMALL_WORLD | {"MOOVITAMIX_RECOMMENDATIONS": "false"}
        installation = Installation(Path(home) / "data", world)
        installation.does("run")  # now: the sources must be fresh by the wall clock
        dags = _folder_of_dags(Path(home) / "dags")
        with running(installation.data_dir, AIRFLOW__CORE__DAGS_FOLDER=str(dags)) as stack:
            _wait_for_dags(stack)
            os.environ |= {"MOOVITAMIX_DATA_DIR": str(installation.data_dir)}
            ways = {SHELL: _by_shell} | {
                name: partial(_by_airflow, stack, dag) for name, dag in DAGS.items()
            }
            chosen = {name: way for name, way in ways.items() if name not in asked.without}
            measured = pairwise(chosen, asked.rounds)
    _show(measured.medians, asked.rounds)
    report("airflow", *_promises(measured))


def _arguments() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--without", nargs="*", default=[], choices=[OURS, SHELL, DEFAULT])
    asked.add_argument("--dir", help="where the data may lie")
    return asked.parse_args()


def _folder_of_dags(folder: Path) -> Path:
    """The two contenders, without those that their assets would begin."""
    folder.mkdir()
    shutil.copy(ROOT / "orchestration" / "dags" / "transform.py", folder)
    shutil.copy(ROOT / "bench" / "days" / "one_by_one.py", folder)
    return folder


def _wait_for_dags(stack: RunningStack) -> None:
    for dag in DAGS.values():
        while stack.ask(f"/api/v2/dags/{dag}", "admin").status != 200:
            time.sleep(1)


def _by_shell() -> Cost:
    where = ["--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT)]
    marts = process([DBT, "--quiet", "build", *where])
    monitoring = ["--target", "monitoring", "--selector", "monitoring"]
    page = process([DBT, "--quiet", "build", *where, *monitoring])
    return Cost(marts.wall + page.wall, marts.cpu + page.cpu, max(marts.peak_mb, page.peak_mb))


def _by_airflow(stack: RunningStack, dag: str) -> Cost:
    """Run a DAG; its wall time is Airflow's own, from its first task's start to its end."""
    with _cpu_of(stack.data_dir) as cpu:
        runs = f"/api/v2/dags/{dag}/dagRuns"
        started = time.monotonic()
        made = stack.ask(runs, "admin", method="POST", body={"logical_date": None}).json()
        run = made
        while run["state"] not in {"success", "failed"}:
            if time.monotonic() - started > PATIENCE_SECONDS:
                raise RuntimeError(f"{dag} did not end")
            time.sleep(1)
            run = stack.ask(f"{runs}/{made['dag_run_id']}", "admin").json()
    if run["state"] != "success":
        raise RuntimeError(f"{dag} failed: {run}")
    return Cost(float(run["duration"]), cpu[0], 0)


def _promises(measured: Rounds) -> list[Promise]:
    return [
        of_walls(f"{OURS} against {peer}", measured, (OURS, peer), limit)
        for peer, limit in LIMITS.items()
        if {OURS, peer} <= measured.costs.keys()
    ]


@contextmanager
def _cpu_of(data_dir: Path) -> Iterator[list[float]]:
    """The seconds of CPU that the stack's processes took meanwhile, those that ended too."""
    taken = [0.0]
    before = _ticks(data_dir)
    yield taken
    taken[0] = (_ticks(data_dir) - before) / os.sysconf("SC_CLK_TCK")


def _ticks(data_dir: Path) -> int:
    ticks, sign = 0, str(data_dir).encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if sign in (folder / "environ").read_bytes():
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                ticks += sum(int(field) for field in fields[11:15])
        except OSError:
            continue
    return ticks


def _show(costs: dict[str, Cost], rounds: int) -> None:
    rows = [
        (
            name,
            f"{cost.wall:.1f}",
            f"{cost.cpu:.1f}",
            *(
                f"{costs[base].wall and cost.wall / costs[base].wall:.2f}" if base in costs else ""
                for base in (SHELL, DEFAULT)
            ),
        )
        for name, cost in costs.items()
    ]
    columns = ["way", "wall s", "CPU s", "of dbt build", "of one process per node"]
    table(f"airflow: the marts and the monitoring marts, medians of {rounds}", columns, rows)


if __name__ == "__main__":
    main()

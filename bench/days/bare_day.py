"""A day without checks: no raw validation, freshness, tests, measures or monitoring.

`python -m bench.days.bare_day 2026-03-01T21:00:00`, for `bench.days.quality` to measure against.
What it publishes is untested: no way to run a real day.
"""

import sys
from datetime import datetime

import duckdb

from bench.days.open_gate import leave_open
from orchestration.run.console import Console
from orchestration.run.lock import WriterLock, hold
from orchestration.run.runs import Run, recorded
from orchestration.run.settings import Settings
from orchestration.steps import ingesting
from orchestration.steps.simulator_process import embedded_source
from orchestration.warehouse.dbt_commands.dbt import dbt
from orchestration.warehouse.publishing.publish import publish

VALIDATE = """
    update ledger.state set status = 'validated', validated_at = localtimestamp
    where part = 'marts';
    update ledger.loads set is_built = true;
"""


def main() -> None:
    settings = Settings(as_of=datetime.fromisoformat(sys.argv[1]))
    leave_open()
    console = Console(shows_steps=False)
    with (
        hold(settings.data_dir, "bare day") as lock,
        recorded(settings, lock, console, "bare day") as run,
    ):
        live(run, lock)


def live(run: Run, lock: WriterLock) -> None:
    with embedded_source(run.settings) as source:
        ingesting.start(run, source)
        ingesting.ingest(run, api_url=source.url)
    with run.step("build"):
        dbt(run.by_its_clock, "run", "--selector", "marts", run_id=run.run_id)
        with duckdb.connect(run.settings.build_file) as built:
            built.execute(VALIDATE)
    with run.step("publish"):
        publish(run.settings, lock, run.run_id)


if __name__ == "__main__":
    main()

"""Preparation of Airflow: `python -m orchestration.local_stack.initialise`.

Tables and the pool of writers; in containers also who may log in, and Prometheus' key. Airflow's
own command line needs one command for each of the former, and each imports all of Airflow again.
"""

import json
from pathlib import Path

from lake.atomic import replace_file
from orchestration.local_stack.airflow_environment import POOL, POOL_SLOTS
from orchestration.run.settings import Settings
from orchestration.run.stack_settings import ContainerSettings


def main() -> None:
    """Bring all to what this version needs; a repetition changes nothing."""
    asked = ContainerSettings()
    if asked.passwords:
        replace_file(asked.passwords_file, json.dumps(asked.passwords).encode(), 0o600)
    if asked.metrics_key_file:
        make_metrics_key(asked.metrics_key_file)
    make_tables()


def make_tables() -> None:
    """Bring Airflow's tables to its version, and the pool to its one slot."""
    # airflow is banned outside of dags/ so that no step needs it: this is no step
    from airflow.models.pool import Pool  # noqa: TID251
    from airflow.utils import db  # noqa: TID251

    db.upgradedb()
    Pool.create_or_update_pool(
        name=POOL,
        slots=POOL_SLOTS,
        description="tasks that write the lake or the marts",
        include_deferred=False,
    )


def make_metrics_key(file: Path) -> None:
    """Give Prometheus a key of the serving API, in a file that it may read."""
    from api.serving.access import api_keys
    from api.serving.settings import ServingSettings

    ours = Settings()
    known = ServingSettings(data_dir=ours.data_dir, lake_url=ours.lake_url).keys_file
    if any(key.name == "prometheus" for key in api_keys.read(known)):
        if file.exists():
            return
        api_keys.remove(known, "prometheus")
    replace_file(file, api_keys.add(known, "prometheus").encode())
    file.chmod(0o644)


if __name__ == "__main__":
    main()

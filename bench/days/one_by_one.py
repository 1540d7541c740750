"""Cosmos's default way, as a dag for Airflow to measure against: a dbt process for each node.

Copied into a folder of DAGs by `bench.days.airflow`; by itself it does nothing for the project.
"""

from datetime import UTC, datetime

from airflow.sdk import dag
from cosmos import (  # type: ignore[import-untyped]
    DbtTaskGroup,
    ExecutionConfig,
    ProfileConfig,
    ProjectConfig,
    RenderConfig,
)
from cosmos.constants import LoadMode, TestIndirectSelection  # type: ignore[import-untyped]

from orchestration.run.settings import ROOT
from orchestration.warehouse.graph import PROJECT, manifest_of


def drawn(part: str, target: str) -> DbtTaskGroup:
    """Draw a part with nothing set but what it must have to run here.

    Cosmos's default selection of tests is `eager`: the fact would be tested against
    recommendations that are not there yet.
    """
    return DbtTaskGroup(
        group_id=part,
        project_config=ProjectConfig(
            dbt_project_path=PROJECT, manifest_path=manifest_of(part), project_name="moovitamix"
        ),
        profile_config=ProfileConfig(
            profile_name="moovitamix",
            target_name=target,
            profiles_yml_filepath=ROOT / "profiles.yml",
        ),
        execution_config=ExecutionConfig(test_indirect_selection=TestIndirectSelection.BUILDABLE),
        render_config=RenderConfig(load_method=LoadMode.DBT_MANIFEST, dbt_deps=False),
        operator_args={"pool": "warehouse_writer", "install_deps": False},
    )


@dag(schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), max_active_runs=1)
def one_by_one() -> None:
    """All of `transform`'s dbt."""
    drawn("marts", "dev") >> drawn("monitoring", "monitoring")


one_by_one()

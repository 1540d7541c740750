"""The rendered dbt graph: the one configuration of Cosmos.

Cosmos renders each model, each source with a freshness and the tests after each as tasks, from the
manifest that `moovitamix graph` made. One task runs dbt, once; the rendered ones follow
it. They come after it in Airflow's order, so that they are cleared with it, and start without
waiting for it.
"""

import os
from typing import TYPE_CHECKING, Any

from airflow.sdk import TaskGroup, TriggerRule, XComArg

from orchestration.airflow.sensors import NodeSensor
from orchestration.run.settings import ROOT
from orchestration.warehouse.graph import PROJECT, manifest_of, rendered_nodes

if TYPE_CHECKING:
    from cosmos import DbtTaskGroup  # type: ignore[import-untyped]
    from cosmos.dbt.graph import DbtNode  # type: ignore[import-untyped]

os.environ.setdefault("AIRFLOW__COSMOS__ENABLE_TELEMETRY", "False")
os.environ.setdefault("AIRFLOW__COSMOS__ENABLE_CACHE", "False")


def dbt_graph(part: str, built: XComArg, *, after: XComArg | None = None) -> "DbtTaskGroup":
    """Render a part of dbt's graph, whose tasks follow the build by the task `built`.

    They start at once, or when the task `after` ends, well or not.

    Args:
        part: A part of the build: marts, features, recommendations or monitoring.
        built: The task that builds the part.
        after: A task whose end they wait for.

    """
    from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
    from cosmos.constants import (  # type: ignore[import-untyped]
        DbtResourceType,
        LoadMode,
        SourceRenderingBehavior,
        TestBehavior,
    )

    shown = rendered_nodes(part)
    ((builder, _),) = built.iter_references()

    def watch(task_id: str, nodes: list[str], group: TaskGroup | None) -> NodeSensor:
        return NodeSensor(
            task_id=task_id,
            part=part,
            nodes=nodes,
            producer=builder.task_id,
            task_group=group,
            on_failure_callback=None,  # the task that builds sends the alert, once
        )

    def node(*, node: "DbtNode", task_id: str, task_group: TaskGroup, **_: Any) -> NodeSensor:  # noqa: ANN401 - Cosmos's own
        return watch(task_id, shown[node.unique_id], task_group)

    def tests(*, node: "DbtNode", task_id: str, task_group: TaskGroup, **_: Any) -> NodeSensor:  # noqa: ANN401
        return watch(task_id, shown[f"{node.unique_id}.tests"], task_group)

    group = DbtTaskGroup(
        group_id=part,
        project_config=ProjectConfig(
            dbt_project_path=PROJECT,
            manifest_path=manifest_of(part),
            project_name="moovitamix",
            install_dbt_deps=False,
        ),
        profile_config=ProfileConfig(
            profile_name="moovitamix",
            target_name="monitoring" if part == "monitoring" else "dev",
            profiles_yml_filepath=ROOT / "profiles.yml",
        ),
        execution_config=ExecutionConfig(),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            test_behavior=TestBehavior.AFTER_EACH,
            source_rendering_behavior=SourceRenderingBehavior.WITH_TESTS_OR_FRESHNESS,
            emit_datasets=False,
            dbt_deps=False,
            node_conversion_by_task_group=False,
            node_converters={
                DbtResourceType.MODEL: node,
                DbtResourceType.SOURCE: node,
                DbtResourceType.TEST: tests,
            },
        ),
    )
    if "tests" in shown:  # tests of the part, not of a model
        watch("tests", shown["tests"], group)
    for task in _roots(group):
        task.trigger_rule = TriggerRule.ONE_DONE if after else TriggerRule.ALWAYS
        [built, *([after] if after else [])] >> task
    return group


def _roots(group: "DbtTaskGroup") -> list[NodeSensor]:
    """Return the first tasks of a rendered part."""
    drawn = [task for task in group.iter_tasks() if isinstance(task, NodeSensor)]
    within = {task.task_id for task in drawn}
    return [task for task in drawn if not task.upstream_task_ids & within]

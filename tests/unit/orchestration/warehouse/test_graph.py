"""Where dbt's tests stand in Airflow's picture of dbt."""

from typing import Any

from orchestration.warehouse import graph


def model(name: str, *reads: str) -> dict[str, Any]:
    return node("model", name, ["moovitamix", "marts", name], *reads)


def node(kind: str, name: str, fqn: list[str], *reads: str) -> dict[str, Any]:
    return {
        "unique_id": f"{kind}.{name}",
        "name": name,
        "resource_type": kind,
        "fqn": fqn,
        "path": f"{name}.sql",
        "original_file_path": f"models/{name}.{'sql' if kind == 'model' else 'yml'}",
        "config": {},
        "depends_on": {"nodes": list(reads)},
    }


def drawn(*nodes: dict[str, Any], part: str = "marts", **more: Any) -> dict[str, Any]:
    manifest = {
        "metadata": {"project_name": "moovitamix"},
        "nodes": {one["unique_id"]: one for one in nodes},
        "sources": {},
        "unit_tests": {},
    }
    return graph.of_part(manifest | more, part)


A, B, C = model("a"), model("b", "model.a"), model("c", "model.b")
TEST = ["moovitamix", "test"]


def test_a_test_stands_after_the_model_that_it_was_declared_for() -> None:
    declared = node("test", "t", TEST, "model.a", "model.c") | {"attached_node": "model.a"}
    made = drawn(A, B, C, declared)
    assert made["watched"]["model.a.tests"] == ["test.t"]
    assert made["nodes"]["test.t"]["depends_on"]["nodes"] == ["model.a"]


def test_a_test_of_two_models_stands_after_the_later_one() -> None:
    made = drawn(C, B, A, node("test", "t", TEST, "model.c", "model.a"))
    assert made["watched"]["model.c.tests"] == ["test.t"]


def test_a_test_of_no_model_of_the_part_is_shown_too() -> None:
    made = drawn(A, node("test", "t", TEST, "source.s"), node("test", "u", TEST))
    assert made["watched"]["tests"] == ["test.t", "test.u"]


def test_unit_tests_are_shown_with_the_model_that_they_come_before() -> None:
    unit = {"unit_test.u": {"depends_on": {"nodes": ["model.a"]}}}
    assert drawn(A, unit_tests=unit)["watched"] == {"model.a": ["unit_test.u", "model.a"]}


def test_each_part_has_its_own_nodes_and_a_source_only_where_it_has_limits() -> None:
    feature = node("model", "f", ["moovitamix", "features", "f"], "model.a", "source.s", "source.t")
    source = {
        "unique_id": "source.s",
        "name": "s",
        "resource_type": "source",
        "fqn": ["moovitamix", "s"],
        "config": {},
    }
    fresh = source | {"freshness": {"warn_after": {"count": 1, "period": "day"}}}
    sources = {"source.s": fresh, "source.t": source | {"freshness": {"warn_after": {}}}}
    assert set(drawn(A, feature, part="features", sources=sources)["watched"]) == {
        "model.f",
        "source.s",
    }
    assert set(drawn(A, feature, sources=sources)["watched"]) == {"model.a"}


def test_a_generic_test_s_compiled_sql_is_below_its_yaml() -> None:
    compiled = drawn(A, node("test", "t", TEST, "model.a"))["compiled"]
    assert compiled == {"model.a": "models/a.sql", "test.t": "models/t.yml/t.sql"}

"""A piece of a validated build is built again with all that follows it; else the whole is."""

from collections.abc import Sequence

import pytest

from orchestration.run.errors import BuildFailed
from orchestration.run.lock import hold
from orchestration.run.settings import Settings
from orchestration.warehouse.build import build_on_duckdb, selection_of
from tests.support.lake import Lake
from tests.support.loads import SECOND
from tests.support.warehouse import Warehouse

FACT, SESSIONS = "model.moovitamix.fact_listen_history", "model.moovitamix.sessions"
ONE_TEST = "test.moovitamix.positions_count_from_one.hash"


def piece(warehouse: Warehouse, *nodes: str, part: str = "marts") -> dict[str, str]:
    """Build some nodes; return how each one of dbt's ended, by its id."""
    ended: dict[str, str] = {}

    def on_node(node: str, status: str, _said: str) -> None:
        ended[node] = status

    with hold(warehouse.data_dir, "build") as lock:
        build_on_duckdb(
            Settings(data_dir=warehouse.data_dir), lock, part=part, nodes=nodes, on_node=on_node
        )
    return ended


def models(ended: dict[str, str]) -> set[str]:
    return {node.split(".")[2] for node in ended if node.startswith("model.")}


def test_a_model_is_built_from_the_start_with_what_follows_and_nothing_before(
    built: Warehouse,
) -> None:
    built.publish()
    before = built.marts()
    built.run("delete from fact_listen_history")
    ended = piece(built, FACT)
    assert built.marts() == before
    assert built.state() == ("validated", True)
    assert "fact_listen_history" in models(ended)
    assert {"dim_tracks", "dim_users"} <= models(ended), "inferred members come of listens"
    assert not models(ended) & {"int_sessions", "stg_raw__listen_history", "int_track_versions"}
    assert not {name for name in models(ended) if name.startswith("feature_")}
    assert set(ended.values()) <= {"success", "pass", "no-op"}


def test_what_follows_a_piece_goes_on_as_after_any_build(built: Warehouse) -> None:
    piece(built, SESSIONS)
    Lake(built.data_dir).add(SECOND)
    built.build()
    assert built.state() == ("validated", False)
    assert built.rows("select user_id from fact_listen_history order by all") == [(1,), (2,)]


def test_a_test_alone_looks_at_every_row_and_takes_the_seal_if_it_fails(built: Warehouse) -> None:
    built.publish()
    assert models(piece(built, ONE_TEST)) == set()
    assert built.state()[0] == "validated"
    built.run("update fact_listen_history set session_position = 0")
    with pytest.raises(BuildFailed, match="positions_count_from_one"):
        piece(built, ONE_TEST)
    assert built.state()[0] != "validated"


def test_after_a_piece_that_failed_the_whole_is_built_from_the_start(built: Warehouse) -> None:
    before = built.marts()
    built.run("update staging.int_sessions set track_ids = [7, 7, 7]")
    with pytest.raises(BuildFailed):
        piece(built, FACT)
    assert built.state()[0] != "validated"
    assert "int_sessions" in models(piece(built, FACT)), (
        "built whole, where one model was asked for"
    )
    assert built.state() == ("validated", True)
    assert built.marts() == before


@pytest.mark.parametrize("nodes", [[FACT], [ONE_TEST]])
def test_with_new_loads_the_whole_is_built(built: Warehouse, nodes: Sequence[str]) -> None:
    Lake(built.data_dir).add(SECOND)
    assert "int_sessions" in models(piece(built, *nodes))
    assert built.state() == ("validated", False)
    assert built.rows("select user_id from fact_listen_history order by all") == [(1,), (2,)]


def test_a_piece_of_features_is_of_the_marts_that_the_rest_was_built_on(built: Warehouse) -> None:
    built.build("--selector", "features")
    users = "model.moovitamix.feature_users"
    assert "feature_tracks" not in models(piece(built, users, part="features"))
    assert built.state("features") == ("validated", True)
    built.build()
    assert "feature_tracks" in models(piece(built, users, part="features"))
    assert built.state("features")[0] == "validated"


def test_a_selection_names_models_tests_and_sources_in_dbts_words() -> None:
    nodes = ["test.moovitamix.unique_x.1a2b", "source.moovitamix.raw.tracks", FACT]
    nodes.append("unit_test.moovitamix.x.comes_with_its_model")
    words = selection_of("features", nodes)
    assert words[: words.index("--exclude")] == (
        *("--select", "unique_x", "source:raw.tracks+", "fact_listen_history+"),
    )

"""Model types without a result in `evaluate` are named with a reason that is true."""

from __future__ import annotations

from dataclasses import replace

from ml.lifecycle.evaluate import left_out
from tests.support.logs import grouped_log


def test_a_log_without_instants_and_metadata_has_no_sessions_and_no_second_stage() -> None:
    bare = replace(grouped_log(), at=None, track_features=None)
    assert left_out(bare, []) == [
        "session-knn: no instants, so no sessions",
        "reranked: no instants and no metadata to learn from",
    ]


def test_where_a_second_stage_could_be_tried_it_was_not_surely_better() -> None:
    assert left_out(grouped_log(), []) == [
        "reranked: on 200 validation users or more not surely better than the blend"
    ]

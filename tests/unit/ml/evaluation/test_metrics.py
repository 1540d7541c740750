import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.evaluation import metrics
from ml.evaluation.ranking import best

HITS = np.array([[True, False, True], [False, False, False]])
RELEVANT = np.array([2, 5])


def test_ndcg_is_the_gain_over_the_best_possible() -> None:
    best_of_two = 1 + 1 / math.log2(3)
    assert metrics.ndcg(HITS, RELEVANT) == pytest.approx([(1 + 1 / 2) / best_of_two, 0])


def test_recall_is_the_share_found() -> None:
    assert metrics.recall(HITS, RELEVANT) == pytest.approx([1, 0])


def test_average_precision_counts_what_was_missed() -> None:
    assert metrics.average_precision(HITS, RELEVANT) == pytest.approx([(1 + 2 / 3) / 2, 0])


def test_coverage_and_gini_of_everything_shown_equally() -> None:
    shown = np.array([[0, 1], [2, 3]])
    assert metrics.coverage(shown, 4) == 1
    assert metrics.gini(shown, 4) == pytest.approx(0)


def test_coverage_and_gini_of_one_track_shown_to_all() -> None:
    shown = np.array([[2, -1], [2, -1]])
    assert metrics.coverage(shown, 4) == 0.25
    assert metrics.gini(shown, 4) == pytest.approx(3 / 4)


def test_novelty_is_in_bits() -> None:
    assert metrics.novelty(np.array([[0, 1]]), np.array([7, 0]), 7) == pytest.approx((0 + 3) / 2)


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 20))
def test_figures_agree_with_a_plain_count(row: list[bool], missed: int) -> None:
    relevant = sum(row) + missed
    if not relevant:
        return
    gain = sum(1 / math.log2(rank + 1) for rank, hit in enumerate(row, 1) if hit)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(len(row), relevant) + 1))
    precisions = [sum(row[:rank]) / rank for rank, hit in enumerate(row, 1) if hit]
    hits, of = np.array([row]), np.array([relevant])
    assert metrics.ndcg(hits, of)[0] == pytest.approx(gain / ideal)
    assert metrics.recall(hits, of)[0] == pytest.approx(sum(row) / relevant)
    expected = sum(precisions) / min(len(row), relevant)
    assert metrics.average_precision(hits, of)[0] == pytest.approx(expected)


@given(
    st.lists(st.lists(st.sampled_from([-np.inf, 0, 1, 2, 3]), min_size=6, max_size=6), min_size=1),
    st.integers(1, 8),
)
def test_the_best_are_those_of_a_full_sort(scores: list[list[float]], k: int) -> None:
    given_scores = np.array(scores, np.float32)
    found = best(given_scores, k)
    assert found.shape == (len(scores), min(k, 6))
    for row, ranked in zip(given_scores, found, strict=True):
        finite = sum(row > -np.inf)
        values = [row[column] for column in ranked if column >= 0]
        assert values == sorted(row[row > -np.inf], reverse=True)[:k]
        assert (ranked >= 0).sum() == min(k, finite)

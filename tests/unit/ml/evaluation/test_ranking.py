"""The best few: the same as by sorting everything, whatever the scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.evaluation.ranking import best


def by_sorting(scores: np.ndarray, k: int) -> np.ndarray:
    ranked = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    ranked[np.take_along_axis(scores, ranked, axis=1) == -np.inf] = -1
    return ranked


@settings(deadline=None)
@given(
    seed=st.integers(0, 10**6),
    shape=st.tuples(st.integers(0, 6), st.integers(1, 700)),
    k=st.integers(1, 30),
    different=st.sampled_from([1, 2, 5, 10**6]),
    left_out=st.sampled_from([0.0, 0.5, 0.99]),
)
def test_the_best_are_those_of_sorting(
    seed: int, shape: tuple[int, int], k: int, different: int, left_out: float
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(different, size=shape).astype(np.float32)
    scores[rng.random(shape) < left_out] = -np.inf
    np.testing.assert_array_equal(best(scores, k), by_sorting(scores, min(k, shape[1])))


@pytest.mark.parametrize("value", [0.0, -np.inf])
def test_rows_all_alike_are_no_special_case(value: float) -> None:
    scores = np.full((3, 5_000), value, np.float32)
    np.testing.assert_array_equal(best(scores, 7), by_sorting(scores, 7))

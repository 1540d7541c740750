"""Who played what, and which tracks share listeners: the same however it comes and is cut."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from ml.data.interactions import Interactions, interactions
from ml.models.neighbourhood.neighbours import neighbours

USERS, TRACKS = 60, 24


def _cells(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    row, column = (rng.random((USERS, TRACKS)) < 0.3).nonzero()
    day = np.datetime64("2026-01-01", "us") + rng.integers(0, 90, len(row)).astype("timedelta64[D]")
    return row, column, rng.integers(1, 9, len(row)), day


def _read(row: np.ndarray, column: np.ndarray, plays: np.ndarray, day: np.ndarray) -> Interactions:
    users, tracks = np.arange(USERS + 2), np.arange(TRACKS)  # the last two played nothing
    return interactions(users, tracks, row, column, plays, last_played=day)


def test_pairs_in_order_out_of_order_and_as_single_plays_are_the_same() -> None:
    in_order = _cells(seed=1)
    any_order = np.random.default_rng(2).permutation(len(in_order[0]))
    row, column, plays, day = (np.repeat(part, in_order[2]) for part in in_order)
    single = (row, column, np.ones_like(plays), day)
    one = _read(*in_order)
    for other in (_read(*(part[any_order] for part in in_order)), _read(*single)):
        for name in ("plays", "weights"):
            mine, its = getattr(one, name), getattr(other, name)
            np.testing.assert_array_equal(mine.toarray(), its.toarray())
        np.testing.assert_array_equal(one.last_played, other.last_played)


def test_no_pairs_at_all_are_a_matrix_too() -> None:
    nothing = np.empty(0, np.int64)
    data = interactions(np.arange(3), np.arange(2), nothing, nothing, nothing)
    assert data.plays.shape == data.weights.shape == (3, 2)
    assert not data.weights.nnz


@pytest.mark.parametrize("shrink", [0.0, 10.0])
@pytest.mark.parametrize("cells", [1, 5 * TRACKS, 10_000])
def test_near_tracks_are_those_of_the_definition(
    shrink: float, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.models.neighbourhood.neighbours._CELLS", cells)
    weights = _read(*_cells(seed=3)).weights.copy()
    weights.data[weights.indices == 7] = 0  # a track without weight
    weights.eliminate_zeros()
    near = neighbours(weights, 5, shrink).toarray()
    similar = _by_definition(weights, shrink)
    for track, row in enumerate(similar):
        best = np.lexsort((np.arange(TRACKS), -row))[:5]
        np.testing.assert_allclose(near[track, best], row[best], rtol=1e-5)
        assert np.count_nonzero(near[track]) == np.count_nonzero(row[best])


def _by_definition(weights: csr_matrix, shrink: float) -> np.ndarray:
    dense = weights.toarray().astype(float)
    length = np.maximum(np.sqrt((dense**2).sum(axis=0)), 1e-12)
    common = ((dense > 0).T.astype(float) @ (dense > 0)).clip(1e-12)
    similar: np.ndarray = (dense / length).T @ (dense / length) * common / (common + shrink)
    np.fill_diagonal(similar, 0)
    return similar


def test_of_equals_the_lower_column_is_near() -> None:
    weights = csr_matrix(np.ones((4, 6), np.float32))
    assert neighbours(weights, 2)[5].indices.tolist() == [0, 1]
    assert neighbours(weights, 2)[0].indices.tolist() == [1, 2]

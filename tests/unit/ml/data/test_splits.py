from dataclasses import replace

import numpy as np
import pytest

from ml.data.interactions import Interactions
from ml.data.splits import SplitKind, split
from ml.errors import TooFewListens
from ml.evaluation.evaluation import discovery, evaluate_scorer, listen_again, of_new_tracks
from tests.support.logs import grouped_log


def _cells(part: Interactions) -> set[tuple[int, int]]:
    row, column = part.plays.nonzero()
    return set(zip(row.tolist(), column.tolist(), strict=True))


@pytest.mark.parametrize("kind", ["user", "random"])
def test_no_pair_is_in_both_training_and_test(kind: SplitKind) -> None:
    parts = split(grouped_log(timed=kind == "user"), kind, seed=1)
    train, validation, test = map(_cells, (parts.train, parts.validation, parts.test))
    assert train
    assert validation
    assert test
    assert not train & validation
    assert not (train | validation) & test
    assert _cells(parts.training) == train | validation


def test_a_random_split_is_70_10_20_of_the_pairs() -> None:
    parts = split(grouped_log(timed=False), "random", seed=0)
    pairs = [len(_cells(part)) for part in (parts.train, parts.validation, parts.test)]
    assert np.array(pairs) / sum(pairs) == pytest.approx([0.7, 0.1, 0.2], abs=0.01)


def test_a_time_split_lets_nothing_of_the_future_be_learned() -> None:
    parts = split(grouped_log(), "time", seed=0)
    assert parts.train.last_played is not None
    assert parts.validation.last_played is not None
    assert parts.test.last_played is not None
    assert parts.train.last_played.max() < parts.validation.last_played.min()
    assert parts.training.last_played is not None
    assert parts.training.last_played.max() < parts.test.last_played.min()


def test_a_user_split_tests_by_each_users_latest_tracks() -> None:
    log = grouped_log()
    assert log.at is not None
    first: dict[tuple[int, int], np.datetime64] = {}
    for user, track, at in zip(log.user, log.track, log.at, strict=True):
        key = int(user), int(track)
        first[key] = min(first.get(key, at), at)
    parts = split(log, "user", seed=0)
    known, test = _cells(parts.training), _cells(parts.test)
    for user in range(10):
        latest_known = max(first[pair] for pair in known if pair[0] == user)
        assert latest_known <= min(first[pair] for pair in test if pair[0] == user)


def test_the_same_seed_splits_alike_and_another_does_not() -> None:
    log = grouped_log(timed=False)
    same = [_cells(split(log, "random", seed).test) for seed in (3, 3, 4)]
    assert same[0] == same[1] != same[2]


def test_a_time_split_without_instants_is_refused() -> None:
    with pytest.raises(TooFewListens, match="needs instants"):
        split(grouped_log(timed=False), "time", seed=0)


def test_two_listens_are_too_few() -> None:
    log = grouped_log()
    assert log.at is not None
    two = replace(log, user=log.user[:2], track=log.track[:2], plays=log.plays[:2], at=log.at[:2])
    with pytest.raises(TooFewListens, match="leaves none"):
        split(two, "time", seed=0)


class _Cheat:
    """Scores by the answers."""

    def __init__(self, test: Interactions) -> None:
        self.test = test

    def scores(self, users: np.ndarray) -> np.ndarray:
        return np.asarray(self.test.plays[users].toarray(), np.float32)


def test_who_knows_the_answers_gets_all_and_sees_no_heard_track() -> None:
    parts = split(grouped_log(), "time", seed=0)
    task = discovery(parts.training, parts.test)
    evaluation = evaluate_scorer(_Cheat(parts.test), task)
    assert evaluation.ndcg_at_10 == pytest.approx(np.ones(len(task.users)))
    heard = parts.training.heard(task.users)
    rows = np.arange(len(task.users))[:, None]
    assert not heard[rows, evaluation.shown][evaluation.shown >= 0].any()


def test_listening_again_ranks_heard_tracks_only() -> None:
    log = grouped_log()
    assert log.at is not None
    doubled = replace(
        log,
        user=np.tile(log.user, 2),
        track=np.tile(log.track, 2),
        plays=np.tile(log.plays, 2),
        at=np.concatenate([log.at, log.at + np.timedelta64(150, "D")]),
    )
    parts = split(doubled, "time", seed=0)
    task = listen_again(parts.training, parts.test)
    evaluation = evaluate_scorer(_Cheat(parts.test), task)
    assert len(task.users)
    assert evaluation.recall_at_20 == pytest.approx(np.ones(len(task.users)))
    assert not len(of_new_tracks(parts.training, parts.test).users)

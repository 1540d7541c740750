import numpy as np

from ml.evaluation.bootstrap import paired_gain


def test_a_clear_gain_is_wholly_above_zero() -> None:
    rng = np.random.default_rng(0)
    champion = rng.random(500)
    gain = paired_gain(champion + rng.normal(0.05, 0.1, 500), champion, seed=1)
    assert 0 < gain.low < gain.mean < gain.high < 0.1
    assert gain.users == 500


def test_the_interval_covers_the_truth_19_times_in_20() -> None:
    rng = np.random.default_rng(0)
    nothing = np.zeros(60)
    gains = [paired_gain(rng.normal(0, 1, 60), nothing, seed=turn) for turn in range(200)]
    covered = sum(gain.low <= 0 <= gain.high for gain in gains)
    assert 180 <= covered <= 198


def test_the_same_seed_gives_the_same_interval() -> None:
    rng = np.random.default_rng(0)
    one, two = rng.random(50), rng.random(50)
    assert paired_gain(one, two, seed=3) == paired_gain(one, two, seed=3)
    assert paired_gain(one, two, seed=3) != paired_gain(one, two, seed=4)


def test_nothing_is_better_on_no_users_or_on_nan() -> None:
    for figures in (np.zeros(0), np.array([0.1, np.nan])):
        gain = paired_gain(figures, np.zeros(len(figures)), seed=0)
        assert not gain.low > 0

from datetime import date, timedelta

import numpy as np

from ml.features import features_of


def _of(column: list[object]) -> dict[str, list[float]]:
    features = features_of({"c": column})
    if features is None:
        return {}
    columns = features.matrix.toarray().T.tolist()
    return dict(zip(features.names, columns, strict=True))


def test_text_is_cut_into_its_values_and_rare_ones_are_left_out() -> None:
    assert _of(["Rock, Pop", "Pop|Jazz", None, "Rock"]) == {
        "c=Rock": [1, 0, 0, 1],
        "c=Pop": [1, 1, 0, 0],
    }


def test_lists_are_their_elements() -> None:
    assert _of([["a", "b"], ["a"], []]) == {"c=a": [1, 1, 0]}


def test_few_numbers_are_values_and_many_are_tenths() -> None:
    assert _of([1990, 1990, 2001]) == {"c=1990": [1, 1, 0]}
    tenths = _of(list(range(100)))
    assert len(tenths) == 10
    assert np.sum(list(tenths.values()), axis=0).tolist() == [1] * 100


def test_dates_are_tenths_and_unknown_ones_nothing() -> None:
    days: list[object] = [date(2026, 1, 1) + timedelta(days=day) for day in range(100)]
    tenths = _of([*days, None])
    assert np.sum(list(tenths.values()), axis=0).tolist() == [1] * 100 + [0]


def test_a_column_of_unique_text_gives_nothing() -> None:
    assert features_of({"name": ["x", "y", "z"]}) is None

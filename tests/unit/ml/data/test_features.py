from datetime import date, timedelta

import numpy as np
import pytest

from ml.data.features import features_of


def _of(column: list[object], name: str = "c", split_on: str = "") -> dict[str, list[float]]:
    features = features_of({name: column}, split_on=list(split_on))
    if features is None:
        return {}
    columns = features.matrix.toarray().T.tolist()
    return dict(zip(features.names, columns, strict=True))


def test_text_is_one_value_and_rare_ones_are_left_out() -> None:
    assert _of(["Tyler, The Creator", "AC/DC", "Tyler, The Creator", None]) == {
        "c=Tyler, The Creator": [1, 0, 1, 0]
    }


def test_text_is_cut_where_it_is_said_to_be() -> None:
    column: list[object] = ["Rock| Pop, Soul", "Pop, Soul|Jazz", None, "Rock"]
    assert _of(column, split_on="|") == {"c=Rock": [1, 0, 0, 1], "c=Pop, Soul": [1, 1, 0, 0]}
    assert _of(column, split_on="|,").keys() == {"c=Rock", "c=Pop", "c=Soul"}


@pytest.mark.parametrize(
    "name",
    [
        "artist_id",
        "artistId",
        "artistid",
        "ArtistID",
        "artist",
        "album_code",
        "id",
        "code",
        "genre",
    ],
)
@pytest.mark.parametrize("of_each", [1, 3])
def test_whole_numbers_that_stand_for_something_are_values(name: str, of_each: int) -> None:
    column: list[object] = [number % 100 for number in range(100 * of_each)]
    values = _of([*column, *column], name)
    assert len(values) == 100
    assert not any("tenth" in value for value in values)


def test_whole_numbers_that_rows_share_are_values_unless_they_measure_something() -> None:
    column: list[object] = [number % 50 for number in range(200)]
    assert len(_of(column, "performer")) == 50
    for name in ("release_year", "durationMs", "tempo", "artist_popularity"):
        assert len(_of(column, name)) == 10


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

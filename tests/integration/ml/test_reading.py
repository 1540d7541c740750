"""Listens as people have them: half empty, doubled, with ids of every kind."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.data.listens import Listens
from ml.data.reading import read_listens
from ml.data.splits import SplitKind
from ml.errors import TooFewListens, UnreadableTable
from ml.lifecycle.evaluate import evaluate

MODELS = [
    "popularity", "item-knn", "rp3beta", "ease", "near-ease", "ials", "softmax", "lightfm", "blend",
]  # fmt: skip


def _read(folder: Path, listens: str, tracks: str | None = None) -> Listens:
    path, beside = folder / "listens.csv", folder / "tracks.csv"
    path.write_text(listens)
    if tracks is not None:
        beside.write_text(tracks)
    return read_listens(path, None if tracks is None else beside)


def _drawn(users: int, tracks: int, rows: int) -> str:
    """Rows of `user_id,track_id`, drawn with repeats."""
    rng = np.random.default_rng(0)
    pairs = zip(rng.integers(users, size=rows), rng.integers(tracks, size=rows), strict=True)
    return "user_id,track_id\n" + "".join(f"u{user},t{track}\n" for user, track in pairs)


@pytest.mark.parametrize("column", ["plays", "listened_at"])
def test_a_column_that_is_empty_throughout_counts_as_not_there(tmp_path: Path, column: str) -> None:
    read = _read(tmp_path, f"user_id,track_id,{column}\n1,2,\n1,3,\n")
    assert read.plays.tolist() == [1, 1]
    assert read.at is None


def test_rows_without_plays_or_an_id_are_left_out_and_doubled_ones_add_up(tmp_path: Path) -> None:
    rows = ["1,2,3", "1,2,3", "1,2,nan", "1,3,", "1,4,0", ",2,1", "2,,1", "2,3,1e300"]
    read = _read(tmp_path, "user_id,track_id,plays\n" + "\n".join(rows))
    plays = read.only().plays.toarray()
    assert plays.tolist() == [[6, 0, 0], [0, np.float32(1e12), 0]]
    assert np.isfinite(read.only().weights.data).all()


def test_whole_ids_of_floating_point_are_the_numbers_they_say(tmp_path: Path) -> None:
    """Pandas writes a column of numbers so, once a single one is missing."""
    listens = pa.table({"user_id": [1.0, 2.0, float("nan")], "track_id": [7.0, 8.0, 9.0]})
    pq.write_table(listens, tmp_path / "listens.parquet")
    (tmp_path / "tracks.csv").write_text("track_id,artist\n7,x\n8,x\n")
    read = read_listens(tmp_path / "listens.parquet", tmp_path / "tracks.csv")
    assert read.users.tolist() == [1, 2]
    assert read.tracks.tolist() == [7, 8, 9]
    assert read.track_features is not None
    assert read.track_features.matrix.toarray().tolist() == [[1], [1], [0]]
    assert read.only().plays.toarray().tolist() == [[1, 0, 0], [0, 1, 0]]


def test_ids_too_long_for_a_number_stay_apart(tmp_path: Path) -> None:
    long = [f"1844674407370955161500{last}" for last in range(3)]
    read = _read(tmp_path, "user_id,track_id\n" + "".join(f"{user},1\n" for user in long))
    assert read.users.tolist() == long


def test_the_last_id_of_a_long_file_may_be_the_first_that_is_text(tmp_path: Path) -> None:
    read = _read(tmp_path, "user_id,track_id\n" + "1,2\n" * 30_000 + "someone,2\n")
    assert read.users.tolist() == ["1", "someone"]
    assert read.only().plays.toarray().tolist() == [[30_000], [1]]


@pytest.mark.parametrize(
    ("tracks", "names"),
    [
        ("track_id\nt0\nt1\n", None),
        ("track_id,tempo,artist\nt0,nan,x\nt1,nan,x\nt2,120,\n", ("artist=x",)),
        ("track_id,artist\nt0,x\nt0,y\nt1,x\nt2,y\n", ("artist=x",)),
    ],
    ids=["nothing but ids", "NaN and nothing", "an id given twice"],
)
def test_metadata_may_be_poor(tmp_path: Path, tracks: str, names: tuple[str, ...] | None) -> None:
    read = _read(tmp_path, "user_id,track_id\n1,t0\n1,t1\n1,t2\n", tracks)
    assert (None if read.track_features is None else read.track_features.names) == names


@pytest.mark.parametrize("kind", ["random", "user"])
@pytest.mark.parametrize(
    ("users", "tracks", "rows"), [(3, 8, 20), (1, 30, 60)], ids=["three users", "one user"]
)
def test_a_tiny_log_has_every_row_of_the_table(
    tmp_path: Path, kind: SplitKind, users: int, tracks: int, rows: int
) -> None:
    results = evaluate(_read(tmp_path, _drawn(users, tracks, rows)), kind, 0, trials=1)
    assert [one.name for one in results] == MODELS
    figures: list[dict[str, Any]] = [one.metrics for one in results]
    assert all(0 <= its["ndcg_at_10"] <= 1 for its in figures)


def test_one_track_is_too_few_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(TooFewListens, match="leaves none"):
        evaluate(_read(tmp_path, _drawn(30, 1, 30)), "user", 0, trials=1)


def test_words_for_plays_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTable, match="many"):
        _read(tmp_path, "user_id,track_id,plays\n1,2,many\n")

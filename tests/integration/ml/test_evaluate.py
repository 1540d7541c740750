"""`moovitamix evaluate` on files, as a person runs it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.data.reading import read_listens
from ml.data.splits import split
from ml.errors import DamagedModel
from ml.models.array_files import load, save
from ml.models.neighbourhood.ease import Ease
from tests.support.logs import grouped_log

MODELS = [
    "popularity", "item-knn", "session-knn", "rp3beta", "ease", "near-ease", "ials", "softmax",
    "lightfm", "blend",
]  # fmt: skip


def _evaluate(*arguments: object) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("moovitamix")
    command = [str(program), "evaluate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Listens, tracks with their group, and an oracle that knows the groups."""
    folder = tmp_path_factory.mktemp("log")
    log = grouped_log()
    assert log.at is not None
    columns = {
        "user_id": log.users[log.user],
        "track_id": log.tracks[log.track],
        "listened_at": log.at,
        "plays": log.plays,
    }
    pq.write_table(pa.table(columns), folder / "listens.parquet")
    group = np.arange(len(log.tracks)) % 4
    tracks = pa.table({"track_id": log.tracks, "group": group})
    pq.write_table(tracks, folder / "tracks.parquet")
    with duckdb.connect() as db:
        db.execute(f"copy (from '{folder}/listens.parquet') to '{folder}/listens.csv'")
        db.execute(f"copy (from '{folder}/tracks.parquet') to '{folder}/tracks.csv'")
        db.execute(
            f'copy (select user_id, track_id, (user_id % 4 = "group")::float as score '
            f"from (select distinct user_id from '{folder}/listens.parquet'), "
            f"'{folder}/tracks.parquet') to '{folder}/oracle.parquet'"
        )
    return folder


@pytest.fixture(scope="module")
def answer(files: Path) -> dict[str, Any]:
    ran = _evaluate(
        "--listens", files / "listens.parquet", "--tracks", files / "tracks.parquet",
        "--oracle", files / "oracle.parquet", "--split", "time", "--seed", 3, "--json",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert not ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def test_the_answer_has_every_model_and_figure(answer: dict[str, Any]) -> None:
    assert (answer["split"], answer["seed"]) == ("time", 3)
    assert [model["model"] for model in answer["models"]] == [*MODELS, "oracle"]
    for model in answer["models"]:
        for figure in ("ndcg_at_10", "recall_at_10", "recall_at_20", "map_at_10", "coverage"):
            assert 0 <= model[figure] <= 1
        assert {"novelty", "gini", "listen_again", "percent_of_oracle"} <= model.keys()
        assert model["slices"].keys() == {"new_users", "light_users", "new_tracks"}


def test_models_of_taste_and_the_oracle_beat_popularity(answer: dict[str, Any]) -> None:
    ndcg = {model["model"]: model["ndcg_at_10"] for model in answer["models"]}
    assert ndcg["blend"] > ndcg["popularity"]
    assert ndcg["oracle"] > 2 * ndcg["popularity"]
    percent = {model["model"]: model["percent_of_oracle"] for model in answer["models"]}
    assert percent["blend"] == pytest.approx(100 * ndcg["blend"] / ndcg["oracle"])


def test_a_csv_gives_the_same_figures_and_a_table_for_people(
    files: Path, answer: dict[str, Any]
) -> None:
    ran = _evaluate(
        "--listens", files / "listens.csv", "--tracks", files / "tracks.csv",
        "--split", "time", "--seed", 3,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["read", "columns", "left"]
    assert "listened_at (ISO 8601, UTC)" in lines[1]
    rows = {
        cells[1].strip(): cells[2].strip() for line in lines if len(cells := line.split("│")) > 3
    }
    assert list(rows) == MODELS
    for model in answer["models"][:-1]:
        assert rows[model["model"]] == f"{model['ndcg_at_10']:.4f}"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "there is no such file"),
        ("", "it is empty"),
        ("user_id,song\n1,2\n", "has no column track_id, only user_id, song"),
        ("user_id,track_id\n", "too few listens"),
        ("user_id,track_id\n1,2\n1,3\n", "too few listens"),
        ("user_id,track_id,listened_at\n1,2,yesterday\n", "can't be read"),
        ("user_id,track_id,plays\n1,2,-4\n", "too few listens"),
    ],
)
def test_bad_input_is_one_clear_line(tmp_path: Path, content: str | None, complaint: str) -> None:
    listens = tmp_path / "listens.csv"
    if content is not None:
        listens.write_text(content)
    ran = _evaluate("--listens", listens, "--json")
    assert ran.returncode == 1
    assert not ran.stdout
    assert complaint in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([("me", track % 50) for track in range(400)], "one person's log has no user"),
        ([(user, track) for user in range(9) for track in range(30)], "9 users have no user"),
        (
            [(user, 100 * user + track) for user in range(30) for track in range(20)],
            "no track has two users",
        ),
        (
            [(user, (7 * user + track) % 60) for track in range(20) for user in range(30)]
            + [(at % 5, 61 + at % 30) for at in range(70)],
            "are meaningless",
        ),
    ],
    ids=["one person", "nine users", "no overlap", "few test users"],
)
def test_what_no_figure_could_tell_is_said_and_not_scored(
    tmp_path: Path, rows: list[tuple[object, int]], complaint: str
) -> None:
    listens = tmp_path / "listens.csv"
    hours = np.datetime64("2019-01-01T00:00:00") + np.arange(len(rows)) * np.timedelta64(1, "h")
    lines = [f"{user},{track},{hour}" for (user, track), hour in zip(rows, hours, strict=True)]
    listens.write_text("user_id,track_id,listened_at\n" + "\n".join(lines) + "\n")
    ran = _evaluate("--listens", listens, "--json")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "too few listens" in ran.stderr
    assert complaint in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_tracks_without_a_listen_are_candidates_only_where_that_is_asked_for(
    files: Path, answer: dict[str, Any]
) -> None:
    arguments = ["--listens", files / "listens.parquet", "--tracks", files / "tracks.parquet"]
    ran = _evaluate(*arguments, "--seed", 3, "--trials", 1, "--all-tracks", "--json")
    assert ran.returncode == 0, ran.stderr
    assert answer["read"][2] == "left out  tracks of tracks.parquet without a listen: 4"
    assert json.loads(ran.stdout)["read"][2] == "left out  nothing"


def test_ids_may_be_numbers_here_and_text_there(tmp_path: Path) -> None:
    listens, tracks = tmp_path / "listens.csv", tmp_path / "tracks.csv"
    listens.write_text("user_id,track_id\n1,10\n2,9\n2,10\n")
    tracks.write_text("track_id,artist\n10,x\nnew,x\n9,y\n")
    read = read_listens(listens, tracks)
    assert read.users.tolist() == [1, 2]
    assert read.tracks.tolist() == ["10", "9", "new"]
    assert read.track_features is not None
    assert read.track_features.matrix.toarray().tolist() == [[1], [0], [1]]
    assert read.only().plays.toarray().tolist() == [[1, 0, 0], [1, 1, 0]]


def test_a_model_on_disk_comes_back_or_is_refused(tmp_path: Path) -> None:
    known = split(grouped_log(), "random", seed=0).training
    arrays = Ease(regularization=5.0).fit(known, 0).arrays()
    path = tmp_path / "model.npz"
    written = save(arrays, path)
    whole = path.read_bytes()
    again = Ease.from_arrays(load(path, written))
    users = np.arange(len(known.users))
    np.testing.assert_array_equal(again.scores(users), Ease.from_arrays(arrays).scores(users))
    assert save(arrays, path) == written
    assert path.read_bytes() == whole
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    for damaged in (whole[:middle], b"", flipped):
        path.write_bytes(damaged)
        with pytest.raises(DamagedModel):
            load(path, written)
    save(arrays | {"ridge": np.array(6.0)}, path)
    with pytest.raises(DamagedModel, match="its hash is"):
        load(path, written)
    with pytest.raises(TypeError, match="Python objects"):
        save({"bad": np.array([object()])}, path)

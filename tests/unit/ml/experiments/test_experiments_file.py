"""The file of experiments is read right, or refused in one line that names the place."""

from datetime import date
from pathlib import Path

import pytest

from ml.experiments.definition import Arm, Experiment
from ml.experiments.errors import ExperimentsUnreadable, UnknownExperiment
from ml.experiments.experiments_file import find_experiment, read_experiments

WHOLE = """
[blend]
users = [0.0, 0.5]
salt = "first"
kind = "recommendations"
within_days = 1
planned_gain = 0.2
start = 2026-12-01

[blend.arms]
control = {share = 0.6}
new = {share = 0.4, model_version = 7, per_artist = 1}

[short.arms]
a = {share = 0.5}
b = {share = 0.5}
"""
REFUSED = {
    "[x.arms]\na = {share = 0.5}\nb = {share = 0.4}": "x: the shares of the arms add to 0.9, not",
    "[x.arms]\na = {share = 1.5}\nb = {share = -0.5}": "x.arms.a.share: Input should be less",
    "[x.arms]\na = {share = 0.5}": "x.arms: Dictionary should have at least 2 items",
    "[x.arms]\na = {share = 0.5}\nb = {share = 0.5, version = 2}": "x.arms.b.version: Extra",
    "[x]\nkind = 'popular'\n[x.arms]\na = {share = 0.5}\nb = {share = 0.5}": "x.kind: Input",
    "[x]\nwithin_days = 2\n[x.arms]\na = {share = 0.5}\nb = {share = 0.5}": "x.within_days: Inp",
    "[x]\nusers = [0.5, 0.5]\n[x.arms]\na = {share = 0.5}\nb = {share = 0.5}": "x: users = [from",
    "['X y'.arms]\na = {share = 0.5}\nb = {share = 0.5}": "X y: String should match pattern",
    "x = 3": "x: Input should be",
    "[x": "it is no TOML: Expected",
}


def test_what_a_file_leaves_out_has_its_default(tmp_path: Path) -> None:
    path = tmp_path / "experiments.toml"
    path.write_text(WHOLE)
    arms = (Arm("control", 0.6), Arm("new", 0.4, 7, {"per_artist": 1}))
    assert read_experiments(path) == {
        "blend": Experiment(
            name="blend",
            arms=arms,
            salt="first",
            users=(0.0, 0.5),
            kind="recommendations",
            within_days=1,
            planned_gain=0.2,
            start=date(2026, 12, 1),
        ),
        "short": Experiment("short", (Arm("a", 0.5), Arm("b", 0.5)), salt="short"),
    }
    with pytest.raises(UnknownExperiment, match="no experiment long: there is blend, short"):
        find_experiment(path, "long")


def test_without_a_file_there_is_no_experiment(tmp_path: Path) -> None:
    assert read_experiments(tmp_path / "experiments.toml") == {}


@pytest.mark.parametrize("text", REFUSED)
def test_a_wrong_file_is_refused_in_one_line_that_names_the_place(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "experiments.toml"
    path.write_text(text)
    with pytest.raises(ExperimentsUnreadable) as refused:
        read_experiments(path)
    assert str(refused.value).startswith(f"{path}: {REFUSED[text]}")
    assert "\n" not in str(refused.value)

"""How far dbt came can be read by others, and who killed its writer is no secret."""

import subprocess
import sys
from pathlib import Path

from orchestration.run.progress import Heading, NodeResult, read, recording

KILLED = """
import os, signal, sys
from pathlib import Path
from orchestration.run.progress import recording
with recording(Path(sys.argv[1])) as on_node:
    on_node("model.a", "success", "OK")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_nodes_are_seen_while_their_writer_lives_and_stay(tmp_path: Path) -> None:
    path = tmp_path / "progress" / "build.jsonl"
    assert read(path).is_live is False
    with recording(path) as on_node:
        assert read(path).is_live
        on_node("model.a", "success", "OK")
        assert read(path).nodes == {"model.a": NodeResult("success", "OK")}
    assert read(path).nodes == {"model.a": NodeResult("success", "OK")}
    assert not read(path).is_live


def test_a_writer_that_was_killed_is_known_to_be_dead(tmp_path: Path) -> None:
    path = tmp_path / "build.jsonl"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert ended.returncode == -9
    left = read(path)
    assert (left.is_live, list(left.nodes)) == (False, ["model.a"])


def test_a_new_try_begins_with_an_empty_page(tmp_path: Path) -> None:
    path = tmp_path / "build.jsonl"
    for _ in range(2):
        with recording(path) as on_node:
            assert read(path).nodes == {}
            on_node("model.a", "error", "")


def test_a_build_of_some_nodes_answers_for_them_alone_and_not_for_what_came_before(
    tmp_path: Path,
) -> None:
    path = tmp_path / "build.jsonl"
    with recording(path, Heading("marts.a.run", 10.0, frozenset({"model.a", "model.b"}))):
        progress = read(path)
    assert progress.heading.by == "marts.a.run"
    assert progress.answers(["model.a"], since=10.0)
    assert not progress.answers(["model.a"], since=10.1)
    assert not progress.answers(["model.a", "model.c"], since=9.0)
    assert not read(tmp_path / "none.jsonl").answers(["model.a"], since=0.1)

"""Every failure is one clear line and exit code 1; what readers have stays as it was."""

import shutil
import signal
from pathlib import Path

import duckdb
import pytest

from orchestration.run.lock import holder_of
from tests.support.checksums import checksums
from tests.support.installation import Installation


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["query", "select 1"], "nothing is published yet"),
        (["publish"], "it does not exist; run `moovitamix build` first"),
        (["ingest", "--api-url", "http://127.0.0.1:9"], "http://127.0.0.1:9"),
        (["simulate"], "Missing option '--days'"),
        (["run", "--as-of", "tomorrow"], "tomorrow"),
        (["nonsense"], "No such command 'nonsense'"),
    ],
)
def test_a_failure_is_one_line(data_dir: Path, words: list[str], why: str) -> None:
    complaint = Installation(data_dir).fails(*words)
    assert complaint.startswith("moovitamix: ")
    assert why in complaint
    assert complaint.count("\n") == 1


def test_debug_shows_where_a_failure_came_from(tmp_path: Path) -> None:
    failing = Installation(tmp_path / "data").start("query", "select 1", "--debug")
    _, complaint = failing.communicate()
    assert failing.returncode == 1
    assert "Traceback" in complaint


def test_a_setting_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "data", {"MOOVITAMIX_AS_OF": "yesterday"})
    complaint = installation.fails("status")
    assert "MOOVITAMIX_AS_OF is 'yesterday'" in complaint
    assert complaint.count("\n") == 1


def test_a_failed_build_names_what_failed_and_is_not_published(day_1: Installation) -> None:
    before = checksums(day_1.marts)
    _spoil_a_load(day_1)
    complaint = day_1.fails("build", "--full-refresh")
    assert "failed" in complaint
    assert complaint.count("\n") == 1
    log = day_1.data_dir / "dbt" / "logs" / "dbt.log"
    assert str(log) in complaint
    assert "Conversion Error" in log.read_text()
    assert "its last build failed or did not end" in day_1.fails("publish")
    assert checksums(day_1.marts) == before
    assert "starts over" in " ".join(day_1.does("status").split())
    outcomes = {(row["command"], row["outcome"]) for row in day_1.ops("runs")}
    assert {("build", "failed"), ("publish", "failed")} <= outcomes


def _spoil_a_load(installation: Installation) -> None:
    """Put text where the lake had instants, as raw validation would never accept."""
    (file,) = (installation.data_dir / "lake/raw/users").glob("*/*.parquet")
    spoilt = installation.data_dir / "spoilt.parquet"
    duckdb.sql(
        f"select * replace ('never' as created_at) from read_parquet('{file}', hive_partitioning=0)"
    ).write_parquet(str(spoilt))
    shutil.move(spoilt, file)


def test_an_interrupt_is_told_recorded_and_lets_go_of_the_lock(data_dir: Path) -> None:
    installation = Installation(data_dir)
    run = installation.start("build")
    while not installation.build_file.exists():
        assert run.poll() is None, run.communicate()
    run.send_signal(signal.SIGINT)
    _, complaint = run.communicate()
    assert (run.returncode, complaint) == (130, "moovitamix: interrupted\n")
    assert holder_of(installation.data_dir) is None
    assert [row["outcome"] for row in installation.ops("runs") if row["event"] == "finished"] == [
        "interrupted"
    ]

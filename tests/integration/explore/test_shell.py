"""`moovitamix shell` and `query` as they are typed: right, read-only, in every format."""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.run.settings import Settings
from tests.support.published_marts import publish_marts


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("asked") / "data"
    data_dir.mkdir()
    publish_marts(Settings(data_dir=data_dir))
    return data_dir


def run(data_dir: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "orchestration.cli.main", *words],
        input=given.encode(),
        env=os.environ | {"MOOVITAMIX_DATA_DIR": str(data_dir)},
        capture_output=True,
        timeout=120,
        check=False,
    )


def test_the_shell_reads_and_can_not_write(data_dir: Path) -> None:
    done = run(
        data_dir, "shell", given="select count(*) + 700 from dim_users; drop table dim_users;"
    )
    assert b"712" in done.stdout
    assert b"read-only" in done.stdout + done.stderr
    with duckdb.connect(data_dir / "marts.duckdb", read_only=True) as marts:
        assert marts.sql("select count(*) from dim_users").fetchone() == (12,)


def test_a_shell_without_a_publication_says_so_in_one_line(tmp_path: Path) -> None:
    done = run(tmp_path, "shell")
    assert done.returncode == 1
    assert done.stderr.startswith(b"moovitamix: nothing is published yet")


QUESTION = "select user_id as n, 'a|b' as t from dim_users where user_id < 3 order by n"


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("csv", b"n,t\n1,a|b\n2,a|b\n"),
        ("markdown", b"| n | t |\n| --- | --- |\n| 1 | a\\|b |\n| 2 | a\\|b |\n"),
    ],
)
def test_an_answer_is_written_in_the_format_asked_for(
    form: str, written: bytes, data_dir: Path
) -> None:
    done = run(data_dir, "query", "--format", form, "--file", "-", given=QUESTION)
    assert (done.returncode, done.stdout) == (0, written)


def test_json_and_parquet_hold_the_same(data_dir: Path, tmp_path: Path) -> None:
    as_json = run(data_dir, "query", QUESTION, "--format", "json", "--limit", "1")
    assert json.loads(as_json.stdout) == [{"n": 1, "t": "a|b"}]
    file = tmp_path / "answer.parquet"
    file.write_bytes(run(data_dir, "query", QUESTION, "--format", "parquet").stdout)
    with duckdb.connect() as db:
        assert db.read_parquet(str(file)).fetchall() == [(1, "a|b"), (2, "a|b")]

"""A damaged file of the lake is named, whichever reader met it; other errors stay what they are."""

import random
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as of_hypothesis
from hypothesis import strategies as st

from lake import batches
from lake.damage import damaged_file
from lake.errors import DamagedFile
from orchestration.run.error_messages import message_of

ROWS = 5_000


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("written") / "a.parquet"
    numbers = random.Random(1)
    table = pa.table({"id": [numbers.random() for _ in range(ROWS)], "run_id": ["x"] * ROWS})
    pq.write_table(table, path, compression="zstd")
    return path.read_bytes()


@given(data=st.data())
@of_hypothesis(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_duckdb_can_not_read_is_told_with_its_file(
    data: st.DataObject, written: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "ops" / "runs" / "day=2026-03-01" / "a.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = written[: data.draw(st.integers(0, len(written) - 1))]
    if data.draw(st.booleans()):
        content += random.Random(data.draw(st.integers())).randbytes(50)
    path.write_bytes(content)
    with pytest.raises(duckdb.Error) as met:
        duckdb.sql(f"select sum(hash(columns(*))) from read_parquet('{path}')").fetchall()
    line = message_of(met.value)
    assert line.startswith(f"{path} can't be read, put it back from a backup: ")
    assert "\n" not in line
    with pytest.raises(DamagedFile, match=r"a\.parquet can't be read, put it back"):
        batches.read(str(tmp_path), "runs")


def test_bytes_that_changed_inside_are_found_though_the_reader_names_no_file(
    written: bytes, tmp_path: Path
) -> None:
    good, spoilt = tmp_path / "a.parquet", tmp_path / "b.parquet"
    good.write_bytes(written)
    spoilt.write_bytes(written[:4] + b"\xff" * 60 + written[64:])
    with pytest.raises(duckdb.Error) as met:
        duckdb.sql(f"select sum(id) from read_parquet('{tmp_path}/*.parquet')").fetchall()
    found = damaged_file(str(met.value), str(tmp_path))
    assert str(found).startswith(f"{spoilt} can't be read")


def test_an_error_about_something_else_looks_at_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"torn")
    message = f"Binder Error: no column x in read_parquet('{tmp_path}/a.parquet')"
    assert damaged_file(message, str(tmp_path)) is None

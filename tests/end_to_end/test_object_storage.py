"""The lake on object storage: one URL changes, and nothing else."""

from collections.abc import Iterator
from logging import getLogger
from pathlib import Path
from unittest.mock import patch

import pytest
import s3fs
from moto.server import ThreadedMotoServer

from tests.integration.warehouse.test_marts import a_crowded_lake
from tests.support.checksums import LAKE_BOUND, checksums, require_rows
from tests.support.emptied import emptied
from tests.support.installation import DAY_1, DAY_2, SMALL_WORLD, Installation
from tests.support.lake import Lake
from tests.support.warehouse import Warehouse

BUCKET = "lake"
LAKE = f"{BUCKET}/moovitamix"


@pytest.fixture(scope="module")
def storage() -> Iterator[s3fs.S3FileSystem]:
    """An S3-compatible server with an empty bucket; who may use it is said as AWS's clients say."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    getLogger("werkzeug").setLevel("ERROR")  # a line for each of its thousands of requests
    host, port = server.get_host_and_port()
    access = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with patch.dict("os.environ", access):
        files = s3fs.S3FileSystem(skip_instance_cache=True)
        files.mkdir(BUCKET)
        yield files
    server.stop()


def test_dbt_reads_a_lake_wherever_it_is(
    storage: s3fs.S3FileSystem, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Lake(data_dir).add(*a_crowded_lake(seed=3))
    on_disk = Warehouse(data_dir)
    on_disk.build()
    marts = on_disk.marts()
    assert all(marts.values())

    storage.put(str(data_dir / "lake"), f"{BUCKET}/small", recursive=True)
    monkeypatch.setenv("MOOVITAMIX_LAKE_URL", f"s3://{BUCKET}/small")
    there = Warehouse(emptied(data_dir))
    there.build()
    assert not (data_dir / "lake").exists()
    assert there.marts() == marts


@pytest.mark.slow
def test_a_lake_on_object_storage_gives_the_marts_of_one_on_a_disk(
    day_run: tuple[Installation, str], storage: s3fs.S3FileSystem, data_dir: Path
) -> None:
    there = Installation(data_dir, SMALL_WORLD | {"MOOVITAMIX_LAKE_URL": f"s3://{LAKE}"})
    there.runs_day(DAY_1)
    assert not (data_dir / "lake").exists()
    assert storage.glob(f"{LAKE}/raw/listen_history/*/*.parquet")
    on_disk = checksums(day_run[0].marts, leave_out=LAKE_BOUND)
    assert checksums(there.marts, leave_out=LAKE_BOUND) == on_disk
    require_rows(on_disk)

    there.does("audit", "--as-of", DAY_2.isoformat())
    before = checksums(there.marts)
    there.does("compact", "--keep-superseded", "0")
    there.does("build", "--full-refresh")
    there.does("publish")
    assert storage.glob(f"{LAKE}/ops/*/*/compacted.*")
    assert checksums(there.marts) == before

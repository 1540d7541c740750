"""dlt's small files, and the record of a pull, torn anywhere: the next ingest lands all records."""

import random
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import Phase, given
from hypothesis import settings as of_hypothesis
from hypothesis import strategies as st

from ingestion.errors import LoadFailed
from ingestion.pull.ingest import ingest
from tests.support.landing import accepted, require_all_landed, settings_for
from tests.support.original_api import OriginalApi, catalogue, serving

DAY = datetime(2026, 2, 1)
SMALL = ("lake/raw/init", "lake/raw/_dlt_version/*", "dlt/**/*.json", "dlt/**/.version")


@pytest.fixture(scope="module")
def api() -> Iterator[OriginalApi]:
    with serving(OriginalApi(catalogue())) as api:
        yield api


@pytest.fixture(scope="module")
def landed_once(api: OriginalApi, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after one ingest and a crash in the next, which leaves a pending pull."""
    data_dir = tmp_path_factory.mktemp("landed") / "data"
    settings = settings_for(data_dir, api)
    ingest(settings, as_of=DAY, run_id="first")
    settings.pending_file.write_text('{"lake_url": "elsewhere"}')
    return data_dir


def small_files(data_dir: Path) -> list[Path]:
    found = {path for pattern in SMALL for path in data_dir.glob(pattern) if path.is_file()}
    return sorted(path.relative_to(data_dir) for path in found)


@given(data=st.data())
@of_hypothesis(max_examples=20, deadline=None, phases=[Phase.generate])
def test_the_next_ingest_lands_every_record(
    data: st.DataObject,
    api: OriginalApi,
    landed_once: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    files = small_files(landed_once)
    assert Path("dlt/pull.json") in files
    assert len(files) > 5
    data_dir = tmp_path_factory.mktemp("torn") / "data"
    shutil.copytree(landed_once, data_dir)
    settings = settings_for(data_dir, api)
    for path in data.draw(st.lists(st.sampled_from(files), min_size=1, max_size=3, unique=True)):
        whole = (data_dir / path).read_bytes()
        content = whole[: data.draw(st.integers(0, max(0, len(whole) - 1)))]
        if data.draw(st.booleans()):
            content = random.Random(len(whole)).randbytes(60)
        (data_dir / path).write_bytes(content)
    done = ingest(settings, as_of=DAY + timedelta(days=1), run_id="second", full=True)
    require_all_landed(settings.lake_url, api, done.load_id)
    assert len(accepted(settings.lake_url)) == 2


@pytest.fixture(scope="module")
def pending(api: OriginalApi, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose pull is extracted and could not be loaded, only to be copied."""
    data_dir = tmp_path_factory.mktemp("pending") / "data"
    (data_dir / "lake").mkdir(parents=True)
    (data_dir / "lake" / "raw").touch()
    with pytest.raises(LoadFailed):
        ingest(settings_for(data_dir, api), as_of=DAY, run_id="first")
    (data_dir / "lake" / "raw").unlink()
    return data_dir


@pytest.mark.parametrize("how", ["empty", "half"])
def test_a_pending_package_that_is_torn_is_pulled_again(
    api: OriginalApi, pending: Path, tmp_path: Path, how: str
) -> None:
    files = sorted((pending / "dlt").rglob("*.*"))
    package = [path.relative_to(pending) for path in files if path.is_file()]
    assert package
    for number, path in enumerate(package):
        data_dir = tmp_path / f"{number}" / "data"
        shutil.copytree(pending, data_dir)
        torn = data_dir / path
        whole = torn.read_bytes()
        torn.write_bytes(whole[: 0 if how == "empty" else len(whole) // 2])
        settings = settings_for(data_dir, api)
        ingest(settings, as_of=DAY + timedelta(days=1), run_id="second", full=True)
        loads = accepted(settings.lake_url)
        assert loads, path
        require_all_landed(settings.lake_url, api, loads[-1])

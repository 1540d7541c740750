"""Any number of days, one after another, equal one full refresh from the lake."""

from pathlib import Path

import pytest

from tests.support.checksums import checksums
from tests.support.installation import Installation

SCHEMAS = ("main", "staging", "quarantine")


@pytest.mark.parametrize("days", [3, pytest.param(30, marks=pytest.mark.slow)])
def test_increments_equal_one_full_refresh_table_by_table(data_dir: Path, days: int) -> None:
    installation = Installation(data_dir)
    output = installation.does("simulate", "--days", str(days), "--from", "2026-03-01")
    dates = [line.split()[0] for line in output.splitlines() if line.startswith("2026-")]
    assert len(dates) == days
    loads = installation.ask("select unnest(load_ids) from publication")
    assert 1 < len(loads) <= days
    assert installation.ask("select version from publication") == [(days,)]
    incremental = checksums(installation.build_file, schemas=SCHEMAS)
    assert len(incremental) >= 5
    assert incremental["main.fact_listen_history"][0] > 0

    assert "built from the start" in installation.does("build", "--full-refresh")
    assert checksums(installation.build_file, schemas=SCHEMAS) == incremental

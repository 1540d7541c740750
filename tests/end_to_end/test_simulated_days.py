"""Any number of days, one after another, equal one full refresh from the lake."""

from pathlib import Path

import pytest

from tests.support.checksums import checksums
from tests.support.installation import SMALL_WORLD, Installation

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


def test_users_of_the_simulated_app_listen_to_the_lists_of_the_day_before(data_dir: Path) -> None:
    world = SMALL_WORLD | {"MOOVITAMIX_WORLD_LISTENS_TO_LISTS": "1", "MOOVITAMIX_MODEL": "item-knn"}
    installation = Installation(data_dir, world)
    output = installation.does("simulate", "--days", "2", "--from", "2026-03-01")
    assert output.count("lists ") == 2
    source = data_dir / "source"
    days = ("2026-03-01", "2026-03-02")
    assert sorted(path.stem for path in (source / "lists").iterdir()) == [*days]
    assert [path.stem for path in (source / "heard").glob("*.parquet")] == [days[1]]
    listed = (
        "select count(*) from fact_listen_history inner join playlist_tracks"
        " using (user_id, track_id) inner join playlists using (playlist_id, user_id, day)"
        " where kind = 'discover' and day = '2026-03-01'"
        " and listened_at >= '2026-03-02' and session_position = 1"
    )
    started = "select count(*) from fact_listen_history where listened_at >= '2026-03-02'"
    counts = [
        installation.ask(sql)[0][0] for sql in (listed, f"{started} and session_position = 1")
    ]
    chosen, sessions = map(float, map(str, counts))
    assert chosen > 0.3 * sessions > 0

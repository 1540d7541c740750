"""Experiments in the marts: lists and outcomes by arm, and batches from before there were any."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from lake import batches
from lake.schemas import ARM, ML
from ml.experiments.definition import Arm, Experiment, StartedExperiment
from ml.experiments.experiment_log import write_start, write_stop
from ml.experiments.finding import finding_of
from ml.settings import MlSettings
from tests.support.lake import Lake, Load, session, track
from tests.support.warehouse import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

DAY = datetime(2026, 1, 10, 21)
USERS, TRACKS = range(1, 71), range(1, 8)
RECOMMENDATIONS = ("--selector", "recommendations")
EXPERIMENT = Experiment("one", (Arm("control", 0.5, 1), Arm("new", 0.5, 2)), "one", within_days=1)
FIRST = Load(
    "1.1",
    DAY,
    tracks=[track(one, "A", "2026-01-02") | {"artist": f"A {one}"} for one in range(1, 9)],
    users=[
        {
            "id": one,
            "first_name": "Ada",
            "last_name": "Byron",
            "email": f"{one}@example.org",
            "updated_at": datetime(2026, 1, 2),
        }
        for one in USERS
    ],
    listen_history=[session(1, "2026-01-09", [8], "2026-01-09")],
)
# Users of the new arm, the even ones, listen to one to three of what they see, the others to none
# or one.
SECOND = Load(
    "2.1",
    DAY + timedelta(days=3),
    listen_history=[
        session(user, "2026-01-11", heard, "2026-01-11")
        for user in USERS
        if (heard := list(range(1, 1 + user % 3 % 2 + (1 + user % 5 % 2) * (user % 2 == 0))))
    ],
)
FAULTS = {
    "unique_experiments_arm": "insert into experiments from experiments where is_control",
    "one_outcome_per_arm_kind_and_window": "insert into experiment_outcomes"
    " from experiment_outcomes where within_days = 1",
    "relationships_experiment_outcomes_arm__arm__ref_experiments_": "update experiment_outcomes"
    " set arm = 'another/arm' where kind = 'discover'",
}


def test_batches_from_before_there_were_experiments_are_read_as_outside(data_dir: Path) -> None:
    Lake(data_dir).add(FIRST)
    warehouse = Warehouse(data_dir)
    warehouse.build()
    promote(data_dir)
    write(data_dir, "a", DAY, former=True)
    warehouse.build(*RECOMMENDATIONS)
    of_arms = "select distinct arm, model_version from {}"
    for mart in ("recommendations", "playlists"):
        assert warehouse.rows(of_arms.format(mart)) == [(None, 1)]
    write(data_dir, "b", DAY + timedelta(hours=1))
    warehouse.build(*RECOMMENDATIONS)
    known = {("one/control", 1), ("one/new", 2)}
    assert set(warehouse.rows(of_arms.format("recommendations"))) == known
    assert set(warehouse.rows(of_arms.format("playlists"))) == known | {(None, 1)}


def test_outcomes_of_an_experiment_have_each_user_as_one_value(data_dir: Path) -> None:
    lake, warehouse = Lake(data_dir), Warehouse(data_dir)
    lake.add(FIRST)
    lake.add(SECOND)
    promote(data_dir)
    settings = MlSettings(data_dir=data_dir)
    started = StartedExperiment(EXPERIMENT, DAY, 0.1)
    write_start(settings.lake_url, started, "run")
    write(data_dir, "a", DAY)
    write(data_dir, "b", DAY + timedelta(days=1))
    warehouse.build()
    outcome = warehouse.dbt("build", *RECOMMENDATIONS, without_unit_tests=False)
    assert not outcome.failed
    assert "each_user_of_an_arm_is_one_value_over_all_complete_days" in outcome.statuses

    rows = warehouse.rows(
        "select arm, kind, within_days, listed_users, shown, listened, mean_share,"
        " variance_of_shares, last_day - first_day from experiment_outcomes order by all"
    )
    assert [row[:5] for row in rows] == [
        (
            f"one/{arm}",
            kind,
            1,
            35,
            490,
        )
        for arm in ("control", "new")
        for kind in ("discover", "recommendations")
    ]
    for arm, _, _, users, shown, listened, mean, variance, days in rows:
        its = values(warehouse, arm)
        assert len(its) == users
        assert mean == pytest.approx(sum(its) / users)
        assert variance == pytest.approx(sum((one - mean) ** 2 for one in its) / (users - 1))
        assert (listened, days) == (round(sum(its) * shown / users), 1)

    # The published file is what `decide` reads; the build file has the same tables.
    (data_dir / "build.duckdb").rename(settings.marts_file)
    finding = finding_of(settings, started)
    assert finding.list_days == 2
    assert finding.winner == EXPERIMENT.arms[1]
    assert finding.differences["new"].mean == pytest.approx(rows[2][6] - rows[0][6])
    settings.marts_file.rename(data_dir / "build.duckdb")

    for fault in FAULTS.values():
        warehouse.run(fault)
    assert set(FAULTS) <= warehouse.dbt("test", *RECOMMENDATIONS).failed


def test_a_stopped_experiment_stays_in_the_marts(data_dir: Path) -> None:
    Lake(data_dir).add(FIRST)
    warehouse = Warehouse(data_dir)
    lake_url = str(data_dir / "lake")
    write_start(lake_url, StartedExperiment(EXPERIMENT, DAY, 0.1), "run")
    write_stop(lake_url, "one", "enough", "later", DAY + timedelta(days=9))
    warehouse.build()
    warehouse.build(*RECOMMENDATIONS)
    assert warehouse.rows(
        "select arm, share, model_version, stop_reason, ends_at - begins_at"
        " from experiments order by 1"
    ) == [
        ("one/control", 0.5, 1, "enough", timedelta(days=9)),
        ("one/new", 0.5, 2, "enough", timedelta(days=9)),
    ]


def values(warehouse: Warehouse, arm: str) -> list[float]:
    """Return the share of each user of an arm, from the listens of the day after the batch."""
    parity = 0 if arm == "one/new" else 1
    counted = warehouse.rows(
        "select user_id, count(*) filter (listened_at >= '2026-01-10 21:00')"
        " from dim_users left join fact_listen_history using (user_id)"
        f" where user_id % 2 = {parity} group by user_id"
    )
    # Of two days of seven tracks: what was heard after the first is no first listen of the second.
    return [listens / 14 for _, listens in counted]


def promote(data_dir: Path) -> None:
    row = {"model_version": 1, "decision": "promoted", "run_id": "0", "decided_at": DAY}
    batches.append(str(data_dir / "lake"), "promotions", [row], DAY.date())


def write(data_dir: Path, run_id: str, made_at: datetime, *, former: bool = False) -> None:
    """Write a batch: all tracks for all users, the even ones in the new arm.

    A `former` one is of a version that knew no experiments.
    """
    of_batch = {"model_version": 1, "run_id": run_id, "data_as_of": made_at, "made_at": made_at}
    recommended, listed = [], []
    for user in USERS:
        arm = "one/control" if user % 2 else "one/new"
        its = of_batch | {"user_id": user, "arm": arm, "arm_version": 1 + (user + 1) % 2}
        for track_id in TRACKS:
            here = its | {"track_id": track_id}
            recommended.append(here | {"rank": track_id, "score": 1.0, "strategy": "model"})
            listed.append(here | {"kind": "discover", "position": track_id})
    listed += [of_batch | {"kind": "popular", "position": 1, "track_id": 1}]
    texts = {"number": 1, "reason": "model", "title": "A title", "description": "Some tracks."}
    new = {*ARM.names, "previous_run_id"} if former else set[str]()
    for table, rows in (
        ("recommendations", recommended),
        ("playlist_tracks", [row | texts for row in listed]),
    ):
        columns = pa.schema([one for one in ML[table] if one.name not in new])
        whole: list[dict[str, Any]] = rows
        made = pa.Table.from_pylist(whole, columns)
        folder = f"model_version=1/run_id={run_id}"
        batches.write_batch(str(data_dir / "lake"), table, folder, columns, iter([made]))

"""When the volume of a day warns, fails, or passes."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from api.source.generated import GeneratedWorld
from api.source.world.parameters import Parameters
from ingestion.settings import IngestionSettings
from ingestion.validation.accept import accept_day
from tests.support.emptied import emptied
from tests.support.lake import Lake, Load, session, track
from tests.support.warehouse import Warehouse

TODAY = datetime(2026, 3, 1)
USUAL = 1000
VolumeTest = Callable[..., str]
TEST = "listens_of_yesterday_are_as_usual"


def built(data_dir: Path, volumes: list[int]) -> str:
    """What the test says in a build of the marts after days of so many listens."""
    first = TODAY - timedelta(days=len(volumes))
    days = [(first + timedelta(days=day), volume) for day, volume in enumerate(volumes)]
    load = Load(
        "1.1",
        TODAY,
        tracks=[track(7, "A", "2026-01-02")],
        users=[{"id": 1, "first_name": "Ada", "updated_at": datetime(2026, 1, 2)}],
        listen_history=[
            session(1, day.isoformat(), [7] * volume, day.isoformat()) for day, volume in days
        ],
    )
    Lake(data_dir).add(load)
    return Warehouse(data_dir).dbt("build").statuses[TEST]


@pytest.fixture(scope="module")
def volume_test(data_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VolumeTest]:
    """The test's own query, as dbt compiles it, on tables of listens that stand for the marts."""
    data_dir = emptied(data_home)
    Lake(data_dir).add(Load("1.1", TODAY, tracks=[track(7, "A", "2026-01-02")]))
    Warehouse(data_dir).build()
    (compiled,) = (data_dir / "dbt/target/compiled").rglob(f"{TEST}.sql")
    query = compiled.read_text()
    with duckdb.connect(tmp_path_factory.mktemp("scratch") / "build.duckdb") as marts:
        marts.execute(
            "create schema staging; create schema ops;"
            "create table staging.stg_ops__loads (as_of timestamp);"
            "create table ops.accepted_days (day_accepted varchar);"
            "create table fact_listen_history (listened_at timestamp);"
        )

        def on(today: datetime, listens: str | None = None) -> str:
            if listens:
                marts.execute(f"create or replace table fact_listen_history as {listens}")
            marts.execute("create or replace table staging.stg_ops__loads (as_of timestamp)")
            marts.execute("insert into staging.stg_ops__loads values (?)", [today])
            rows = marts.execute(f"select degree from ({query})").fetchall()
            return {0: "pass", 1: "warn", 2: "fail"}[max((degree for (degree,) in rows), default=0)]

        yield on


def status(volume_test: VolumeTest, volumes: list[int]) -> str:
    """What the test's query says after days of so many listens, the last of them yesterday."""
    days = " union all ".join(
        f"select timestamp '{TODAY - timedelta(days=len(volumes) - day)}' from range({volume})"
        for day, volume in enumerate(volumes)
    )
    return volume_test(TODAY, f"select * from ({days}) as days (listened_at)")


@pytest.mark.parametrize(("yesterday", "expected"), [(USUAL, "pass"), (450, "warn"), (0, "fail")])
def test_a_build_says_what_the_query_says(yesterday: int, expected: str, data_dir: Path) -> None:
    assert built(data_dir, [USUAL] * 40 + [yesterday]) == expected


@pytest.mark.parametrize(
    ("yesterday", "expected"),
    [
        (USUAL, "pass"),
        (600, "pass"),
        (450, "warn"),
        (2 * USUAL, "warn"),
        (4 * USUAL, "fail"),
        (50, "fail"),
        (0, "fail"),
    ],
)
def test_yesterday_is_compared_with_the_days_before(
    yesterday: int, expected: str, volume_test: VolumeTest
) -> None:
    assert status(volume_test, [USUAL] * 40 + [yesterday]) == expected


def test_a_quiet_week_is_no_alarm(volume_test: VolumeTest) -> None:
    assert status(volume_test, [USUAL] * 40 + [600] * 7) == "pass"


def test_a_weekday_is_compared_with_its_own_kind(volume_test: VolumeTest) -> None:
    week = [USUAL, USUAL, USUAL, USUAL, USUAL, 4000, 4000]
    assert status(volume_test, week * 8) == "pass"
    assert status(volume_test, week * 7 + week[:-1] + [USUAL]) == "warn"


@pytest.mark.parametrize("volumes", [[0], [USUAL], [USUAL] * 7 + [0]])
def test_a_young_app_is_not_tested(volumes: list[int], volume_test: VolumeTest) -> None:
    assert status(volume_test, volumes) == "pass"


def test_a_handful_of_listens_is_never_odd(volume_test: VolumeTest) -> None:
    assert status(volume_test, [20] * 40 + [0]) == "pass"


def test_a_day_that_a_person_accepted_is_no_fault(data_dir: Path) -> None:
    settings = IngestionSettings(data_dir=data_dir)
    accept_day(settings, date(2026, 2, 28), "the app was down", "r")
    assert built(data_dir, [USUAL] * 40 + [0]) == "pass"


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_sixty_normal_days_raise_no_alarm(
    seed: int, volume_test: VolumeTest, tmp_path: Path
) -> None:
    launch = datetime(2026, 7, 1)
    world = Parameters(seed=seed, users=400, tracks=600, days=120, launched_on=launch.date())
    GeneratedWorld(tmp_path, world).at(launch + timedelta(days=121))
    listens = (
        "select created_at as listened_at, unnest(items)"
        f" from '{tmp_path}/blocks/listen_history-*.parquet'"
    )
    volume_test(launch, listens)
    odd = {day: volume_test(launch + timedelta(days=day)) for day in range(61, 121)}
    assert [day for day, found in odd.items() if found != "pass"] == []
    # whereas one day without a listen, in the same noise, does
    volume_test(launch, f"select * from ({listens}) where listened_at < timestamp '2026-10-28'")
    assert volume_test(datetime(2026, 10, 29)) == "fail"

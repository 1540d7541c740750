"""The pages: right figures, no personal data, the newest publication, nothing from elsewhere."""

import re
from pathlib import Path

import duckdb
import pytest

from orchestration.explore.exporting import export
from orchestration.explore.notebook_pages import FOLDER, app_of, run
from orchestration.explore.panels import NOTHING, PAGES, Header, Panels
from orchestration.explore.published import Row, marts
from orchestration.run.errors import TooManyRows
from orchestration.run.settings import Settings
from tests.support.published_marts import FIRST, WEEKS, publish_marts


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MOOVITAMIX_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return Settings()


@pytest.fixture
def published(settings: Settings) -> Settings:
    publish_marts(settings)
    return settings


def shown(page: str) -> list[str]:
    """The page's text: what its header and its panels say, without their charts."""
    outputs = run(page)
    (header,) = (one for one in outputs if isinstance(one, Header))
    panels = [one for one in outputs if isinstance(one, Panels)]
    return [header.html(), *(one.html(lambda _: "") for one in panels)]


def headlines(page: str) -> list[str]:
    found = [one for one in run(page) if isinstance(one, Panels)]
    return [panel.headline for one in found for panel in one.panels]


def plain(settings: Settings, sql: str) -> tuple[object, ...]:
    with duckdb.connect(settings.marts_file, read_only=True) as file:
        row = file.sql(sql).fetchone()
    assert row is not None
    return row


def test_there_is_a_notebook_for_each_page() -> None:
    assert {file.stem for file in FOLDER.glob("*.py")} - {"__init__"} == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs_from_top_to_bottom(page: str, published: Settings) -> None:
    del published
    text = "\n".join(shown(page))
    # there are no monitoring marts beside these, and no recommendations in them
    assert ("Publication 1" in text) == (page != "data")
    assert ("mm-panel" in text) == (page not in {"data", "recommendations"})


@pytest.mark.parametrize("page", PAGES)
def test_before_the_first_publication_every_page_says_so(page: str, settings: Settings) -> None:
    del settings
    assert NOTHING in shown(page)[0]


def test_headlines_say_what_plain_sql_says(published: Settings) -> None:
    listens, people = plain(
        published,
        "select count(*), count(distinct user_id) from fact_listen_history"
        f" where listened_at >= timestamp '{FIRST}' + interval {WEEKS - 1} week",
    )
    found = headlines("listening")
    assert found[0].startswith(f"{listens:,} listens in the week of 23 Feb")
    assert found[1].startswith(f"{people:,} people listened")


def test_recommendations_are_told_by_list_rank_strategy_and_arm(settings: Settings) -> None:
    publish_marts(settings, recommends=True)
    assert headlines("recommendations") == [
        "Of recommendations, 25.0% of tracks were played within 7 days",
        "Place 1 is played 50.0% of the time, places 31+ 8.3%",
        "“model” is the strategy that is played most",
        f"{recommended(settings):.0%} of all tracks are recommended to somebody",
        "“popularity” fills 67% of the places",
        "new: new/other is played most",
    ]


def recommended(settings: Settings) -> float:
    tracks = "(select count(*) from dim_tracks)"
    (share,) = plain(settings, f"select count(distinct track_id) / {tracks} from recommendations")
    assert isinstance(share, float)
    return share


def test_week_4_of_the_cohorts_is_the_metric(published: Settings) -> None:
    del published
    opened = marts()
    assert opened is not None
    retained = {
        row["metric_time"]: row["week_4_retention"]
        for row in opened.metrics("week_4_retention", grain="week")
    }
    squares = _cohorts()
    in_week_4 = {row["cohort"]: row["came_back"] for row in squares if row["week"] == 4}
    assert in_week_4
    assert in_week_4 == {week: retained[week] for week in in_week_4}


def _cohorts() -> list[Row]:
    _, definitions = app_of("listening").run()
    found: list[Row] = definitions["cohorts"]
    return found


@pytest.mark.parametrize("is_personal", [False, True])
def test_names_are_shown_only_when_asked_for(
    is_personal: bool, published: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    del published
    monkeypatch.setenv("MOOVITAMIX_EXPLORE_PERSONAL", str(is_personal))
    text = "\n".join(shown("listener"))
    assert ("Ada Number" in text) == is_personal
    assert ("without personal data" in text) != is_personal


def test_a_new_publication_is_read_without_a_restart(published: Settings) -> None:
    first = marts()
    assert first is not None
    before = headlines("listening")
    publish_marts(published, WEEKS + 1)
    second = marts()
    assert second is not first
    assert "Publication 2" in shown("listening")[0]
    assert headlines("listening")[0].partition(":")[0] != before[0].partition(":")[0]
    # a page that is still at work on the former ends with it
    assert first.row("select version from publication") == {"version": 1}


def test_a_page_aggregates_in_sql(published: Settings) -> None:
    del published
    opened = marts()
    assert opened is not None
    with pytest.raises(TooManyRows, match="aggregate in SQL"):
        opened.rows("from range(10_000)")


def test_the_pages_can_not_write_anywhere(published: Settings) -> None:
    opened = marts()
    assert opened is not None
    for sql in ("drop table dim_users", f"copy dim_users to '{published.data_dir}/x.csv'"):
        with pytest.raises(duckdb.Error):
            opened.rows(sql)


@pytest.fixture
def exported(published: Settings, tmp_path: Path) -> Path:
    del published
    export(tmp_path / "pages")
    return tmp_path / "pages"


def test_exported_pages_need_no_server_and_no_network(exported: Path) -> None:
    names = {file.name for file in exported.iterdir()}
    assert names == {*(f"{page}.html" for page in PAGES), "pages.css", "vega.js"}
    for page in PAGES:
        text = (exported / f"{page}.html").read_text()
        without_specs = re.sub(r'<script type="application/json">.*?</script>', "", text)
        linked = set(re.findall(r'(?:href|src)="([^"]*)"', without_specs))
        assert linked <= names | {"data:,"}
        assert PAGES[page] in text
    assert "mm-drawn" in (exported / "listening.html").read_text()
    assert "@import" not in (exported / "pages.css").read_text()

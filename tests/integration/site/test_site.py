"""The site builds without a broken link, asks no other machine, and finds a column."""

import base64
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from orchestration.run.settings import ROOT
from orchestration.site import assemble
from orchestration.site.build_site import build_site
from orchestration.site.command_reference import command_reference
from orchestration.site.dbt_pages import SiteFailed
from orchestration.site.settings_reference import settings_reference

LOADS = {"script": "src", "img": "src", "iframe": "src", "link": "href"}


class Loaded(HTMLParser):
    """What a page makes a browser fetch by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "link" and found.get("rel") == "canonical":
            return
        if address := found.get(LOADS.get(tag, "")):
            self.addresses.append(address)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_site(tmp_path_factory.mktemp("site"))


def test_every_page_of_the_menu_is_there(pages: Path) -> None:
    for name in ("index", "tutorials/first-day", "reference/commands", "reference/settings",
                 "reference/tables", "reference/metrics", "reference/dbt/index",
                 "reference/lineage/index", "decisions/index", "runbooks/index"):  # fmt: skip
        assert (pages / f"{name}.html").is_file(), name
    star = (pages / "reference" / "star.svg").read_text()
    assert "fact_listen_history" in star
    assert star.count("<path") >= 4


def test_every_document_is_in_the_menu() -> None:
    menu = (ROOT / "mkdocs.yml").read_text()
    documents = [path.name for path in (ROOT / "docs").glob("*.md")]
    assert documents
    assert [name for name in documents if f" {name}\n" not in menu] == []


def test_no_page_fetches_anything_from_another_machine(pages: Path) -> None:
    found = {}
    for page in pages.rglob("*.html"):
        loaded = Loaded()
        loaded.feed(page.read_text())
        if outside := [its for its in loaded.addresses if re.match(r"(https?:)?//", its)]:
            found[str(page.relative_to(pages))] = outside
    assert found == {}
    styles = [path.read_text() for path in pages.rglob("*.css")]
    assert styles
    assert not [text for text in styles if re.search(r"(url\(|@import)[\"' ]*https?:", text)]


def test_the_search_finds_a_column(pages: Path) -> None:
    index = json.loads((pages / "search" / "search_index.json").read_text())
    found = {one["location"] for one in index["docs"] if "etl_updated_at" in one["text"]}
    assert "reference/tables.html#dim_tracks" in found


def test_lineage_says_which_column_a_column_comes_from(pages: Path) -> None:
    page = (pages / "reference" / "lineage" / "index.html").read_text()
    packed = max(re.findall(r"[A-Za-z0-9+/]{1000,}={0,2}", page), key=len)
    edges = json.loads(base64.b64decode(packed))["lineage"]["edges"]
    assert {("model.moovitamix.fact_listen_history", "listened_at", "first_listened_on")} <= {
        (one["source"], one["sourceColumn"], one["targetColumn"]) for one in edges
    }


def test_references_have_every_command_and_setting() -> None:
    commands = command_reference()
    for name in ("run", "import", "diff", "mcp", "key add"):
        assert f"# moovitamix {name}\n" in commands
    assert "`--world`" in commands
    named = re.findall(r"^# (MOOVITAMIX_\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    settings = settings_reference()
    assert len(named) > 50
    assert [name for name in named if f"`{name}`" not in settings] == []


def test_a_broken_link_stops_the_build(
    pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(pages.parent / "docs", tmp_path / "docs")
    (tmp_path / "docs" / "lake.md").write_text("# Lake\n\n[gone](no-such-page.md)\n")
    monkeypatch.setattr("orchestration.site.build_site.assemble", lambda _: None)
    with pytest.raises(SiteFailed, match=r"no-such-page\.md"):
        build_site(tmp_path)


def test_links_out_of_the_documents_lead_to_their_pages() -> None:
    link = assemble._LINK
    of_root = link.sub(assemble._at_root, "[a](docs/lake.md#x) [b](.env.example) [c](CHANGELOG.md)")
    assert of_root == "[a](lake.md#x) [b](reference/settings.md) [c](changelog.md)"
    below = link.sub(
        lambda found: assemble._below(found, 1), "[a](../../README.md) [b](../lake.md)"
    )
    assert below == "[a](../index.md) [b](../lake.md)"

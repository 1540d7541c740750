"""A copy of the notebooks to change: what a person changed stays."""

from pathlib import Path

from orchestration.explore.editing import copied
from orchestration.explore.notebook_pages import FOLDER
from orchestration.explore.panels import PAGES


def test_a_copy_has_every_page_and_its_style(tmp_path: Path) -> None:
    folder = copied(tmp_path / "notebooks")
    assert {file.name for file in folder.iterdir()} == {f"{page}.py" for page in PAGES} | {
        "pages.css"
    }
    assert (folder / "listening.py").read_text() == (FOLDER / "listening.py").read_text()


def test_what_was_changed_stays_and_what_was_deleted_comes_back(tmp_path: Path) -> None:
    folder = copied(tmp_path / "notebooks")
    (folder / "listening.py").write_text("mine")
    (folder / "data.py").unlink()
    copied(folder)
    assert (folder / "listening.py").read_text() == "mine"
    assert (folder / "data.py").exists()

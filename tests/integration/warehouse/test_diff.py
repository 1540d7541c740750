"""What a change does to the marts: a column, a type, a rule, late rows, nothing."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from orchestration.run.settings import Settings
from orchestration.warehouse.comparing.compare import compare
from orchestration.warehouse.comparing.difference import Difference
from orchestration.warehouse.comparing.difference_page import to_html, to_markdown
from tests.support.emptied import emptied
from tests.support.lake import Lake, Load, session, track
from tests.support.warehouse import OURS, Warehouse

FACT = "models/marts/fact_listen_history"
FIRST = Load(
    "1.1",
    datetime(2026, 1, 9),
    tracks=[track(number, f"Song {number}", "2026-01-01") for number in (1, 2, 3)],
    listen_history=[
        session(7, "2026-01-02T10:00", [1, 2], "2026-01-02T10:05"),
        session(8, "2026-01-03T10:00", [3], "2026-01-03T10:00"),
    ],
)
LATE = Load(
    "2.1",
    datetime(2026, 1, 10),
    tracks=[track(2, "Song 2 (live)", "2026-01-09")],
    listen_history=[session(8, "2026-01-01T09:00", [1], "2026-01-09T20:00")],
)
QUICK = ("--exclude-resource-type", "test", "--select", "+marts", "--full-refresh")


@pytest.fixture(scope="module")
def before(data_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Warehouse, Path]:
    """Return a build by a copy of the project, and a copy of its file."""
    emptied(data_home)
    Lake(data_home).add(FIRST)
    project = tmp_path_factory.mktemp("diff") / "dbt_project"
    shutil.copytree(OURS, project, ignore=shutil.ignore_patterns("target", "logs"))
    warehouse = Warehouse(data_home, project)
    warehouse.build(*QUICK)
    base = project.parent / "base.duckdb"
    shutil.copy(data_home / "build.duckdb", base)
    return warehouse, base


@pytest.fixture
def warehouse(before: tuple[Warehouse, Path]) -> Iterator[Warehouse]:
    """Return the build; afterwards its project and its file are as they were."""
    built, base = before
    yield built
    shutil.copytree(OURS / "models", built.project / "models", dirs_exist_ok=True)
    # What dbt remembers of parsing keeps the contract of a YAML file that is older again.
    (built.project / "target" / "partial_parse.msgpack").unlink(missing_ok=True)
    shutil.copy(base, built.data_dir / "build.duckdb")


def difference(before: tuple[Warehouse, Path]) -> Difference:
    warehouse, base = before
    return compare(Settings(data_dir=warehouse.data_dir), str(base), "build")


def edit(warehouse: Warehouse, file: str, old: str, new: str) -> None:
    path = warehouse.project / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_column(before: tuple[Warehouse, Path], warehouse: Warehouse) -> None:
    edit(warehouse, f"{FACT}.sql", "    session_position,\n    etl", "    session_position,\n"
         "    session_position = 1 as is_first,\n    etl")  # fmt: skip
    edit(warehouse, f"{FACT}.yml", "      - name: etl_updated_at\n", "      - name: is_first\n"
         "        data_type: boolean\n      - name: etl_updated_at\n")  # fmt: skip
    warehouse.build(*QUICK)
    found = difference(before)
    (fact,) = found.differing
    assert fact.columns_added == {"is_first": "BOOLEAN"}
    assert fact.rows == {"added": 0, "removed": 0, "changed": 0}
    assert "+ `is_first` BOOLEAN" in to_markdown(found)


def test_a_type(before: tuple[Warehouse, Path], warehouse: Warehouse) -> None:
    edit(warehouse, f"{FACT}.sql", "    session_position,\n    etl",
         "    cast(session_position as bigint) as session_position,\n    etl")  # fmt: skip
    edit(warehouse, f"{FACT}.yml", "session_position\n        data_type: integer",
         "session_position\n        data_type: bigint")  # fmt: skip
    warehouse.build(*QUICK)
    found = difference(before)
    (fact,) = found.differing
    assert fact.columns_retyped == {"session_position": ("INTEGER", "BIGINT")}
    assert fact.rows == {"added": 0, "removed": 0, "changed": 0}
    assert "was INTEGER and is BIGINT" in to_html(found)


def test_a_rule(before: tuple[Warehouse, Path], warehouse: Warehouse) -> None:
    edit(warehouse, f"{FACT}.sql", "        load_date,\n        etl",
         "        cast(load_date + interval 1 day as date) as load_date,\n        etl")  # fmt: skip
    edit(
        warehouse, f"{FACT}.sql", "\nfrom listens\n", "\nfrom listens where session_position = 1\n"
    )
    warehouse.build(*QUICK)
    found = difference(before)
    (fact,) = found.differing
    assert fact.rows == {"added": 0, "removed": 1, "changed": 2}
    assert fact.columns_changed == {"load_date": 2}
    values = {one.name: (one.before, one.after) for one in found.metrics}
    assert values["listens"] == (3, 2)
    assert values["repeat_share"] == (0, 0)
    removed, *changed = sorted(fact.examples, key=lambda one: one.kind, reverse=True)
    assert removed.key == {
        "user_id": "7",
        "listened_at": "2026-01-02 10:00:00",
        "session_position": "2",
    }
    assert changed[0].columns == {"load_date": ("2026-01-09", "2026-01-10")}


def test_late_rows(before: tuple[Warehouse, Path], warehouse: Warehouse) -> None:
    Lake(warehouse.data_dir).add(LATE)
    warehouse.build("--exclude-resource-type", "test", "--select", "+marts")
    found = difference(before)
    tables = {table.name: table for table in found.differing}
    assert set(tables) == {"dim_tracks", "dim_tracks_history", "fact_listen_history"}
    assert tables["fact_listen_history"].rows == {"added": 1, "removed": 0, "changed": 0}
    assert tables["dim_tracks"].rows == {"added": 0, "removed": 0, "changed": 1}
    assert tables["dim_tracks"].examples[0].columns["name"] == ("Song 2", "Song 2 (live)")


def test_nothing(before: tuple[Warehouse, Path], warehouse: Warehouse) -> None:
    shutil.rmtree(warehouse.data_dir / "lake")
    Lake(warehouse.data_dir).add(FIRST)
    warehouse.build(*QUICK)
    found = difference(before)
    assert found.is_empty
    assert len(found.tables) > 5
    assert found.headline() == f"nothing differs in {len(found.tables)} tables"
    assert found.headline() in to_markdown(found)

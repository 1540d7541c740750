"""Unit tests are run again when what they prove has changed, and not before."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestration.run.settings import Settings
from orchestration.warehouse.dbt_commands import unit_tests

NAME = "unit_test.moovitamix.dim_users.newest_version_wins"


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of a project that can be changed."""
    path = tmp_path / "dbt_project" / "models" / "dim_users.sql"
    path.parent.mkdir(parents=True)
    path.write_text("select 1 as user_id")
    monkeypatch.setattr("orchestration.warehouse.dbt_commands.project.ROOT", tmp_path)
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def ran(name: str, kind: str = "unit_test") -> Any:
    return SimpleNamespace(node=SimpleNamespace(unique_id=name, resource_type=kind))


@pytest.mark.usefixtures("model")
def test_what_passed_on_this_code_has_passed_for_its_part_alone(settings: Settings) -> None:
    assert unit_tests.passed_tests(settings, "marts") == []
    unit_tests.record_passed(settings, "marts", [ran(NAME), ran("model.m", "model")])
    assert unit_tests.passed_tests(settings, "marts") == [NAME]
    assert unit_tests.passed_tests(settings, "features") == []


@pytest.mark.usefixtures("model")
def test_a_build_that_left_them_out_forgets_nothing(settings: Settings) -> None:
    unit_tests.record_passed(settings, "marts", [ran(NAME)])
    unit_tests.record_passed(settings, "marts", [ran("model.m", "model")])
    assert unit_tests.passed_tests(settings, "marts") == [NAME]


def test_changed_code_or_another_engine_is_proven_anew(
    settings: Settings, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit_tests.record_passed(settings, "marts", [ran(NAME)])
    written = model.read_text()
    model.write_text("select 2 as user_id")
    assert unit_tests.passed_tests(settings, "marts") == []
    model.write_text(written)
    assert unit_tests.passed_tests(settings, "marts") == [NAME]
    monkeypatch.setattr(unit_tests, "version", lambda _: "another")
    assert unit_tests.passed_tests(settings, "marts") == []

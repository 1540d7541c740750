"""A process parses the project once, and keeps the manifest whole that others read."""

import json
from pathlib import Path

import pytest

from lake.publications import stamp_of
from orchestration.run.settings import Settings
from orchestration.warehouse.dbt_commands import project
from orchestration.warehouse.dbt_commands.dbt import parsed_project


@pytest.mark.parametrize("harm", [lambda path: path.write_text("{"), lambda path: path.unlink()])
def test_a_manifest_that_another_process_left_torn_is_written_again(
    data_dir: Path, harm: object
) -> None:
    settings = Settings(data_dir=data_dir)
    first = parsed_project(settings)
    assert parsed_project(settings) is first
    path = settings.dbt_dir / "target" / "manifest.json"
    assert callable(harm)
    harm(path)
    parsed_project(settings)
    assert json.loads(path.read_bytes())["nodes"].keys() == first.nodes.keys()


def test_the_next_process_leaves_a_manifest_of_the_same_project_as_it_is(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=data_dir)
    path = settings.dbt_dir / "target" / "manifest.json"
    nodes = parsed_project(settings).nodes.keys()
    stamp = stamp_of(path)
    monkeypatch.setattr(project, "_parsed", {})
    assert parsed_project(settings).nodes.keys() == nodes
    assert stamp_of(path) == stamp
    monkeypatch.setattr(project, "_parsed", {})
    monkeypatch.setattr(project, "digest", lambda _: "of other files")
    parsed_project(settings)
    assert stamp_of(path) != stamp

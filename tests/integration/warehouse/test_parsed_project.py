"""A process parses the project once, and keeps the manifest whole that others read."""

import json
from pathlib import Path

import pytest

from orchestration.run.settings import Settings
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

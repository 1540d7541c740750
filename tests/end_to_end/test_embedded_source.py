"""The source that a run starts for itself ends with the run."""

import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from orchestration.run.errors import SourceDied
from orchestration.run.settings import Settings
from orchestration.steps.simulator_process import embedded_source
from tests.support.installation import DAY_1, Installation

PARENT = """
import sys
from orchestration.run.settings import Settings
from orchestration.steps.simulator_process import embedded_source
with embedded_source(Settings()) as source:
    source.wait_until_it_answers()
    print(source.url, flush=True)
    sys.stdin.readline()
"""


def _answers(url: str) -> bool:
    address = urlsplit(url)
    with socket.socket() as asking:
        return asking.connect_ex((address.hostname, address.port)) == 0


def test_the_source_ends_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "data")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=installation.environment() | {"MOOVITAMIX_AS_OF": DAY_1.isoformat()},
    )
    assert parent.stdout is not None
    url = parent.stdout.readline().strip()
    assert _answers(url)
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 30
    while _answers(url):
        assert time.monotonic() < deadline, f"{url} still answers"


def test_a_source_that_can_not_begin_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOOVITAMIX_SOURCE_WORLD", str(tmp_path / "nowhere"))
    settings = Settings(data_dir=tmp_path, as_of=DAY_1)
    with (
        embedded_source(settings) as source,
        pytest.raises(SourceDied, match=r"before it answered: .*nowhere"),
    ):
        source.wait_until_it_answers()
    assert source.process.poll() is not None

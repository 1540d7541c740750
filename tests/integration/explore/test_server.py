"""`moovitamix explore` as a person starts it: its pages, and the sessions behind them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3
from websockets.sync.client import connect

from orchestration.explore.panels import PAGES
from orchestration.run.settings import Settings
from tests.support.published_marts import publish_marts


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("served") / "data"
    data_dir.mkdir()
    publish_marts(Settings(data_dir=data_dir))
    return data_dir


@contextmanager
def started(data_dir: Path) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Start the server; yield its address and its process."""
    words = ["explore", "--port=0", "--no-browser"]
    server = subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli.main", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"MOOVITAMIX_DATA_DIR": str(data_dir)},
        cwd=data_dir,  # wherever it is started
    )
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line.startswith("http://127.0.0.1:"), line
        yield line.split()[0], server
    finally:
        server.terminate()
        server.communicate(timeout=60)


@pytest.fixture(scope="module")
def address(data_dir: Path) -> Iterator[str]:
    with started(data_dir) as (address, _):
        yield address


def ask(url: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request("GET", url, retries=False, timeout=60, redirect=False)


def test_the_first_page_is_found_without_its_name(address: str) -> None:
    assert ask(f"{address}/").headers["location"].endswith("listening/")
    assert ask(f"{address}/health").json() == {"status": "ok"}


@pytest.mark.parametrize("page", PAGES)
def test_each_page_is_served_with_nothing_from_elsewhere(page: str, address: str) -> None:
    answer = ask(f"{address}/{page}/")
    text = answer.data.decode()
    assert answer.status == 200
    assert 'rel="manifest"' not in text
    assert "&quot;theme&quot;: &quot;system&quot;" in text or '"theme": "system"' in text
    tags = [line for line in text.splitlines() if "<script" in line or "<link" in line]
    assert tags
    assert not [line for line in tags if "https://" in line or "http://" in line]
    styled = "--main: #0b6bb8" in text
    assert styled, "the page brings its style"


def test_a_taken_port_is_one_clear_line(address: str) -> None:
    port = address.rpartition(":")[2]
    words = ["explore", f"--port={port}", "--no-browser"]
    second = subprocess.run(
        [sys.executable, "-m", "orchestration.cli.main", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert second.stderr == (
        f"moovitamix: 127.0.0.1, port {port}: address already in use;"
        " choose another with --port, 0 for any free\n"
    )


def test_a_reader_can_not_run_code(address: str) -> None:
    body = {"cellIds": ["x"], "codes": ["import os"]}
    url = f"{address}/listening/api/kernel/run"
    answer = urllib3.request("POST", url, json=body, retries=False, timeout=60)
    assert answer.status in {401, 403, 405}


def test_it_ends_though_a_page_is_open(data_dir: Path) -> None:
    with started(data_dir) as (address, server):
        ask(f"{address}/listening/")
        socket = f"{address.replace('http', 'ws')}/listening/ws?session_id=s_abc123&file="
        with connect(socket) as page:
            assert "kernel-ready" in str(page.recv(timeout=60))
            server.terminate()
            assert server.wait(timeout=30) == 128 + signal.SIGTERM

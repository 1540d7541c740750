"""A serving API for a check: a child process over the published file, with a temporary key.

For a machine where none runs. It works in a folder that vanishes with it, so that neither its key
nor its counts get among the real ones.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestration.run.errors import ServingDied
from orchestration.run.settings import Settings

_END_SECONDS = 20


@contextmanager
def embedded_serving(settings: Settings) -> Iterator[tuple[str, str]]:
    """Serve the published file on a free port of this machine; yield the address and a key."""
    from api.serving.access import api_keys

    with TemporaryDirectory(prefix="moovitamix-serving-") as folder:
        own = {
            "MOOVITAMIX_DATA_DIR": str(settings.data_dir),
            "MOOVITAMIX_SERVING_DIR": folder,
            "MOOVITAMIX_LAKE_URL": str(Path(folder) / "lake"),
            "MOOVITAMIX_FEEDBACK_URL": f"sqlite:///{folder}/feedback.sqlite",
        }
        key = api_keys.add(Path(folder) / "keys.json", "check")
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration.cli.main", "serve", "--port=0", "--workers=1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | own | {"MOOVITAMIX_SERVING_HOST": "127.0.0.1"},
        )
        try:
            yield _address(process), key
        finally:
            process.terminate()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    line = process.stdout.readline().split()
    if not line:
        raise ServingDied(f"the server for the check ended with {process.wait()}")
    return line[-1]

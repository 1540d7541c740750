"""`docs/openapi.json`: the serving API's own document, written by `make openapi`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast
from unittest.mock import patch

from api.serving.access import rate_limit
from api.serving.http.app import create_app
from api.serving.settings import ServingSettings
from api.serving.telemetry.logs import Log
from lake.atomic import replace_file

if TYPE_CHECKING:
    from fastapi import FastAPI

FILE = Path(__file__).resolve().parents[3] / "docs" / "openapi.json"


def text() -> str:
    """Return the document as the API answers it at `/openapi.json`."""
    with TemporaryDirectory() as folder:
        settings = ServingSettings(data_dir=Path(folder))
        settings.folder.mkdir(parents=True)
        rate_limit.create(settings.folder / "limits")
        settings.metrics_folder.mkdir()
        with patch.dict(os.environ, PROMETHEUS_MULTIPROC_DIR=str(settings.metrics_folder)):
            api = create_app(settings, Log("openapi"))
        document = cast("FastAPI", api.inner).openapi()
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    replace_file(FILE, text().encode())

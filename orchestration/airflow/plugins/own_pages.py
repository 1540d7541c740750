"""Our pages inside Airflow, behind its login: dbt docs, Data Docs, the report, explore."""

from __future__ import annotations

import os
from pathlib import Path

from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import FileResponse

from orchestration.airflow.plugins.forwarding import Forwarder
from orchestration.run.settings import Settings
from orchestration.run.stack_settings import StackSettings

PREFIX = "/moovitamix"
# A page may be shown inside Airflow's own, and nowhere else.
HEADERS = {"Content-Security-Policy": "frame-ancestors 'self'", "X-Content-Type-Options": "nosniff"}

# No description of it: there is nothing to call. The login wall guards it too; each guards alone.
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(get_user)])


app.mount("/explore", Forwarder())


@app.get("/dbt")
def dbt_docs() -> FileResponse:
    """Serve dbt's docs, one page."""
    folder = StackSettings().dbt_docs or Path(os.environ["AIRFLOW_HOME"]) / "dbt_docs"
    return _page(folder, "static_index.html", "they are written as Airflow starts")


@app.get("/report")
def report() -> FileResponse:
    """Serve the report."""
    file = Settings().report_file
    return _page(file.parent, file.name, "`moovitamix report` writes it")


@app.get("/quality/{page:path}")
def data_docs(page: str) -> FileResponse:
    """Serve the Data Docs of raw validation."""
    return _page(Settings().data_dir / "quality", page or "index.html", "the first pull writes it")


def _page(folder: Path, name: str, made_by: str) -> FileResponse:
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()) or not file.is_file():
        raise HTTPException(404, f"there is no such page yet; {made_by}")
    return FileResponse(file, headers=HEADERS)

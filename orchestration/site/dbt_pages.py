"""Pages of dbt: its own docs, lineage by column (dbt-colibri), the star (dbterd).

Models are compiled in an empty data folder, so the pages need no data and no lock. What a database
would say of tables and columns, contracts say too: a catalog is made of dbt's YAML.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from orchestration.run.errors import OrchestrationError
from orchestration.run.settings import ROOT
from orchestration.site.star_diagram import star_diagram

# dbt's page asks its server for files of these names, which are placeholders of its templates.
PLACEHOLDERS = (
    ('<use xlink:href="{{', '<use ng-attr-xlink:href="{{'),
    ("href=\"${require('./assets/favicons/favicon.ico')}\"", 'href="data:,"'),
)
STAR = ("dim_tracks", "dim_users", "fact_listen_history", "recommendations", "playlist_tracks")


class SiteFailed(OrchestrationError):
    """The site can't be built."""

    runbook = "query-failed"


def write_dbt_pages(folder: Path) -> dict[str, Any]:
    """Write `dbt/`, `lineage/` and `star.svg` into a folder; return dbt's manifest."""
    with TemporaryDirectory() as place:
        target = Path(place) / "target"
        project = ["--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT)]
        paths = ["--target-path", str(target), "--log-path", str(target)]
        _tool(place, "dbt", "--quiet", "docs", "generate", "--static", *project, *paths)
        manifest: dict[str, Any] = json.loads((target / "manifest.json").read_bytes())
        _write_docs(target / "static_index.html", folder / "dbt" / "index.html")
        catalog = target / "described.json"
        catalog.write_text(json.dumps(catalog_of(manifest)))
        _tool(
            place, "colibri", "generate", "--manifest", str(target / "manifest.json"),
            "--catalog", str(catalog), "--output-dir", str(folder / "lineage"),
            "--light", "--disable-telemetry",
        )  # fmt: skip
        for also in (folder / "lineage").glob("*.json"):  # the page holds the same
            also.unlink()
        chosen = [word for name in STAR for word in ("--select", f"wildcard:*.{name}")]
        star = ["--artifacts-dir", str(target), "--output", str(target), "--entity-name-format"]
        _tool(place, "dbterd", "run", "--target", "json", *star, "table", *chosen)
        diagram = json.loads((target / "output.json").read_bytes())
        (folder / "star.svg").write_text(star_diagram(diagram))
    return manifest


def catalog_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a catalog as dbt would read it from a database with every table in it."""
    nodes = {
        name: _described(node)
        for name, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
    }
    sources = {name: _described(node) for name, node in manifest["sources"].items()}
    kept = ("dbt_version", "generated_at", "invocation_id", "env")
    metadata = {key: manifest["metadata"].get(key) for key in kept}
    metadata["dbt_schema_version"] = "https://schemas.getdbt.com/dbt/catalog/v1.json"
    return {"metadata": metadata, "nodes": nodes, "sources": sources, "errors": None}


def _described(node: Mapping[str, Any]) -> dict[str, Any]:
    name = node.get("alias") or node.get("identifier") or node["name"]
    return {
        "unique_id": node["unique_id"],
        "metadata": {
            "type": "BASE TABLE", "database": node["database"], "schema": node["schema"],
            "name": name, "comment": node["description"], "owner": None,
        },
        "columns": {
            its["name"]: {
                "type": its.get("data_type") or "", "index": number, "name": its["name"],
                "comment": its["description"],
            }
            for number, its in enumerate(node["columns"].values(), 1)
        },
        "stats": {},
    }  # fmt: skip


def _write_docs(page: Path, to: Path) -> None:
    text = page.read_text()
    for old, new in PLACEHOLDERS:
        text = text.replace(old, new)
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(text)


def _tool(data_dir: str, name: str, *words: str) -> None:
    """Run a tool of this environment; its last lines are the error if it fails."""
    program = Path(sys.executable).with_name(name)
    done = subprocess.run(  # noqa: S603 - tools of the lock
        [program, *words],
        env=os.environ | {"MOOVITAMIX_DATA_DIR": data_dir, "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-5:]
        raise SiteFailed(f"{name} failed: {' '.join(said)}")

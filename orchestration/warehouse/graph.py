"""Manifests of dbt's graph for rendering in a scheduler, one for each part.

dbt's own manifest has 1.3 MB and takes dbt's imports to make; these have what drawing needs and a
digest of the files that they were made from, so that an old one is never drawn.
"""

import hashlib
import json
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from lake.atomic import replace_file
from orchestration.run.errors import GraphOutdated
from orchestration.run.settings import Settings
from orchestration.warehouse.dbt_commands import project
from orchestration.warehouse.dbt_commands.dbt import DUCKDB, MONITORING, dbt

PROJECT = project.project()
FOLDER = PROJECT / "target" / "graph"
PARTS = ("marts", "features", "recommendations", "monitoring")

Json = dict[str, Any]

_KEPT = ("name", "unique_id", "resource_type", "package_name", "original_file_path", "fqn", "tags")


def manifest_of(part: str) -> Path:
    """Return the part's manifest; raise `GraphOutdated` unless it is of the present project."""
    path = FOLDER / f"{part}.json"
    if not _is_of(path, digest()):
        raise GraphOutdated(path)
    return path


def rendered_nodes(part: str) -> dict[str, list[str]]:
    """Return, of the part, what each task of the graph shows: by its id, the ids of dbt's nodes.

    A model or a source is shown under its own id, with the unit tests that come before it; the data
    tests that come after it under `<id>.tests`; those that read nothing of the part under `tests`.
    """
    shown: dict[str, list[str]] = json.loads(manifest_of(part).read_text())["watched"]
    return shown


def compiled_files(settings: Settings, part: str) -> dict[str, Path]:
    """Return where dbt put the compiled SQL of the part's nodes, by their ids."""
    files: dict[str, str] = json.loads((FOLDER / f"{part}.json").read_text())["compiled"]
    target = MONITORING if part == "monitoring" else DUCKDB
    folder = settings.dbt_dir / target.folder / "compiled" / "moovitamix"
    return {node: folder / path for node, path in files.items()}


def digest(folder: Path = PROJECT) -> str:
    """Return a hash of every file that the graph is made from."""
    own = Path(__file__).read_bytes()  # another way to draw is another graph
    return hashlib.sha256(own + project.digest(folder).encode()).hexdigest()


def make(settings: Settings) -> list[Path]:
    """Parse the project and write a manifest for each part; each is whole, or as it was.

    Those of the present project are left alone, which takes no dbt.
    """
    made_from = digest()
    paths = [FOLDER / f"{part}.json" for part in PARTS]
    if all(_is_of(path, made_from) for path in paths):
        return paths
    dbt(settings, "parse")
    manifest = json.loads((settings.dbt_dir / DUCKDB.folder / "manifest.json").read_text())
    FOLDER.mkdir(parents=True, exist_ok=True)
    return [_write(part, of_part(manifest, part), made_from) for part in PARTS]


def _is_of(path: Path, made_from: str) -> bool:
    try:
        return bool(json.loads(path.read_text())["metadata"]["digest"] == made_from)
    except (FileNotFoundError, ValueError, LookupError, TypeError):  # none, or it is damaged
        return False


def of_part(manifest: Json, part: str) -> Json:
    """Return what drawing a part needs of dbt's manifest.

    A test stands after one node: the one that it was declared for, else the last of those that it
    reads. dbt begins what follows a model when the tests of the model alone have passed.
    """
    nodes = {name: node for name, node in manifest["nodes"].items() if _part(node) == part}
    order = _in_order(nodes)
    read = {source for node in nodes.values() for source in node["depends_on"]["nodes"]}
    sources = {
        name: one
        for name, one in manifest["sources"].items()
        if name in read and _has_limits(one.get("freshness"))
    }
    kept = {name: _slim(node, node["depends_on"]["nodes"]) for name, node in nodes.items()}
    shown = {name: [name] for name in [*sources, *order]}
    for name, test in sorted(manifest["unit_tests"].items()):
        for model in set(test["depends_on"]["nodes"]) & set(order):
            shown[model].insert(0, name)
    for name in sorted(set(nodes) - set(order)):
        home = _home(nodes[name], order)
        kept[name]["depends_on"]["nodes"] = [home] if home else []
        shown.setdefault(f"{home}.tests" if home else "tests", []).append(name)
    return {
        "metadata": {"project_name": manifest["metadata"]["project_name"]},
        "nodes": kept,
        "sources": {name: _slim(one, []) for name, one in sources.items()},
        "exposures": {},
        "watched": shown,
        "compiled": {name: _compiled(node) for name, node in nodes.items()},
    }


def _part(node: Json) -> str:
    """As macros/build/parts.sql has it; none for hooks."""
    if node["resource_type"] not in {"model", "test"}:
        return ""
    folder = node["fqn"][1] if len(node["fqn"]) > 2 else ""
    return folder if folder in PARTS else "marts"


def _compiled(node: Json) -> str:
    """Return the path below `compiled/` of a node's SQL: a generic test's is below its YAML."""
    file, path = Path(node["original_file_path"]), Path(node["path"])
    return str(file if file.name == path.name else file / path)


def _has_limits(freshness: Json | None) -> bool:
    limits = [(freshness or {}).get(name) or {} for name in ("warn_after", "error_after")]
    return any(limit.get("count") for limit in limits)


def _in_order(nodes: Json) -> list[str]:
    """Return the part's models, each after those that it reads."""
    models = [name for name in sorted(nodes) if nodes[name]["resource_type"] == "model"]
    read = {name: sorted(set(nodes[name]["depends_on"]["nodes"]) & set(models)) for name in models}
    return list(TopologicalSorter(read).static_order())


def _home(test: Json, order: list[str]) -> str | None:
    """The model that the test stands after; None for one that reads no model of the part."""
    read = [name for name in order if name in test["depends_on"]["nodes"]]
    declared = test.get("attached_node")
    return declared if declared in read else next(reversed(read), None)


def _slim(node: Json, parents: list[str]) -> Json:
    slim = {name: node[name] for name in _KEPT if name in node}
    slim["config"] = {"materialized": node["config"].get("materialized")}
    freshness = node.get("freshness")
    # dbt names parents in another order after a partial parse: sorted, one project gives one graph.
    return {**slim, "depends_on": {"nodes": sorted(set(parents))}, "freshness": freshness}


def _write(part: str, drawn: Json, made_from: str) -> Path:
    drawn["metadata"]["digest"] = made_from
    path = FOLDER / f"{part}.json"
    replace_file(path, json.dumps(drawn, sort_keys=True).encode())
    return path


def models_of(part: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each model of the part with the models and sources that it reads, for who compares."""
    drawn = json.loads(manifest_of(part).read_text())
    for name, node in drawn["nodes"].items():
        if node["resource_type"] == "model":
            yield name, node["depends_on"]["nodes"]

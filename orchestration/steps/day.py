"""The daily run of `moovitamix run`, step by step."""

from pathlib import Path

from orchestration.run.errors import BuildFailed
from orchestration.run.runs import Run
from orchestration.steps.ingesting import pull
from orchestration.steps.marts import build, freshness, publish
from orchestration.steps.recommendations import build_features, make_recommendations


def run_daily(run: Run, *, world: Path | None = None) -> None:
    """Ingest, build, publish and recommend once; without an API, from the embedded source."""
    pull(run, world=world)
    freshness(run)
    build(run)
    if not run.settings.recommendations:
        publish(run)
        return
    failed = _features(run)
    publish(run)
    if failed:
        raise failed
    make_recommendations(run)


def _features(run: Run) -> BuildFailed | None:
    """Build features before the marts are published, so that one publication holds both.

    What fails here must not keep the marts from their readers: it is given back, to be raised then.
    """
    try:
        build_features(run)
    except BuildFailed as error:
        return error
    return None

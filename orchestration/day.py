"""A whole day: what `moovitamix run` does, step by step."""

from orchestration.errors import BuildFailed
from orchestration.recommending import build_features, make_recommendations
from orchestration.runs import Run
from orchestration.steps import build, freshness, publish, pull


def live_a_day(run: Run) -> None:
    """Ingest, build, publish and recommend once; without an API, from the embedded source."""
    pull(run)
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

"""The health check of the app's API, between pulls."""

from typing import Any

from orchestration.run.runs import new_run_id
from orchestration.run.settings import Settings


def check_api(settings: Settings) -> dict[str, Exception | None]:
    """Ask the API's endpoints and record how they answered; return what is wrong with each."""
    from ingestion.pull import api_check
    from ingestion.settings import IngestionSettings

    given: dict[str, Any] = {"api_url": settings.api_url} if settings.api_url else {}
    given |= settings.credentials
    asked = IngestionSettings(data_dir=settings.data_dir, lake_url=settings.lake_url, **given)
    return dict(api_check.check_api(asked, new_run_id()))


def require_well(found: dict[str, Exception | None]) -> None:
    """Raise the error of the first endpoint that failed."""
    for error in filter(None, found.values()):
        raise error

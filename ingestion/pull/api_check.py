"""The check of the app's API between pulls."""

from ingestion.errors import IngestionError
from ingestion.pull.recording import record_calls
from ingestion.settings import IngestionSettings
from ingestion.source import health
from ingestion.source.http import Api
from ingestion.source.tables import TABLES
from lake.clock import utc_now


def check_api(settings: IngestionSettings, run_id: str) -> dict[str, IngestionError | None]:
    """Request /health and one record of each table; record the answers, return the errors."""
    with Api(settings) as api:
        found = health.check(api)
        errors: dict[str, IngestionError | None] = {health.ENDPOINT: found.error}
        for table in TABLES:
            errors[table.name] = None
            try:
                api.get(table.name, {"page": "1", "size": "1"})
            except IngestionError as error:
                errors[table.name] = error
    record_calls(settings, run_id, utc_now().date(), found, api.calls)
    return errors

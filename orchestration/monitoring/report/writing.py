"""Write the report: read the marts, draw, replace the file in one rename."""

from pathlib import Path

from lake.atomic import replace_file
from lake.clock import utc_now
from lake.publications import find
from orchestration.monitoring.report.monitoring_rows import open_records
from orchestration.monitoring.report.page import page
from orchestration.monitoring.report.page_contents import SECTIONS
from orchestration.monitoring.report.state import Level, figures, state
from orchestration.run.errors import NothingMonitored
from orchestration.run.settings import Settings


def write(settings: Settings) -> tuple[Path, Level]:
    """Write the page; return where it is, and the state.

    Raises `NothingMonitored` when there are no monitoring marts.
    """
    if find(settings.monitoring_file) is None:
        raise NothingMonitored(settings.monitoring_file)
    with open_records(settings.monitoring_file, settings.marts_file) as records:
        stands = state(records)
        sections = [
            (title, [(picture, records.ask(picture.sql)) for picture in pictures])
            for title, pictures in SECTIONS.items()
        ]
        whole = page(stands, figures(records), sections, utc_now())
    replace_file(settings.report_file, whole.encode())
    return settings.report_file, stands.level

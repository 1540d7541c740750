from dataclasses import replace
from datetime import datetime

from ingestion.pull.ingest_report import IngestReport, nothing_pulled
from ingestion.source.tables import TABLES
from ingestion.source.window import Window
from orchestration.steps.ingesting import what_came


def _report(*rejected: int) -> IngestReport:
    pulls = tuple(replace(nothing_pulled(TABLES[0]), rejected=records) for records in rejected)
    as_of = datetime(2026, 3, 1, 21)
    return IngestReport("r", as_of, window=Window(as_of, as_of, "incremental"), pulls=pulls)


def test_an_ingest_tells_how_many_records_were_set_aside() -> None:
    assert what_came(_report(2, 0, 3)).endswith("21:00:00; 5 rejected records in raw/rejected")


def test_an_ingest_that_set_nothing_aside_does_not_mention_it() -> None:
    assert what_came(_report(0, 0)) == "incremental pull, as of 2026-03-01 21:00:00"

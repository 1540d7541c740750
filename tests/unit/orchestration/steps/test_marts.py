from dataclasses import replace
from datetime import datetime

from ingestion.pull.ingest import Ingestion
from ingestion.pull.reading import nothing_pulled
from ingestion.source.tables import TABLES
from orchestration.steps.marts import what_came


def _ingestion(*rejected: int) -> Ingestion:
    pulls = tuple(replace(nothing_pulled(TABLES[0]), rejected=records) for records in rejected)
    return Ingestion((), "1.0", datetime(2026, 3, 1, 21), "incremental", pulls, ())


def test_an_ingest_tells_how_many_records_were_set_aside() -> None:
    assert what_came(_ingestion(2, 0, 3)).endswith("21:00:00; 5 set aside in raw/rejected")


def test_an_ingest_that_set_nothing_aside_does_not_mention_it() -> None:
    assert what_came(_ingestion(0, 0)) == "incremental pull, as of 2026-03-01 21:00:00"

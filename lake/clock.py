"""Instants as the lake writes them: UTC, without a zone."""

from datetime import UTC, datetime


def naive_utc(instant: datetime) -> datetime:
    """Return the same instant in UTC without a zone; one without a zone is UTC already."""
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant


def utc_now() -> datetime:
    """Return the machine's clock, in UTC without a zone."""
    return naive_utc(datetime.now(UTC))

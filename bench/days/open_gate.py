"""A pull or a day without raw validation; `bench.days.quality` measures what validation adds."""

from ingestion.validation import raw_validation


class NoValidation:
    """Accepts every load unread."""

    def validate(self, *_load: object) -> raw_validation.Validation:  # noqa: D102 - as the real one
        return raw_validation.Validation([], [])


def leave_open() -> None:
    """Switch raw validation off in this process."""
    raw_validation.get_process = NoValidation  # type: ignore[assignment]

"""The user that a rejected record is about, by the field that names one in its table."""

import json
from contextlib import suppress


def user_of(record: str, field_name: str | None) -> int | None:
    """Return the id of a user in a record's JSON text; None where it has none."""
    fields = None
    with suppress(ValueError):  # text that is no JSON is redacted as text
        fields = json.loads(record)
    value = fields.get(field_name) if isinstance(fields, dict) else None
    with suppress(TypeError, ValueError):
        return None if isinstance(value, bool | float) else int(value)  # type: ignore[arg-type]
    return None

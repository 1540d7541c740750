"""Schemas of the lake's tables, and conversion of objects to Arrow tables.

A folder of a path, `load_date=…`, `day=…`, `model_version=…/run_id=…`, is a column too: raw and ops
tables have theirs in the path alone.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from io import BytesIO

import pyarrow as pa
from pyarrow.json import ParseOptions, ReadOptions, read_json

TIMESTAMP = pa.timestamp("us")
_TYPES = {
    "texts": pa.string(),
    "numbers": pa.int64(),
    "small_numbers": pa.int32(),
    "shares": pa.float64(),
    "instants": TIMESTAMP,
    "flags": pa.bool_(),
    "text_lists": pa.list_(pa.string()),
    "number_lists": pa.list_(pa.int64()),
}


def _columns(**names: str) -> pa.Schema:
    """Return a schema, its columns grouped by type: `_columns(texts="name artist")`."""
    return pa.schema(
        [(name, _TYPES[kind]) for kind, several in names.items() for name in several.split()]
    )


RAW = {
    "tracks": _columns(
        numbers="id",
        texts="name artist songwriters duration genres album",
        instants="created_at updated_at",
    ),
    "users": _columns(
        numbers="id",
        texts="first_name last_name email gender favorite_genres",
        instants="created_at updated_at",
    ),
    "listen_history": _columns(
        numbers="user_id", number_lists="items", instants="created_at updated_at"
    ),
    "feedback": _columns(
        numbers="event_id user_id track_id position",
        texts="key kind playlist_id",
        instants="happened_at received_at",
    ),
    "rejected": _columns(texts="table_name record reason"),
}
"""Records of the API, and events of feedback, below `raw/`; dlt adds `_dlt_load_id`."""

OPS = {
    "runs": _columns(texts="run_id command event outcome error", instants="as_of at"),
    "steps": _columns(
        texts="run_id step event outcome error", numbers="rows attempts", instants="at"
    ),
    "load_verdicts": _columns(
        texts="load_id verdict reason kind run_id",
        instants="as_of updated_since updated_until decided_at",
    ),
    "pulls": _columns(
        texts="run_id load_id table_name outcome error kind",
        numbers="announced received rejected forgotten pages bytes requests retries",
        shares="response_ms_p50 response_ms_p95 response_ms_p99",
        instants="as_of updated_since updated_until started_at finished_at",
    ),
    "quality_results": _columns(
        texts="run_id load_id table_name expectation column_name rule severity outcome observed",
        numbers="evaluated unexpected",
        instants="as_of checked_at",
    ),
    "column_nulls": _columns(
        texts="run_id load_id place table_name column_name",
        numbers="rows nulls blanks commonest",
        instants="measured_at",
    ),
    "api_health": _columns(
        texts="run_id api_url outcome error",
        numbers="status",
        shares="response_ms",
        instants="api_clock checked_at",
    ),
    "api_calls": _columns(
        texts="run_id endpoint outcome error",
        numbers="status bytes",
        shares="response_ms",
        instants="called_at",
    ),
    "alerts": _columns(
        texts="run_id command step kind reason severity runbook channel outcome error",
        instants="sent_at",
    ),
    "forgotten": _columns(texts="hash kind key_id event reason run_id", instants="at"),
    "backups": _columns(texts="run_id path event", numbers="files bytes", instants="at"),
    "table_volume": _columns(
        texts="run_id place table_name",
        numbers="rows bytes files",
        instants="as_of measured_at",
    ),
    "table_freshness": _columns(
        texts="run_id place table_name status",
        shares="age_hours warn_after_hours error_after_hours",
        instants="newest_at as_of measured_at",
    ),
    "quarantined_records": _columns(
        texts="run_id load_id place table_name reason",
        numbers="records",
        instants="as_of measured_at",
    ),
    "dbt_results": _columns(
        texts="run_id invocation_id command node_id node_name resource_type status message",
        numbers="failures",
        shares="seconds",
        instants="finished_at",
    ),
    "accepted_days": _columns(texts="day_accepted reason accepted_by_run", instants="decided_at"),
    "schema_changes": _columns(
        texts="run_id load_id table_name column_name change was is_now", instants="seen_at"
    ),
    "models": _columns(
        small_numbers="model_version",
        texts="name model_hash run_id mlflow_run_id path git_commit",
        instants="trained_at data_as_of cut_off",
        text_lists="load_ids",
        numbers="listens",
        shares="seconds ndcg_at_10 recall_at_10 map_at_10 coverage",
    ),
    "promotions": _columns(
        small_numbers="model_version previous_version challenger_version",
        texts="decision sentence figures run_id",
        instants="decided_at",
    ),
    "experiments": _columns(
        texts="name event arm settings salt kind reason run_id",
        small_numbers="arm_number model_version within_days",
        shares="share users_from users_until planned_difference",
        instants="as_of recorded_at",
    ),
    "serving": _columns(
        texts="segment",
        instants="hour counted_from counted_until",
        small_numbers="model_version publication_version workers",
        numbers=(
            "requests user_requests cold_requests stale_answers model_answers neighbours_answers"
            " metadata_answers popularity_answers again_answers refused limited client_errors"
            " errors feedback_requests feedback_events feedback_duplicates feedback_client_errors"
            " feedback_errors"
        ),
        shares="p50_ms p99_ms feedback_p50_ms feedback_p99_ms",
    ),
    "feature_profiles": _columns(
        small_numbers="model_version",
        texts="feature bin run_id",
        shares="share",
        instants="noted_at",
    ),
    "drift": _columns(
        texts="run_id measure",
        small_numbers="model_version",
        shares="value limit",
        flags="is_beyond",
        instants="measured_at",
    ),
}
"""Events of runs, below `ops/`: a row per event."""

ARM = _columns(texts="arm", small_numbers="arm_version")
"""Of an experiment, which arm a row of a batch is for, and which version made it; else null."""
BATCH = _columns(small_numbers="model_version", texts="run_id", instants="data_as_of made_at")
ML = {
    "recommendations": pa.schema(
        [
            *_columns(small_numbers="user_id rank track_id", shares="score", texts="strategy"),
            *_columns(small_numbers="because_track_id"),
            *ARM,
            *BATCH,
        ]
    ),
    "similar_tracks": pa.schema(
        [
            *_columns(small_numbers="track_id rank similar_track_id", shares="similarity"),
            *BATCH,
        ]
    ),
    "playlist_tracks": pa.schema(
        [
            *_columns(small_numbers="user_id", texts="kind"),
            *_columns(small_numbers="number position track_id", texts="reason"),
            *_columns(small_numbers="because_track_id", texts="title description previous_run_id"),
            *ARM,
            *BATCH,
        ]
    ),
}
"""Predictions of models, below `ml/`: a file per batch."""


def from_json(raw: bytes, columns: pa.Schema, unexpected: str = "infer") -> pa.Table:
    """Read concatenated JSON objects into a table of one chunk.

    Args:
        raw: The JSON text, UTF-8.
        columns: The schema.
        unexpected: Fields outside the schema: `infer`, `ignore` or `error`, as pyarrow has it.

    Raises:
        pa.ArrowInvalid: The text is no JSON, or its values don't fit the schema.

    """
    return read_json(
        BytesIO(raw),
        ReadOptions(use_threads=False, block_size=len(raw) + 1),
        ParseOptions(explicit_schema=columns, unexpected_field_behavior=unexpected),
    )


def from_rows(rows: Iterable[Mapping[str, object]], columns: pa.Schema) -> pa.Table:
    """A few rows as a table, by way of JSON: pyarrow's own way imports pandas, a second's CPU."""
    lines = "\n".join(json.dumps(row, default=datetime.isoformat) for row in rows)
    return from_json(lines.encode(), columns, "error") if lines else columns.empty_table()

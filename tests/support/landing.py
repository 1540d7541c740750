"""What landed in a lake, and what should have: sorted rows, so that tables compare whole."""

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from ingestion.settings import IngestionSettings
from tests.support.original_api import OriginalApi

COLUMNS = {
    "tracks": [
        "id",
        "name",
        "artist",
        "songwriters",
        "duration",
        "genres",
        "album",
        "created_at",
        "updated_at",
    ],
    "users": [
        "id",
        "first_name",
        "last_name",
        "email",
        "gender",
        "favorite_genres",
        "created_at",
        "updated_at",
    ],
    "listen_history": ["user_id", "items", "created_at", "updated_at"],
}
Rows = list[tuple[Any, ...]]


def settings_for(data_dir: Path, api: OriginalApi, **changed: Any) -> IngestionSettings:
    """Settings of a lake of its own, with little patience."""
    quick = {"backoff": 0.001, "read_timeout": 5, "connect_timeout": 2, "connect_retries": 1}
    return IngestionSettings(data_dir=data_dir, api_url=api.url, **{**quick, **changed})


def sent(api: OriginalApi, table: str) -> Rows:
    """The API's records as rows of the lake."""
    return in_order([_as_landed(record, table) for record in api.records[table]])


def landed(lake: str, table: str, load_id: str | None = None) -> Rows:
    """The rows that count: of accepted loads, or of one of them."""
    loads = accepted(lake) if load_id is None else [load_id]
    files = [
        str(path)
        for path in sorted(Path(lake, "raw", table).glob("load_date=*/*.parquet"))
        if path.name.rsplit(".", 2)[0] in loads
    ]
    if not files:
        return []
    return in_order(rows(f"select {', '.join(COLUMNS[table])} from read_parquet({files})"))


def accepted(lake: str) -> list[str]:
    """The loads that count by their latest validation result, by the run's clock."""
    return [
        load_id
        for (load_id,) in rows(
            f"""
            select load_id from '{lake}/ops/load_verdicts/*/*.parquet'
            group by load_id having max_by(verdict, decided_at) = 'accepted'
            order by any_value(as_of), load_id
            """
        )
    ]


def ops(lake: str, table: str, columns: str) -> Rows:
    """Columns of an ops table, sorted by themselves."""
    return rows(f"select {columns} from '{lake}/ops/{table}/*/*.parquet' order by all")


def rows(query: str) -> Rows:
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()


def in_order(unordered: Rows) -> Rows:
    return sorted(unordered, key=repr)


def require_all_landed(lake: str, api: OriginalApi, load_id: str | None = None) -> None:
    """Every record of the API is in the lake exactly once, as it was sent."""
    for table in COLUMNS:
        expected = sent(api, table)
        assert expected
        assert landed(lake, table, load_id) == expected


def _as_landed(record: dict[str, Any], table: str) -> tuple[Any, ...]:
    return tuple(
        datetime.fromisoformat(value) if name.endswith("_at") and value else value
        for name, value in ((name, record.get(name)) for name in COLUMNS[table])
    )

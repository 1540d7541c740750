"""Ingest as dlt's documentation shows it: `python -m bench.days.peer.pipeline API_URL DATA_DIR`."""

import os
import sys
from typing import Any

# Airflow's secrets are looked up otherwise, which takes four seconds.
os.environ |= {"PROVIDERS__ENABLE_AIRFLOW_SECRETS": "false", "RUNTIME__DLTHUB_TELEMETRY": "false"}

import dlt
from dlt.sources.rest_api import rest_api_source

KEYS = {"tracks": "id", "users": "id", "listen_history": ["user_id", "created_at"]}


def main() -> None:
    """Merge what is new at the API into DuckDB."""
    api_url, data_dir = sys.argv[1:]
    source = rest_api_source(_config(api_url), name="app", max_table_nesting=0)
    pipeline = dlt.pipeline(
        "app",
        pipelines_dir=f"{data_dir}/dlt",
        destination=dlt.destinations.duckdb(f"{data_dir}/peer.duckdb"),
        dataset_name="raw",
    )
    pipeline.run(source)


def _config(api_url: str) -> Any:  # noqa: ANN401 - dlt's own types are unions over all of its options
    pages = {"type": "page_number", "base_page": 1, "page_param": "page", "total_path": "pages"}
    since = {"updated_since": "{incremental.start_value}", "size": 10_000}
    newest = {"cursor_path": "updated_at", "initial_value": "1970-01-01T00:00:00"}
    return {
        "client": {"base_url": f"{api_url}/", "paginator": pages},
        "resource_defaults": {"write_disposition": "merge"},
        "resources": [
            {
                "name": name,
                "primary_key": key,
                "endpoint": {
                    "path": name,
                    "params": since,
                    "incremental": newest,
                    "data_selector": "items",
                },
            }
            for name, key in KEYS.items()
        ],
    }


if __name__ == "__main__":
    main()

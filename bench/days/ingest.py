"""Our ingest against dlt's stock `rest_api_source` and against a bare download of the same pages.

One server, one machine, every contender a separate process, in turns. "Slope" is what a further
session costs once everything has started: the difference between a large and a small pull.

    python -m bench.days.ingest  # about 25 minutes, nearly all stock's
    python -m bench.days.ingest --sessions 100000 --small 20000 --rounds 1
"""

import argparse
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench import measure
from bench.days.apis import page_server, source_api
from bench.measure import Cost, Rounds
from bench.promises import Promise, of_walls, report

CONTENDERS = ("ours", "stock", "download")
TABLES = ("tracks", "users", "listen_history")
AS_OF = datetime(2027, 1, 1)
PAGE = 1_000
LIMITS_OF_WHOLE: dict[int, Any] = {PAGE: (7.0, "at least"), 100: (4.0, "at least")}
PROMISED_FROM = {PAGE: 1_000_000, 100: 200_000}
"""Sessions from which the limits are promised, by the size of the pages."""
LIMITS_OF_SLOPE = {"stock": 15.0, "download": 0.4}
LAYOUT = "{table_name}/load_date={YYYY}-{MM}-{DD}/{load_id}.{file_id}.{ext}"


def ours(api_url: str, size: int, data_dir: str) -> None:
    """The whole ingest of `moovitamix ingest`, without raw validation, which no peer has."""
    from bench.days.open_gate import leave_open
    from ingestion.pull.ingest import ingest
    from ingestion.settings import IngestionSettings

    leave_open()
    settings = IngestionSettings(api_url=api_url, page_size=size, data_dir=Path(data_dir))
    ingest(settings, as_of=AS_OF, run_id="bench")


def stock(api_url: str, size: int, data_dir: str) -> None:
    """What dlt's own documentation would have one write for this API."""
    os.environ["PROVIDERS__ENABLE_AIRFLOW_SECRETS"] = "false"  # ours does: four seconds
    import dlt
    from dlt.sources.rest_api import rest_api_source

    dlt.config["runtime.dlthub_telemetry"] = False
    pages = {"type": "page_number", "base_page": 1, "page_param": "page", "total_path": "pages"}
    endpoint = {"params": {"size": size}, "data_selector": "items", "paginator": pages}
    config: Any = {
        "client": {"base_url": f"{api_url}/"},
        "resource_defaults": {"write_disposition": "append", "endpoint": endpoint},
        "resources": list(TABLES),
    }
    source = rest_api_source(config, name="stock")
    lake = dlt.destinations.filesystem(bucket_url=f"{data_dir}/lake", layout=LAYOUT)
    pipeline = dlt.pipeline("stock", pipelines_dir=data_dir, destination=lake, dataset_name="raw")
    pipeline.run(source, loader_file_format="parquet")


def download(api_url: str, size: int, data_dir: str) -> None:  # noqa: ARG001 - lands nothing
    """The same pages over as many connections, thrown away."""
    import json

    import urllib3

    pool = urllib3.PoolManager(maxsize=8, block=True)

    def fetch(table: str, page: int) -> bytes:
        return pool.request("GET", f"{api_url}/{table}?page={page}&size={size}").data

    with ThreadPoolExecutor(8) as threads:
        for table in TABLES:
            pages = json.loads(fetch(table, 1))["pages"]
            for body in threads.map(partial(fetch, table), range(2, pages + 1)):
                del body


def contender(name: str, api: str, size: int) -> Callable[[], Cost]:
    """One run of a contender, into a folder that is gone afterwards."""

    def run() -> Cost:
        with tempfile.TemporaryDirectory() as data_dir:
            return measure.process(
                measure.module("bench.days.ingest", "--contender", name, api, size, data_dir)
            )

    return run


def compare(urls: dict[int, str], small: int, large: int, size: int, rounds: int) -> list[Promise]:
    """Measure all contenders at both sizes, and print what came out."""
    runs = {
        f"{name} {count:,}": contender(name, urls[count], size)
        for count in (small, large)
        for name in CONTENDERS
    }
    measured = measure.pairwise(runs, rounds)
    costs = measured.medians
    measure.table(
        f"pages of {size}, medians of {rounds}",
        (
            "contender",
            "sessions",
            "wall s",
            "CPU s",
            "peak MB",
            "sessions/s",
            "slope/s",
            "CPU slope/s",
        ),
        [_row(name, count, small, large, costs) for name in CONTENDERS for count in (small, large)],
    )
    return _promises(measured, small, large, size)


def _promises(measured: Rounds, small: int, large: int, size: int) -> list[Promise]:
    """How many times as fast as its peers: stock by the whole process, both by the slope."""
    costs, pages = measured.medians, f"pages of {size:,}"
    is_promised = large >= PROMISED_FROM[size]  # at fewer, start-up decides
    rounds = [
        {name: these[number] for name, these in measured.costs.items()}
        for number in range(len(measured.costs[f"ours {large:,}"]))
    ]
    found = [
        of_walls(
            f"whole process against stock, {pages}",
            measured,
            (f"ours {large:,}", f"stock {large:,}"),
            *(LIMITS_OF_WHOLE[size] if is_promised else (None, "at least")),
        )
    ]
    for peer, limit in LIMITS_OF_SLOPE.items() if size == PAGE else ():
        speeds = [
            [_slope(name, small, large, one)[0] for name in ("ours", peer)]
            for one in (costs, *rounds)
        ]
        if min(map(min, speeds)) <= 0:
            print(f"slope against {peer}, {pages}: lost in noise at {large:,} sessions")
            continue
        found.append(
            Promise(
                f"slope against {peer}, {pages}",
                f"{speeds[0][0]:,.0f}/s",
                f"{speeds[0][1]:,.0f}/s",
                [ours / other for ours, other in speeds[1:]],
                limit if is_promised else None,
                "at least",
            )
        )
    return found


def _row(name: str, count: int, small: int, large: int, costs: dict[str, Cost]) -> list[str]:
    cost = costs[f"{name} {count:,}"]
    figures = [f"{cost.wall:.2f}", f"{cost.cpu:.2f}", f"{cost.peak_mb:.0f}"]
    slopes = [f"{slope:,.0f}" for slope in _slope(name, small, large, costs)]
    return [
        name,
        f"{count:,}",
        *figures,
        f"{count / cost.wall:,.0f}",
        *(slopes if count == large else ["", ""]),
    ]


def _slope(name: str, small: int, large: int, costs: dict[str, Cost]) -> tuple[float, float]:
    few, many = costs[f"{name} {small:,}"], costs[f"{name} {large:,}"]
    sessions = large - small
    return sessions / (many.wall - few.wall), sessions / (many.cpu - few.cpu)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sessions", type=int, default=1_000_000)
    arguments.add_argument("--small", type=int, default=200_000)
    arguments.add_argument("--hundreds", type=int, default=200_000, help="sessions in pages of 100")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument(
        "--server", choices=("pages", "api"), default="pages", help="ready pages, or the API itself"
    )
    arguments.add_argument("--contender", nargs=4, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.contender:
        name, url, size, data_dir = chosen.contender
        {"ours": ours, "stock": stock, "download": download}[name](url, int(size), data_dir)
        return
    few = chosen.hundreds // 5
    serve = {"pages": page_server, "api": source_api}[chosen.server]
    with serve(sorted({chosen.small, chosen.sessions, few, chosen.hundreds})) as urls:
        report(
            "ingest",
            *compare(urls, chosen.small, chosen.sessions, PAGE, chosen.rounds),
            *compare(urls, few, chosen.hundreds, 100, chosen.rounds),
        )


if __name__ == "__main__":
    main()

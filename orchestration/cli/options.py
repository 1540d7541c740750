"""Options that several commands of `moovitamix` share."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from lake.clock import naive_utc


def _instant(text: str) -> datetime:
    return naive_utc(datetime.fromisoformat(text))


class DateOrder(StrEnum):
    """What the first number of 03/02/2019 is."""

    day_first = "day-first"
    month_first = "month-first"


ApiUrl = Annotated[
    str | None,
    typer.Option(help="The app's API; default MOOVITAMIX_API_URL.", metavar="URL"),
]
AsOf = Annotated[
    datetime | None,
    typer.Option(help="The clock (ISO 8601, UTC).", parser=_instant, metavar="INSTANT"),
]
Day = Annotated[
    datetime | None,
    typer.Option(
        "--from",
        help="The first day, which makes it repeatable; default: after the lake, up to today.",
        parser=_instant,
        metavar="DATE",
    ),
]
FullRefresh = Annotated[bool, typer.Option("--full-refresh", help="Rebuild all from the lake.")]
Engine = Annotated[
    Literal["dev", "spark"],
    typer.Option("--target", help="dev: DuckDB; spark: Apache Spark. Default MOOVITAMIX_TARGET."),
]
World = Annotated[
    Path | None,
    typer.Option(help="Live on this folder's Parquet files, as `moovitamix import` makes them."),
]
Wait = Annotated[
    float,
    typer.Option(help="Wait so long for another writer to end.", metavar="SECONDS", min=0),
]
Encoding = Annotated[str | None, typer.Option(help="Of text that is not UTF-8, such as latin-1.")]
DateOrderOption = Annotated[
    DateOrder | None, typer.Option(help="Of 03/02/2019, where no date of the column decides.")
]
TimeZone = Annotated[str, typer.Option(help="Of instants without an offset.")]

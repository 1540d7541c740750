"""Commands that train and evaluate models."""

import json
import sys
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli.options import DateOrderOption, Encoding, TimeZone
from orchestration.run.console import Console

if TYPE_CHECKING:
    from ml.lifecycle.evaluate import ModelResult

app = typer.Typer()


class SplitKind(StrEnum):
    """How listens are held out."""

    time = "time"
    user = "user"
    random = "random"


_FORMS = "Parquet, CSV, TSV or JSON, packed or not"


@app.command()
def evaluate(  # noqa: PLR0913, PLR0917 - the files, how they are read, split and shown
    listens: Annotated[
        Path,
        typer.Option(help=f"{_FORMS}: user_id, track_id; listened_at, plays, ms_played if known."),
    ],
    tracks: Annotated[
        Path | None, typer.Option(help=f"{_FORMS}: track_id; all else becomes features.")
    ] = None,
    users: Annotated[
        Path | None, typer.Option(help=f"{_FORMS}: user_id; all else becomes features.")
    ] = None,
    split: Annotated[
        SplitKind | None, typer.Option(help="Default: time where instants are known, else random.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.", min=0)] = 0,
    trials: Annotated[int, typer.Option(help="Settings of LightFM to try.", min=1, max=8)] = 2,
    budget: Annotated[
        float, typer.Option(help="Work of the search, in seconds of two reference cores.", min=1)
    ] = 300.0,
    oracle: Annotated[
        Path | None, typer.Option(help="user_id, track_id, score of a ranker that knows.")
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(help="Names in --listens, or numbers: user_id=listener,track_id=3."),
    ] = None,
    split_on: Annotated[
        str | None, typer.Option(help="Between several values in one text of --tracks or --users.")
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="Of a delimited --listens, where it is not found.")
    ] = None,
    encoding: Encoding = None,
    date_order: DateOrderOption = None,
    time_zone: TimeZone = "UTC",
    least_ms_played: Annotated[
        int, typer.Option(help="Shorter plays (ms_played) are left out.", min=0)
    ] = 30_000,
    all_tracks: Annotated[
        bool, typer.Option("--all-tracks", help="Also rank tracks without a listen.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, and nothing else.")] = False,
) -> None:
    """Train and measure every model on anyone's listens."""
    from ml.data.external.reading_options import ReadingOptions
    from ml.data.reading import read_log
    from ml.evaluation.oracle import read_oracle
    from ml.lifecycle.evaluate import FEWEST_USERS, evaluate, left_out, require_comparable

    options = ReadingOptions(
        columns=_named(columns),
        delimiter=delimiter,
        encoding=encoding,
        date_order=None if date_order is None else date_order.value,
        time_zone=time_zone,
        split_on=split_on or None,
        least_ms_played=least_ms_played,
        only_listened=not all_tracks,
    )
    log = read_log(listens, tracks, users, options)
    read, lines = log.listens, log.report.lines()
    if not as_json:
        for line in lines:
            typer.echo(line)
    require_comparable(read)
    kind = split or (SplitKind.random if read.at is None else SplitKind.time)
    results = evaluate(
        read,
        kind.value,
        seed,
        trials=trials,
        budget=budget,
        oracle=None if oracle is None else read_oracle(oracle, read),
        fewest_users=FEWEST_USERS,
        on_event=_report,
    )
    if as_json:
        models = [{"model": one.name, **one.metrics} for one in results]
        answer = {"models": models, "split": kind.value, "seed": seed, "read": lines}
        answer["left_out"] = left_out(read, results)
        typer.echo(json.dumps(_without_nan(answer), indent=2, allow_nan=False))
    else:
        _show(results, kind.value, seed)
        for line in left_out(read, results):
            typer.echo(f"left out  {line}")


def _named(columns: str | None) -> dict[str, str]:
    """Return what `user_id=listener,track_id=3` says."""
    pairs = [part.partition("=") for part in columns.split(",")] if columns else []
    for ours, equals, theirs in pairs:
        if not (ours.strip() and equals and theirs.strip()):
            raise typer.BadParameter("write it as user_id=NAME,track_id=NAME", param_hint="columns")
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}


def _report(what: str) -> None:
    if sys.stderr.isatty():
        typer.echo(f"… {what}", err=True)


def _show(results: "list[ModelResult]", kind: str, seed: int) -> None:
    console = Console()
    names = [
        "ndcg_at_10",
        "recall_at_10",
        "recall_at_20",
        "map_at_10",
        "coverage",
        "novelty",
        "gini",
    ]
    figures = results[0].metrics
    rows = [[one.name, *(f"{one.metrics[name]:.4f}" for name in names)] for one in results]
    slices: list[tuple[str, Any]] = [*figures["slices"].items()]
    slices += [("listen_again", figures["listen_again"])] if "listen_again" in figures else []
    for name, its in slices:
        if its["users"]:
            names.append(f"{name} ndcg")
            for row, one in zip(rows, results, strict=True):
                of = one.metrics if name == "listen_again" else one.metrics["slices"]
                row.append(f"{of[name]['ndcg_at_10']:.4f}")
    if "percent_of_oracle" in figures:
        names.append("% of oracle")
        for row, one in zip(rows, results, strict=True):
            row.append(f"{one.metrics['percent_of_oracle']:.1f}")
    console.table(["model", *names], rows, to_the_right=names)
    console.print(
        f"{figures['users']:,} test users, by what they had not heard; split {kind}, seed {seed}"
    )


def _without_nan(answer: Any) -> Any:  # noqa: ANN401 - any JSON
    """JSON has no NaN: an unknown figure is null."""
    if isinstance(answer, dict):
        return {key: _without_nan(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [_without_nan(value) for value in answer]
    return None if isinstance(answer, float) and not isfinite(answer) else answer

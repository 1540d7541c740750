"""Prepare the snapshot of a published file, in a folder that every worker maps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb

from api.serving.errors import PublicationUnusable
from api.serving.shared_files import checksum, state_of
from api.serving.snapshot import arrays, playlist_arrays
from api.serving.snapshot.manifest import Arm, Champion, Manifest
from lake import publications
from lake.errors import NothingPublished, PublicationDamaged, PublicationInUse

if TYPE_CHECKING:
    from pathlib import Path

    from api.serving.shared_files import FileState

_METRICS = ("ndcg_at_10", "recall_at_10", "map_at_10", "coverage")
_ISO = "'%Y-%m-%dT%H:%M:%S.%f'"
_PUBLICATION = f"select version, strftime(published_at, {_ISO}) from publication"
_MADE = f"""
    select
        max(model_version) filter ({{outside}}),
        strftime(min(made_at), {_ISO}), strftime(min(data_as_of), {_ISO})
    from recommendations
"""
_ARMS = """
    select arm, max(model_version), count(distinct user_id)
    from recommendations where arm is not null
    group by arm order by arm
"""
_CHAMPION = "select to_json(c)::varchar from champion_model as c where model_version = ?"
_POPULAR = """
    select rank, place, listeners
    from popular_tracks inner join places using (track_id)
"""
# Where that table is not built yet: the marts are there before the first features.
_POPULAR_EVER = """
    select
        row_number() over (order by count(distinct user_id) desc, place) as rank,
        place, count(distinct user_id) as listeners
    from places left join fact_listen_history using (track_id)
    group by place
    order by rank limit 500
"""
_NONE_POPULAR = "select 1 as rank, place, 0 as listeners from places where false"


def prepare(marts: Path, draft: Path, memory_limit: str, *, needs_predictions: bool) -> Manifest:
    """Write a publication's snapshot into the folder `draft` and return its manifest.

    Raises `PublicationUnusable` when the file is missing, can't be read, is not what was published,
    or holds nothing to serve; with `needs_predictions` (there are older ones to go on with) also
    when it has none.

    Args:
        marts: The link to the published file.
        draft: An empty folder.
        memory_limit: The most memory that DuckDB takes.
        needs_predictions: Whether a publication without predictions is refused.

    """
    draft.mkdir(parents=True)
    config: dict[str, Any] = {
        "memory_limit": memory_limit,
        "threads": 2,
        "temp_directory": str(draft / "spill"),
    }
    try:
        source = state_of(marts) or (0, 0, 0)  # there is none: connecting says why
        # closed before the next one opens: a process that holds a replaced file would get it again
        with publications.connect(marts, config) as published:
            manifest = _write(published, draft, source, needs_predictions=needs_predictions)
    except NothingPublished as error:
        raise PublicationUnusable("the published file is missing") from error
    except PublicationDamaged as error:
        raise PublicationUnusable("the published file is not as it was published") from error
    except (duckdb.Error, PublicationInUse) as error:
        raise PublicationUnusable("the published file can't be read") from error
    files = {path.name: checksum(path) for path in sorted(draft.iterdir()) if path.is_file()}
    manifest = manifest.model_copy(update={"files": files})
    (draft / "facts.json").write_text(manifest.model_dump_json(), encoding="utf-8")
    return manifest


def _write(
    published: duckdb.DuckDBPyConnection, draft: Path, source: FileState, *, needs_predictions: bool
) -> Manifest:
    """Write every array and return the manifest."""
    filled = _filled_tables(published)
    has_predictions = "recommendations" in filled
    if needs_predictions and not has_predictions:
        raise PublicationUnusable("the published file has no recommendations")
    popular = _popular(filled)
    if not has_predictions and popular is None:
        raise PublicationUnusable(
            "the published file has neither recommendations nor popular tracks"
        )
    version, published_at = _row(published, _PUBLICATION)
    arms = _arms(published) if has_predictions else []
    model_version, made_at, data_as_of = _made(published, filled, arms)
    tracks = arrays.write_tracks(published, draft)
    published.execute(f"create temp table popular as {popular or _NONE_POPULAR}")
    return Manifest(
        source=source,
        publication_version=version,
        published_at=published_at,
        has_predictions=has_predictions,
        model_version=model_version,
        made_at=made_at or published_at,
        data_as_of=data_as_of,
        tracks=tracks,
        users=arrays.write_recommendations(
            published,
            draft,
            there=has_predictions,
            others=[table for table in ("dim_users", "playlists") if table in filled],
            arms=[one.arm for one in arms],
        ),
        playlists=playlist_arrays.write_playlists(published, draft, there="playlists" in filled),
        similar=arrays.write_similar(published, draft, there="similar_tracks" in filled),
        champion=_champion(published, model_version) if "champion_model" in filled else None,
        arms=arms,
        popular=published.sql("select place, listeners from popular order by rank").fetchall(),
    )


def _made(
    published: duckdb.DuckDBPyConnection, filled: set[str], arms: list[Arm]
) -> tuple[int | None, str | None, str | None]:
    """Return the champion's version, and the instants of its predictions.

    Lists of an experiment's arms are of other versions too. Where every user is in an arm, the
    table of the champion says which it is.
    """
    if "recommendations" not in filled:
        return None, None, None
    version, made_at, data_as_of = _row(
        published, _MADE.format(outside="where arm is null" if arms else "where true")
    )
    if version is None and "champion_model" in filled:
        (version,) = _row(published, "select max(model_version) from champion_model")
    return version, made_at, data_as_of


def _arms(published: duckdb.DuckDBPyConnection) -> list[Arm]:
    """Return the arms of experiments; none in a file that was published before there were any."""
    columns = published.sql("select column_name from (describe recommendations)").fetchall()
    if ("arm",) not in columns:
        return []
    return [
        Arm(arm=arm, model_version=version, users=users)
        for arm, version, users in published.sql(_ARMS).fetchall()
    ]


def _popular(filled: set[str]) -> str | None:
    """Return the query of the popular tracks; none where there are no tracks."""
    if "popular_tracks" in filled:
        return _POPULAR
    return _POPULAR_EVER if {"dim_tracks", "fact_listen_history"} <= filled else None


def _filled_tables(published: duckdb.DuckDBPyConnection) -> set[str]:
    tables = published.sql(
        "select table_name from duckdb_tables() where schema_name = 'main'"
    ).fetchall()
    return {
        name
        for (name,) in tables
        if published.sql(f'select 1 from main."{name}" limit 1').fetchone()
    }


def _champion(published: duckdb.DuckDBPyConnection, version: int | None) -> Champion | None:
    """The model of the predictions; none when the champion is already another one."""
    found = published.execute(_CHAMPION, [version]).fetchone()
    if found is None:
        return None
    known: dict[str, Any] = json.loads(found[0])
    instants = {
        name: (known.get(name) or "").replace(" ", "T") or None
        for name in ("trained_at", "promoted_at", "data_as_of")
    }
    return Champion(
        **{name: known.get(name) for name in ("name", "model_hash", "git_commit")},
        **instants,
        load_ids=known.get("load_ids") or [],
        metrics={name: known.get(name) for name in _METRICS},
    )


def _row(published: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row = published.sql(query).fetchone()
    if row is None:
        raise PublicationUnusable("the published file does not say what it is")
    return row

"""The published file, opened for models, and the description of its data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake import publications
from lake.errors import NothingPublished
from ml.errors import NothingToLearnFrom

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from ml.settings import MlSettings


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the data: the publication, its loads, and the clock of its features."""

    publication: int
    load_ids: list[str]
    data_as_of: datetime


def version_of(published: duckdb.DuckDBPyConnection) -> Version:
    """Return the description of the published data; raise `NothingToLearnFrom` without any."""
    version, load_ids, data_as_of = published.sql(
        "select version, load_ids,"
        " list_filter(parts, lambda one: one.part = 'features')[1].data_as_of from publication"
    ).fetchall()[0]
    if data_as_of is None:
        raise NothingToLearnFrom(
            "no features of any load are published yet; `moovitamix features` makes them"
        )
    return Version(version, load_ids, data_as_of)


def open_published(settings: MlSettings) -> duckdb.DuckDBPyConnection:
    """Open the published file, read-only; raise `PublicationDamaged` if it is another now."""
    try:
        published = publications.connect(settings.marts_file)
    except NothingPublished as error:
        raise NothingToLearnFrom(str(error)) from error
    published.execute(f"set memory_limit = '{settings.memory_limit}'")
    return published


def cut_offs(published: duckdb.DuckDBPyConnection) -> list[datetime]:
    """Return the cut-offs that features were taken at, oldest first."""
    import duckdb

    try:
        rows = published.sql(
            "select distinct as_of from features.feature_users order by as_of"
        ).fetchall()
    except duckdb.CatalogException:
        rows = []
    if not rows:
        raise NothingToLearnFrom("no features are published yet; `moovitamix features` makes them")
    return [as_of for (as_of,) in rows]

"""The catalogue: artists and their releases, block by block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from api.source.world.factors import directions, genre_shares
from api.source.world.names import Names, joined, pick
from api.source.world.parameters import GENRES, Parameters
from api.source.world.versions import changed_in, newest_versions

if TYPE_CHECKING:
    from api.source.world.factors import Factors, Ints

_ARTISTS_PER_TRACK = 0.6  # 3,000 artists at the default size
_ARTIST_EXPONENT = 0.5  # a few artists release dozens of tracks, most of them one or two
_ALBUMS_PER_ARTIST = 3
_CORRECTED_EACH_BLOCK = 0.01


@dataclass(frozen=True, slots=True)
class Artists:
    """All artists, those who have released nothing yet among them; row i is artist i."""

    name: pa.Array
    albums: pa.Array  # _ALBUMS_PER_ARTIST titles each, one artist after the other
    genre: Ints
    factors: Factors
    weight: np.ndarray[tuple[int], np.dtype[np.float64]]


def make_artists(parameters: Parameters, names: Names) -> Artists:
    """Draw the artists; the first of them cover every genre."""
    number = max(len(GENRES), round(_ARTISTS_PER_TRACK * parameters.tracks))
    rng = parameters.rng("artists")
    weight = np.arange(1, number + 1) ** -_ARTIST_EXPONENT
    genre = rng.choice(len(GENRES), number, p=genre_shares(parameters))
    genre[: len(GENRES)] = np.arange(len(GENRES))
    name = pick(names.bands, rng, number)
    # beyond the pool's size names repeat: a second artist of that name gets a first name before it
    repeated = np.ones(number, bool)
    repeated[np.unique(name.to_numpy(zero_copy_only=False), return_index=True)[1]] = False
    longer = joined(pick(names.people, rng, number), name, by=" & ")
    return Artists(
        name=pc.if_else(pa.array(repeated), longer, name),
        albums=pick(names.titles, rng, number * _ALBUMS_PER_ARTIST),
        genre=genre,
        factors=directions(rng, number),
        weight=weight / weight.sum(),
    )


@dataclass(frozen=True, slots=True)
class Releases:
    """The releases of a block: artist, instant and duration."""

    artist: Ints
    genre: Ints
    artist_factors: Factors
    seconds: Ints
    at: Ints


def release(parameters: Parameters, block: int, artists: Artists) -> Releases:
    """Draw the releases of a block; in block 0 every genre has one at least.

    Args:
        parameters: What the world is drawn from.
        block: The number of the block of time.
        artists: The artists so far.

    """
    first, stop = parameters.track_ids(block)
    rng = parameters.rng("releases", block)
    artist = rng.choice(len(artists.weight), stop - first, p=artists.weight)
    if block == 0:
        artist[: len(GENRES)] = np.arange(len(GENRES))
    seconds = np.exp(rng.normal(np.log(212), 0.3, stop - first))  # around three and a half minutes
    return Releases(
        artist=artist,
        genre=artists.genre[artist],
        artist_factors=artists.factors[artist],
        seconds=np.clip(seconds, 75, 600).astype(np.int64),
        at=parameters.arrivals("release days", block, stop - first),
    )


def make_tracks(
    parameters: Parameters, block: int, names: Names, artists: Artists, releases: Releases
) -> pa.Table:
    """Catalogue entries of the tracks that are released in a block.

    Args:
        parameters: What the world is drawn from.
        block: The number of the block of time.
        names: The pools of names.
        artists: The artists so far.
        releases: The releases of the block.

    """
    first, stop = parameters.track_ids(block)
    number = stop - first
    rng = parameters.rng("tracks", block)
    album = releases.artist * _ALBUMS_PER_ARTIST + rng.integers(_ALBUMS_PER_ARTIST, size=number)
    released = pa.array(releases.at, pa.timestamp("us"))
    return pa.table(
        {
            "id": pa.array(np.arange(first, stop)),
            "name": pick(names.titles, rng, number),
            "artist": artists.name.take(pa.array(releases.artist)),
            "songwriters": _songwriters(names, rng, number),
            "duration": _minutes(releases.seconds),
            "genres": pa.array(GENRES).take(pa.array(releases.genre)),
            "album": artists.albums.take(pa.array(album)),
            "created_at": released,
            "updated_at": released,
        }
    )


def correct_tracks(parameters: Parameters, block: int, names: Names, known: pa.Table) -> pa.Table:
    """New versions of entries that are corrected in a block; `known` holds all earlier versions.

    Args:
        parameters: What the world is drawn from.
        block: The number of the block of time.
        names: The pools of names.
        known: All earlier versions of entries.

    """
    rng = parameters.rng("corrections", block)
    corrected = changed_in(parameters, block, rng, newest_versions(known), _CORRECTED_EACH_BLOCK)
    number = len(corrected)
    what = rng.integers(3, size=number)
    for kind, (name, column) in enumerate(
        (
            ("name", joined(corrected["name"], " (Remastered)")),
            ("songwriters", _songwriters(names, rng, number)),
            ("album", joined(corrected["album"], " (Deluxe)")),
        )
    ):
        chosen = pc.if_else(pa.array(what == kind), column, corrected[name])
        corrected = corrected.set_column(corrected.schema.get_field_index(name), name, chosen)
    return corrected


def _songwriters(names: Names, rng: np.random.Generator, number: int) -> pa.Array:
    one = pick(names.people, rng, number)
    two = joined(one, pick(names.people, rng, number), by=", ")
    return pc.if_else(pa.array(rng.random(number) < 0.6), one, two)


def _minutes(seconds: Ints) -> pa.Array:
    parts = (pc.cast(pa.array(part), pa.string()) for part in np.divmod(seconds, 60))
    return joined(*(pc.utf8_lpad(part, 2, "0") for part in parts), by=":")

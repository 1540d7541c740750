"""Sign-ups and edits of profiles, block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from api.source.world.names import Names, joined, pick
from api.source.world.parameters import GENDERS, GENRES, Parameters
from api.source.world.versions import changed_in, newest_versions

if TYPE_CHECKING:
    from api.source.world.factors import Factors, Ints

_GENDER_SHARES = np.array([47, 47, 2, 0.8, 0.8, 0.6, 0.6, 0.6, 0.6]) / 100
_EDITED_EACH_BLOCK = 0.03


def make_users(
    parameters: Parameters, block: int, names: Names, affinity: Factors, created_at: Ints
) -> pa.Table:
    """Profiles of the users who sign up in a block.

    Args:
        parameters: What the world is drawn from.
        block: The number of the block of time.
        names: The pools of names.
        affinity: What users like, by genre; shape (users, genres).
        created_at: Instants of signing up, in microseconds of the epoch.

    """
    first, stop = parameters.user_ids(block)
    number = stop - first
    rng = parameters.rng("users", block)
    ids = pa.array(np.arange(first, stop))
    gender = rng.choice(len(GENDERS), number, p=_GENDER_SHARES)
    first_name = pc.choose(
        pa.array(np.minimum(gender, 2)),
        pick(names.first_male, rng, number),
        pick(names.first_female, rng, number),
        pick(names.first_any, rng, number),
    )
    last_name = pick(names.last, rng, number)
    # the genre a user declares is one they like, mostly their first
    declared = (affinity.cumsum(axis=1) < rng.random((number, 1))).sum(axis=1)
    arrived = pa.array(created_at, pa.timestamp("us"))
    return pa.table(
        {
            "id": ids,
            "first_name": first_name,
            "last_name": last_name,
            "email": _email(first_name, last_name, ids, pick(names.domains, rng, number)),
            "gender": pa.array(GENDERS).take(pa.array(gender)),
            "favorite_genres": pa.array(GENRES).take(pa.array(np.minimum(declared, 16))),
            "created_at": arrived,
            "updated_at": arrived,
        }
    )


def edit_users(parameters: Parameters, block: int, names: Names, known: pa.Table) -> pa.Table:
    """New versions of profiles that are edited in a block; `known` holds all earlier versions.

    Args:
        parameters: What the world is drawn from.
        block: The number of the block of time.
        names: The pools of names.
        known: All earlier versions of profiles.

    """
    rng = parameters.rng("profile edits", block)
    edited = changed_in(parameters, block, rng, newest_versions(known), _EDITED_EACH_BLOCK)
    number = len(edited)
    what = rng.integers(3, size=number)
    last_name = pc.if_else(pa.array(what == 0), pick(names.last, rng, number), edited["last_name"])
    genre = pc.if_else(
        pa.array(what == 1), pick(pa.array(GENRES), rng, number), edited["favorite_genres"]
    )
    domain = pick(names.domains, rng, number)
    # who takes another last name takes an address with it
    email = pc.if_else(
        pa.array(what == 1),
        edited["email"],
        _email(edited["first_name"], last_name, edited["id"], domain),
    )
    for name, column in (("last_name", last_name), ("favorite_genres", genre), ("email", email)):
        edited = edited.set_column(edited.schema.get_field_index(name), name, column)
    return edited


def _email(first_name: pa.Array, last_name: pa.Array, ids: pa.Array, domain: pa.Array) -> pa.Array:
    """A unique address: the id is in it."""
    name = joined(first_name, last_name, pc.cast(ids, pa.string()), by=".")
    plain = pc.replace_substring_regex(pc.utf8_lower(name), "[^a-z0-9.]", "")
    return joined(plain, domain, by="@")

"""Who is champion: what is better, and none of the many things that must never be."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ml.data.published_marts import open_published
from ml.errors import NothingToRollBackTo
from ml.lifecycle.champion.challenger import evaluate_challenger
from ml.lifecycle.champion.first_champion import ensure_champion
from ml.lifecycle.champion.rollback import can_roll_back, roll_back
from ml.lifecycle.holdout import Holdout, hold_out
from ml.models.array_files import save
from ml.models.bundle import Bundle, trained
from ml.models.neighbourhood.ease import Ease
from ml.models.neighbourhood.knn import ItemKnn
from ml.models.popularity import Popularity
from ml.registry import registry
from ml.registry.tracking import tracking_client
from ml.scoring.recommend import newest_batch_is_current, recommend
from ml.settings import MlSettings
from tests.support.tastes import Tastes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ml.lifecycle.promotion import Decision
    from ml.models.array_files import Arrays


@dataclass(frozen=True, slots=True)
class Promotion:
    """A data folder with models, and the holdout that decides on them."""

    settings: MlSettings
    holdout: Holdout
    good: Bundle

    def champion(self) -> int:
        return registry.champion(self.settings).number

    def register(self, write: Callable[[Path], str]) -> registry.Version:
        """Register what `write` puts at a path, with the hash that it returns."""
        folder = self.settings.data_dir / "models"
        folder.mkdir(exist_ok=True)
        path = folder / f"{len(list(folder.iterdir()))}.npz"
        path.touch()
        model_hash = write(path)
        with tracking_client(self.settings) as client:
            if not client.search_registered_models(f"name = '{registry.NAME}'"):
                client.create_registered_model(registry.NAME)
            number = int(client.create_model_version(registry.NAME, path.as_uri()).version)
        row: dict[str, Any] = {"model_version": number, "name": "x", "model_hash": model_hash}
        at = datetime(2026, 3, 8, 0, 0, number)
        row |= {"path": str(path), "trained_at": at, "data_as_of": at, "cut_off": at}
        registry.record(self.settings, row)
        return registry.versions(self.settings)[number]

    def decides(self, version: registry.Version) -> Decision:
        return evaluate_challenger(self.settings, version, self.holdout)

    def promotes(self, bundle: Bundle) -> int:
        """Register a bundle and promote it, as it must be."""
        version = self.register(bundle.save)
        assert self.decides(version).is_promoted
        return version.number


def settings_of(data_dir: Path) -> MlSettings:
    return MlSettings(data_dir=data_dir, lake_url=str(data_dir / "lake"), min_listens=100)


def promotion_in(data_dir: Path) -> Promotion:
    settings = settings_of(data_dir)
    with open_published(settings) as published:
        holdout = hold_out(published, settings)
    return Promotion(settings, holdout, trained(ItemKnn(), holdout.training, 0))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a published file and a champion; tests copy it."""
    data_dir = tmp_path_factory.mktemp("first") / "data"
    Tastes().publish(data_dir / "marts.duckdb")
    promotion = promotion_in(data_dir)
    assert promotion.promotes(promotion.good) == 1
    return data_dir


@pytest.fixture(scope="module")
def standing(first: Path, tmp_path_factory: pytest.TempPathFactory) -> Promotion:
    """The champion that none of the bad ones may replace."""
    return promotion_in(copied(first, tmp_path_factory.mktemp("standing") / "data"))


@pytest.fixture
def fresh(first: Path, tmp_path: Path) -> Promotion:
    """A copy in which the champion may change."""
    return promotion_in(copied(first, tmp_path / "data"))


def copied(first: Path, data_dir: Path) -> Path:
    shutil.copytree(first, data_dir)
    return data_dir


def changed(bundle: Bundle, **arrays: Any) -> Arrays:
    return bundle.arrays() | {name.replace("__", "."): value for name, value in arrays.items()}


def spoilt(bundle: Bundle, value: float) -> Arrays:
    scores = bundle.arrays()["model.near.data"].copy()
    scores[len(scores) // 2] = value
    return changed(bundle) | {"model.near.data": scores}


def of_noise(promotion: Promotion) -> Bundle:
    """A model of the same kind that learned from listens at random."""
    rng = np.random.default_rng(1)
    plays = promotion.holdout.training.plays.copy()
    plays.indices = rng.permutation(plays.indices)
    plays.sort_indices()
    plays.sum_duplicates()
    return trained(ItemKnn(), replace(promotion.holdout.training, plays=plays, weights=plays), 0)


def tampered(promotion: Promotion, path: Path) -> str:
    model_hash = promotion.good.save(path)
    save(spoilt(promotion.good, 0.5), path)
    return model_hash


def torn(promotion: Promotion, path: Path) -> str:
    model_hash = promotion.good.save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return model_hash


def missing(promotion: Promotion, path: Path) -> str:
    model_hash = promotion.good.save(path)
    path.unlink()
    return model_hash


def written(content: bytes) -> Callable[[Promotion, Path], str]:
    def write(promotion: Promotion, path: Path) -> str:
        path.write_bytes(content)
        return promotion.good.save(path.with_suffix(".other"))

    return write


def pickled(_: Promotion, path: Path) -> str:
    with path.open("wb") as file:
        np.savez(file, users=np.array([{"an": "object"}], dtype=object))
    return "0" * 64


def bundle(make: Callable[[Promotion], Bundle]) -> Callable[[Promotion, Path], str]:
    return lambda promotion, path: make(promotion).save(path)


def arrays(make: Callable[[Promotion], Arrays]) -> Callable[[Promotion, Path], str]:
    return lambda promotion, path: save(make(promotion), path)


def without(promotion: Promotion, name: str) -> Arrays:
    return {key: value for key, value in promotion.good.arrays().items() if key != name}


NO_IDS = np.array([], np.int64)
NEVER: dict[str, tuple[Callable[[Promotion, Path], str], str]] = {
    "worse": (bundle(of_noise), "is not surely better"),
    "the same again": (bundle(lambda promotion: promotion.good), "is not surely better"),
    "popularity itself": (
        bundle(lambda promotion: trained(Popularity(), promotion.holdout.training, 0)),
        "does not surely beat popularity",
    ),
    "NaN": (arrays(lambda promotion: spoilt(promotion.good, np.nan)), "holds 1 NaN or inf"),
    "infinite": (arrays(lambda promotion: spoilt(promotion.good, np.inf)), "holds 1 NaN or inf"),
    "all alike": (
        arrays(
            lambda promotion: (
                changed(promotion.good)
                | {"model.near.data": promotion.good.arrays()["model.near.data"] * 0}
            )
        ),
        "scores every track alike",
    ),
    "without users": (
        arrays(lambda promotion: changed(promotion.good, users=NO_IDS)),
        "has no users",
    ),
    "without tracks": (
        arrays(lambda promotion: changed(promotion.good, tracks=NO_IDS)),
        "has no tracks",
    ),
    "of no user's listens": (
        arrays(lambda promotion: changed(promotion.good, has_listened=NO_IDS)),
        "learned from no user",
    ),
    "of listeners that there are not": (
        arrays(lambda promotion: changed(promotion.good, has_listened=np.array([10**6]))),
        "others than its users",
    ),
    "a user twice": (
        arrays(
            lambda promotion: changed(
                promotion.good, users=np.asarray(promotion.good.users, np.int64) // 2
            )
        ),
        "are there twice",
    ),
    "of another app": (
        arrays(
            lambda promotion: changed(
                promotion.good, tracks=np.asarray(promotion.good.tracks, np.int64) + 10**6
            )
        ),
        "0% of its tracks are known",
    ),
    "of fewer tracks than it says": (
        arrays(lambda promotion: changed(promotion.good, tracks=promotion.good.tracks[:-5])),
        "its scores are",
    ),
    "of no kind": (
        arrays(lambda promotion: changed(promotion.good, kind=np.array("oracle"))),
        "no model type is called 'oracle'",
    ),
    "of a kind that it is not": (
        arrays(lambda promotion: changed(promotion.good, kind=np.array("ease"))),
        "its arrays make no ease",
    ),
    "without its ids": (arrays(lambda promotion: without(promotion, "users")), "it has no users"),
    "without its factors": (
        arrays(lambda promotion: without(promotion, "model.near.data")),
        "its arrays make no item-knn",
    ),
    "tampered with": (tampered, "its hash is"),
    "half-written": (torn, "is no model that was written whole"),
    "gone": (missing, "it is not there"),
    "empty": (written(b""), "is no model that was written whole"),
    "something else": (written(b"not a model"), "is no model that was written whole"),
    "a pickle": (pickled, "is no model that was written whole"),
}


@pytest.mark.parametrize("name", NEVER)
def test_it_is_never_promoted_and_the_decision_says_why(standing: Promotion, name: str) -> None:
    write, why = NEVER[name]
    version = standing.register(lambda path: write(standing, path))
    decision = standing.decides(version)
    assert not decision.is_promoted
    assert why in decision.sentence
    assert standing.champion() == 1
    newest = registry.decisions(standing.settings)[-1]
    assert (newest["decision"], newest["challenger_version"]) == ("kept", version.number)
    assert newest["sentence"] == decision.sentence


def test_what_is_better_than_a_bad_champion_replaces_it(tmp_path: Path) -> None:
    Tastes().publish(tmp_path / "marts.duckdb")
    promotion = promotion_in(tmp_path)
    weak = trained(ItemKnn(neighbours=2), promotion.holdout.training, 0)
    promotion.promotes(weak)
    better = promotion.promotes(trained(Ease(), promotion.holdout.training, 0))
    assert promotion.champion() == better
    with tracking_client(promotion.settings) as client:
        by_alias = client.get_model_version_by_alias(registry.NAME, registry.CHAMPION)
    assert int(by_alias.version) == better


def test_two_promotions_at_once_leave_one_champion(tmp_path: Path) -> None:
    Tastes().publish(tmp_path / "marts.duckdb")
    promotion = promotion_in(tmp_path)
    versions = [promotion.register(promotion.good.save) for _ in range(2)]
    began = threading.Barrier(2)

    def decides(version: registry.Version) -> None:
        began.wait()
        promotion.decides(version)

    threads = [threading.Thread(target=decides, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (one, other) = registry.decisions(promotion.settings)
    assert (one["decision"], one["previous_version"]) == ("promoted", None)
    assert (other["decision"], other["previous_version"]) == ("kept", one["model_version"])
    assert promotion.champion() == one["model_version"] == other["model_version"]


def test_a_champion_that_can_t_be_read_defends_nothing(fresh: Promotion) -> None:
    (fresh.settings.data_dir / registry.champion(fresh.settings).path).write_bytes(b"")
    assert fresh.promotes(fresh.good) == 2


def test_too_few_test_users_promote_no_model(fresh: Promotion) -> None:
    strict = replace(fresh, settings=fresh.settings.model_copy(update={"min_judges": 10**6}))
    decision = strict.decides(strict.register(fresh.good.save))
    assert "users are too few for an evaluation" in decision.sentence
    assert strict.champion() == 1


def test_a_roll_back_goes_to_the_champion_before_and_never_to_what_was_rolled_back(
    fresh: Promotion,
) -> None:
    (fresh.settings.data_dir / registry.champion(fresh.settings).path).write_bytes(b"")
    fresh.promotes(fresh.good)
    assert fresh.champion() == 2
    former = roll_back(fresh.settings, "it sounds bad")
    assert former.number == fresh.champion() == 1
    assert "it sounds bad" in registry.decisions(fresh.settings)[-1]["sentence"]


def test_a_roll_back_of_the_only_champion_goes_to_a_baseline_and_no_further(
    fresh: Promotion,
) -> None:
    now_champion = roll_back(fresh.settings, "it sounds bad")
    assert now_champion.is_baseline
    assert now_champion.number == fresh.champion() == 2
    assert not can_roll_back(fresh.settings)
    with pytest.raises(NothingToRollBackTo):
        roll_back(fresh.settings, "once more")
    assert fresh.champion() == 2


def test_without_a_champion_a_baseline_becomes_it_once(tmp_path: Path) -> None:
    Tastes().publish(tmp_path / "marts.duckdb")
    settings = settings_of(tmp_path)
    first = ensure_champion(settings, "run")
    assert (first.number, first.name, first.is_baseline) == (1, "baseline", True)
    assert ensure_champion(settings).number == 1
    (decision,) = registry.decisions(settings)
    assert (decision["decision"], decision["model_version"]) == ("promoted", 1)
    assert "version 1, a baseline, is champion" in decision["sentence"]
    with tracking_client(settings) as client:
        version = client.get_model_version_by_alias(registry.NAME, registry.CHAMPION).version
    assert int(version) == 1


def test_a_damaged_baseline_is_replaced_by_another_one(tmp_path: Path) -> None:
    Tastes().publish(tmp_path / "marts.duckdb")
    settings = settings_of(tmp_path)
    first = ensure_champion(settings)
    path = tmp_path / first.path
    path.write_bytes(path.read_bytes()[:50])
    second = ensure_champion(settings)
    assert (second.number, second.is_baseline) == (2, True)
    assert second.model_hash == first.model_hash
    assert recommend(settings, "1").model_version == 2


def test_a_baseline_follows_the_data_and_gives_the_same_lists_of_the_same_data(
    tmp_path: Path,
) -> None:
    settings = settings_of(tmp_path)
    Tastes().publish(tmp_path / "marts.duckdb")
    recommend(settings, "1")
    recommend(settings, "2")
    Tastes(users=130, tracks=90, seed=1, version=2).publish(tmp_path / "marts.duckdb")
    recommend(settings, "3")
    first, second, third = (rows_of(settings, run_id) for run_id in ("1", "2", "3"))
    assert first == second
    assert {row[-1] for row in third} == {1}
    assert {row[0] for row in third} == set(range(1, 131))
    assert max(row[2] for row in third) > 80


def test_recommendations_of_the_same_data_by_the_same_model_are_the_same(fresh: Promotion) -> None:
    assert not newest_batch_is_current(fresh.settings)
    one, other = (recommend(fresh.settings, run_id) for run_id in ("1", "2"))
    assert newest_batch_is_current(fresh.settings)
    assert one.recommendations == other.recommendations > 0
    rows = [rows_of(fresh.settings, run_id) for run_id in ("1", "2")]
    assert rows[0] == rows[1]


def rows_of(settings: MlSettings, run_id: str) -> list[tuple[Any, ...]]:
    import duckdb

    batch = f"{settings.lake_url}/ml/recommendations/*/run_id={run_id}/batch.parquet"
    columns = "user_id, rank, track_id, score, strategy, because_track_id, model_version"
    return duckdb.sql(f"select {columns} from '{batch}' order by all").fetchall()

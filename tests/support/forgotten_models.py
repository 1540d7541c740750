"""What every registered model keeps when a person is taken out of it."""

from pathlib import Path

import numpy as np

from ml.registry import registry
from ml.registry.tracking import tracking_client
from ml.settings import MlSettings


def require_same_answers_to_others(before: Path, after: Path, versions: list[int]) -> None:
    """Every registered model loads by its hash, answers others as it did, and knows them alone.

    The models knew users 1, 2, the person and 4, in this order.
    """
    was, now = (MlSettings(data_dir=folder) for folder in (before, after))
    known = registry.versions(now)
    assert sorted(known) == versions
    with tracking_client(now) as client:
        found = client.search_model_versions(f"name='{registry.NAME}'")
        tags = {int(one.version): one.tags["model_hash"] for one in found}
    assert tags == {number: one.model_hash for number, one in known.items()}
    for number, version in known.items():
        former = registry.load(was, registry.versions(was)[number])
        without = registry.load(now, version)
        assert without.users.tolist() == [1, 2, 4]
        assert without.users[without.has_listened].tolist() == [1, 2, 4]
        np.testing.assert_array_equal(
            without.model.scores(np.arange(3)), former.model.scores(np.array([0, 1, 3]))
        )
        path = now.data_dir / version.path
        assert path.with_name("sha256.txt").read_text() == version.model_hash
        assert not path.with_name("forgetting.json").exists()

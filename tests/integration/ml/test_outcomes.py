"""The record of a promotion says how often the champion's lists were listened to."""

from pathlib import Path

from ml.data.outcomes import listened_to
from ml.settings import MlSettings
from tests.support.monitoring_marts import written


def test_rates_are_of_one_version_and_of_all_strategies_and_ranks(tmp_path: Path) -> None:
    settings = MlSettings(data_dir=tmp_path)
    assert listened_to(settings, 1) == {}, "nothing is published"
    figures = {"list_days": 3, "shown": 50, "rate": 0.08, "rate_low": 0.03, "rate_high": 0.19}
    of_all = {"kind": "discover", "model_version": 1, "within_days": 7, "counts": "first"}
    written(
        settings.marts_file,
        "recommendations",
        recommendation_rates=[
            of_all | figures,
            of_all | figures | {"model_version": 2, "rate": 0.5},
            of_all | figures | {"strategy": "model", "rate": 0.5},
            of_all | figures | {"ranks": "01", "rate": 0.5},
        ],
    )
    assert listened_to(settings, 1) == {"discover_first_7d": figures}

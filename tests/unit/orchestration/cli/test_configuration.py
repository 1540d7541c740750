"""A wrong setting is refused as a command begins; an unknown name is reported."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ml.models.model_types import MODEL_TYPES
from ml.settings import MODELS
from orchestration.run import configuration
from orchestration.run.errors import SettingsWrong
from orchestration.run.settings import ROOT

VARIABLES = {
    configuration.variable_of(kind, name, field): (kind, name)
    for kind in configuration.kinds().values()
    for name, field in kind.model_fields.items()
}


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("variable", "value", "right"),
    [
        ("MOOVITAMIX_CONFIDENCE", "7", "less than 1"),
        ("MOOVITAMIX_MEMORY_LIMIT", "lots", "as 4GB"),
        ("MOOVITAMIX_SERVING_MEMORY_LIMIT", "1", "as 4GB"),
        ("MOOVITAMIX_SPARK_MEMORY", "2 gigabytes", "as 2g"),
        ("MOOVITAMIX_DBT_THREADS", "two", "integer"),
        ("MOOVITAMIX_OVERLAP", "an hour", "as PT1H"),
        ("MOOVITAMIX_AS_OF", "yesterday", "as 2026-03-01T21:00:00"),
        ("MOOVITAMIX_SOURCE_LAUNCHED_ON", "May", "as 2026-03-01"),
        ("MOOVITAMIX_RECOMMENDATIONS", "maybe", "true or false"),
        ("MOOVITAMIX_MODEL", "deep", "item-knn"),
        ("MOOVITAMIX_SCHEDULE_AUDIT", "weekly", "five fields"),
        ("MOOVITAMIX_SMOKE_URL", "localhost:8001", "http://"),
        ("MOOVITAMIX_MLFLOW_URL", "mlflow.db", "SQLAlchemy URL"),
        ("MOOVITAMIX_STACK_AIRFLOW_PORT", "80800", "65535"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable_and_what_would_be_right(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, right: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsWrong) as refusal:
        configuration.require_right()
    line = str(refusal.value)
    assert f"{variable} is {value!r}: " in line
    assert right in line
    assert "\n" not in line
    assert line.count(variable) == 1


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOOVITAMIX_CONFIDENCE", "sure")
    monkeypatch.setenv("MOOVITAMIX_SERVING_RATE", "0")
    with pytest.raises(SettingsWrong, match=r"(?s)CONFIDENCE is 'sure'.*; MOOVITAMIX_SERVING_RATE"):
        configuration.require_right()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MOOVITAMIX_ALERT_URLS", "hooks.example/T0/secret-part"),
        ("MOOVITAMIX_API_URL", "http://user:secret-part@host:port"),
    ],
)
def test_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsWrong) as refusal:
        configuration.require_right()
    assert variable in str(refusal.value)
    assert "secret-part" not in str(refusal.value)


def test_what_the_command_line_gives_is_stronger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOOVITAMIX_API_URL", "nowhere")
    configuration.require_right(api_url="http://127.0.0.1:8000")


def test_a_setting_that_is_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, (kind, _) in VARIABLES.items():
        if name.startswith(configuration.PREFIX):
            assert kind.model_config["env_ignore_empty"]
            monkeypatch.setenv(name, "")
    configuration.require_right()


@given(name=st.sampled_from(sorted(VARIABLES)), data=st.data())
def test_a_mistyped_name_is_told_with_the_one_that_is_meant(name: str, data: st.DataObject) -> None:
    assert not configuration.unknown({name: "1"})
    at = data.draw(st.integers(len(configuration.PREFIX), len(name) - 1))
    typo = name[:at] + name[at + 1 :]
    if typo not in VARIABLES and typo.startswith(configuration.PREFIX) and len(typo) > 14:
        (message,) = configuration.unknown({typo: "1"})
        assert message.startswith(f"{typo} is no setting")


def test_a_near_name_is_suggested_and_a_far_one_is_not() -> None:
    assert configuration.unknown({"MOOVITAMIX_CONFIDANCE": "1"}) == [
        "MOOVITAMIX_CONFIDANCE is no setting; is MOOVITAMIX_CONFIDENCE meant?"
    ]
    assert configuration.unknown({"MOOVITAMIX_QQQQQQ": "1"}) == ["MOOVITAMIX_QQQQQQ is no setting"]
    assert configuration.unknown({"OTHER": "1"}) == []


def test_every_variable_that_our_files_name_is_known() -> None:
    texts = [(ROOT / name).read_text() for name in ("profiles.yml", ".env.example")]
    texts += [path.read_text() for path in (ROOT / "dbt_project").rglob("*.*ml")]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    texts.append(str(compose))
    named = {
        name for text in texts for name in re.findall(r"\bMOOVITAMIX_[A-Z][A-Z_0-9]*[A-Z]\b", text)
    }
    assert named
    assert configuration.unknown(dict.fromkeys(named, "1")) == []


def test_the_models_that_a_setting_may_name_are_those_there_are() -> None:
    assert set(MODELS) == set(MODEL_TYPES)

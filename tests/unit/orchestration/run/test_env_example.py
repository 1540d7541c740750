"""`.env.example` is what the settings say."""

import re

from orchestration.run.configuration import PREFIX, kinds, variable_of
from orchestration.run.env_example import FILE, text


def test_the_file_is_in_step_with_the_settings() -> None:
    assert FILE.read_text() == text(), "`make env-example` writes it again"


def test_every_setting_has_a_sentence() -> None:
    variables = {
        variable_of(kind, name, field): " ".join((field.description or "").split())
        for kind in kinds().values()
        for name, field in kind.model_fields.items()
    }
    assert variables
    without = [one for one, comment in variables.items() if not re.fullmatch(r"[A-Z].*\.", comment)]
    assert without == []
    assert {one for one in variables if one.startswith(PREFIX)} == set(
        re.findall(rf"^# ({PREFIX}\w+)=", text(), re.MULTILINE)
    )

"""Nothing of a person and no secret leaves in an alert, whatever an error's message holds."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.run.redaction import GONE, mask

LETTERS = string.ascii_letters + string.digits
words = st.text(LETTERS, min_size=5, max_size=20).map("v".__add__)
names = st.text("ABCDEFGÉÖŁabcdefghijéöł -", min_size=3, max_size=20).map("Zz".__add__)
prose = st.sampled_from(["", "failed: ", "row 7, ", "could not reach ", "at 12:00 (", "x=", "\n"])
secrets = st.text(LETTERS + "+-_=", min_size=32, max_size=64).filter(
    lambda one: any(map(str.isdigit, one)) and any(map(str.isupper, one))
)


@given(before=prose, local=words, host=words, after=prose)
def test_no_email_address_is_left(before: str, local: str, host: str, after: str) -> None:
    text = mask(f"{before}{local}@{host}.example{after}")
    assert local not in text
    assert "@" not in text


@given(before=prose, user=words, password=words, host=st.sampled_from(["db", "api.example:81"]))
def test_a_url_keeps_its_place_and_loses_who_came(
    before: str, user: str, password: str, host: str
) -> None:
    text = mask(f"{before}https://{user}:{password}@{host}/tracks?page=2 was refused")
    assert user not in text
    assert password not in text
    assert f"https://{host}/tracks?page=2 was refused" in text


@given(name=st.sampled_from(["sig", "q", "Page", "x-id"]), value=words)
def test_a_url_s_parameters_are_told_only_where_they_name_a_window(name: str, value: str) -> None:
    text = mask(f"http://api/tracks?{name}={value}&updated_since=2026-01-01")
    assert value not in text
    assert "updated_since=2026-01-01" in text


@given(path=words, token=words)
def test_the_path_of_a_webhook_is_its_password(path: str, token: str) -> None:
    text = mask(f"POST https://hooks.example.com/services/{path}/{token} answered 404")
    assert path not in text
    assert token not in text


@given(
    name=st.sampled_from(["api_key", "X-Api-Key", "AWS_SECRET_ACCESS_KEY", "token", "password"]),
    sign=st.sampled_from(["=", ": ", " = "]),
    value=words,
)
def test_what_is_called_a_secret_is_one(name: str, sign: str, value: str) -> None:
    assert value not in mask(f"could not log in with {name}{sign}{value} at all")


@given(value=secrets)
def test_a_long_random_token_is_taken_for_a_secret(value: str) -> None:
    assert value not in mask(f"refused {value} for good")


@given(value=st.text(min_size=4, max_size=30).filter(str.strip), before=prose, after=prose)
def test_a_secret_that_is_set_up_is_nowhere(value: str, before: str, after: str) -> None:
    if value not in GONE:
        assert value not in mask(f"{before}{value}{after}", secrets=[value]).replace(GONE, "")


@given(name=names, quote=st.sampled_from("'\"`"))
def test_what_an_engine_quotes_of_a_record_goes(name: str, quote: str) -> None:
    text = mask(f"Could not convert string {quote}{name}{quote} to INT32")
    assert name not in text
    assert "to INT32" in text


@given(name=names)
def test_what_an_api_answered_goes(name: str) -> None:
    text = mask(f"http://api/users was refused with 422: {name} is odd", kind="ApiRefused")
    assert text == "http://api/users was refused with 422"


@pytest.mark.parametrize(
    "text",
    [
        "load 1700000000.5 is refused: users: email reads like an e-mail address (30 of 30)",
        "test relationships_fact_listen_history_user_id__user_id__ref_dim_users_ found 3 rows",
        "run 20260301T210000-abc123 failed; all of it in /srv/data/dbt/logs/dbt.log",
        "tracks.name: was VARCHAR, is BIGINT in 3 records; `moovitamix build` first",
        "Catalog Error: Table with name 'dim_tracks' has no column 'updated_at'",
    ],
)
def test_what_helps_is_left(text: str) -> None:
    assert mask(text) == text


def test_the_table_of_failing_rows_is_left() -> None:
    text = mask('select * from "build"."failures"."unique_dim_users_user_id"')
    assert text == "select * from failures.unique_dim_users_user_id"

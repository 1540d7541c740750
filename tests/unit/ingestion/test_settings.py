"""Invalid settings of an ingest are refused."""

from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import ValidationError

from ingestion.settings import IngestionSettings


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8000", "ftp://host", "http://", "http://:8000", "http://host:port"]
)
def test_an_api_without_scheme_or_host_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="is no address like http://host:8000"):
        IngestionSettings(api_url=url)


def test_the_api_s_address_ends_without_a_slash() -> None:
    assert IngestionSettings(api_url="https://host/api/").api_url == "https://host/api"


@pytest.mark.parametrize("odd", "*?[#%")
def test_a_local_path_that_would_be_misread_is_refused(tmp_path: Path, odd: str) -> None:
    with pytest.raises(ValidationError, match=r"has . in it; choose a folder without"):
        IngestionSettings(data_dir=tmp_path / f"a{odd}b")
    for lake in (str(tmp_path / f"a{odd}b"), f"file:///a{quote(odd)}b"):
        with pytest.raises(ValidationError, match="in it; choose a folder without"):
            IngestionSettings(data_dir=tmp_path, lake_url=lake)


def test_an_object_store_has_its_own_rules(tmp_path: Path) -> None:
    url = "s3://bucket/a%20b"
    assert IngestionSettings(data_dir=tmp_path, lake_url=url).lake_url == url

"""`docs/openapi.json` is what the serving API says of itself."""

import json

from api.serving.http.openapi_document import FILE, text


def test_the_document_in_the_repository_is_that_of_the_code() -> None:
    assert FILE.read_text() == text(), "`make openapi` writes it again"


def test_it_has_the_endpoints_that_an_app_needs_and_their_keys() -> None:
    document = json.loads(FILE.read_text())
    asked = document["paths"]["/users/{user_id}/recommendations"]["get"]
    assert asked["security"] == [{"key": []}]
    assert {"/feedback", "/users/{user_id}/playlists"} <= document["paths"].keys()

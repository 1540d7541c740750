"""Credentials reach the API with each request, and nothing else: no other host, file or line."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from ingestion import errors
from ingestion.access import plain_url
from ingestion.settings import IngestionSettings
from ingestion.source.connections import is_this_machine, proxy_for
from ingestion.source.http import Api
from tests.support.installation import Installation
from tests.support.raw_server import Asked, RawServer, serving_raw, whole

SECRET = "tr0ub4dor&3-horse"
USER = "ana.perez"
BASIC = b64encode(f"{USER}:{SECRET}".encode()).decode()
NOTHING = b'{"items": [], "total": 0, "page": 1, "size": 100, "pages": 0}'


def answer(asked: Asked) -> list[bytes]:
    """No records for those who are known; to others what they sent, as careless APIs do."""
    known = {f"Bearer {SECRET}", f"Basic {BASIC}"}
    if asked.headers.get("authorization") in known or asked.headers.get("x-api-key") == SECRET:
        return whole(NOTHING)
    text = f"who is {asked.headers.get('authorization')}?".encode()
    return whole(text, status="401 Unauthorized")


@pytest.fixture
def server() -> Iterator[RawServer]:
    with serving_raw(answer) as server:
        yield server


def with_login(url: str, login: str = f"{USER}:tr0ub4dor%263-horse") -> str:
    return url.replace("http://", f"http://{login}@")


WAYS: dict[str, dict[str, str]] = {
    "a token": {"MOOVITAMIX_API_TOKEN": SECRET},
    "a header": {"MOOVITAMIX_API_HEADER": f"X-API-Key: {SECRET}"},
    "a user": {"MOOVITAMIX_API_USER": USER, "MOOVITAMIX_API_PASSWORD": SECRET},
}


Moovitamix = Callable[..., tuple[int, str, str]]


@pytest.fixture
def moovitamix(data_dir: Path, capfd: pytest.CaptureFixture[str]) -> Moovitamix:
    """Return the command line with settings of its own: its exit code, output and complaint.

    It runs in this process, where raw validation has imported Great Expectations already. What it
    starts may write past it; that counts too.
    """

    def run(*words: str, **settings: str) -> tuple[int, str, str]:
        code, output, complaint = Installation(data_dir, settings).ends(*words)
        past = capfd.readouterr()
        return code, output + past.out, complaint + past.err

    return run


def require_kept_nowhere(folder: Path, text: str) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for secret in (SECRET, "tr0ub4dor%263-horse", BASIC):
        assert secret not in text
        assert [path for path in files if secret.encode() in path.read_bytes()] == []


@pytest.mark.parametrize("way", WAYS)
def test_a_key_from_the_environment_is_sent_and_kept_nowhere(
    way: str, server: RawServer, data_dir: Path, moovitamix: Moovitamix
) -> None:
    code, output, complaint = moovitamix("ingest", MOOVITAMIX_API_URL=server.url, **WAYS[way])
    assert code == 0, complaint
    assert {one.target.partition("?")[0] for one in server.asked} == {
        "/health",
        "/tracks",
        "/users",
        "/listen_history",
    }
    require_kept_nowhere(data_dir, output + complaint)


def test_a_login_in_the_address_is_sent_as_one_and_kept_nowhere(
    server: RawServer, data_dir: Path, moovitamix: Moovitamix
) -> None:
    url = with_login(server.url)
    code, output, complaint = moovitamix("ingest", "--api-url", url)
    assert code == 0, complaint
    code, checked, odd = moovitamix("check-api", MOOVITAMIX_API_URL=url)
    assert code == 0, odd
    assert {one.headers["authorization"] for one in server.asked} == {f"Basic {BASIC}"}
    require_kept_nowhere(data_dir, output + complaint + checked + odd)


def test_a_wrong_key_that_the_api_repeats_is_not_shown(server: RawServer, data_dir: Path) -> None:
    """In a process of its own, whose traceback the interpreter prints."""
    url = with_login(server.url, f"{SECRET}:nonsense")
    ran = Installation(data_dir, {}).start("ingest", "--debug", "--api-url", url)
    output, complaint = ran.communicate()
    assert ran.returncode == 1
    assert "was refused with 401: who is •••?" in complaint
    sent = b64encode(f"{SECRET}:nonsense".encode()).decode()
    assert sent not in complaint
    assert "nonsense" not in complaint
    require_kept_nowhere(data_dir, output + complaint)


def test_a_key_may_lie_in_a_file(server: RawServer, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{SECRET}\n")
    settings = IngestionSettings(data_dir=tmp_path, api_url=server.url, api_token_file=file)
    with Api(settings) as api:
        assert api.get("tracks", {}) == NOTHING


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"api_token": f"{SECRET}\r\nX-Admin: 1"}, "MOOVITAMIX_API_TOKEN has a line's end"),
        ({"api_header": f"X-Key: {SECRET}\nHost: b"}, "MOOVITAMIX_API_HEADER has a line's end"),
        ({"api_header": SECRET}, "MOOVITAMIX_API_HEADER is no header like `X-API-Key: …`"),
        ({"api_header": f"Host: {SECRET}"}, "can't be Host"),
        ({"api_token": SECRET, "api_user": USER}, "one Authorization"),
        ({"api_token": SECRET, "api_header": f"Authorization: {SECRET}"}, "one Authorization"),
        ({"api_password": SECRET}, "MOOVITAMIX_API_PASSWORD needs MOOVITAMIX_API_USER"),
        ({"api_token_file": Path("/nowhere")}, "MOOVITAMIX_API_TOKEN_FILE: /nowhere can't be re"),
        ({"api_url": f"http://h/?api_key={SECRET}"}, "must end before its \\?"),
        ({"api_url": f"http://h/#{SECRET}"}, "must end before its"),
        ({"api_url": f"ftp://u:{SECRET}@h"}, "is no address like"),
        ({"api_url": f"http://u:{SECRET}@h\\@b"}, "is no address like"),
        ({"api_url": f"http://u:{SECRET}/1@h"}, "is no address like|must end"),
    ],
)
def test_what_can_not_be_sent_is_refused_without_being_shown(
    given: dict[str, str], expected: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=expected) as raised:
        IngestionSettings(**{"data_dir": tmp_path, "api_url": "http://h", **given})  # type: ignore[arg-type]
    assert SECRET not in str(raised.value)


# --- redirects -----------------------------------------------------------------------------------


def redirect(place: str, status: str = "307 Temporary Redirect") -> list[bytes]:
    return whole(b"", f"location: {place}", status=status)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_missing_slash_is_followed_with_the_key(status: str, tmp_path: Path) -> None:
    def slashes(asked: Asked) -> list[bytes]:
        path, _, query = asked.target.partition("?")
        if not path.endswith("/"):
            return redirect(f"http://{asked.headers['host']}{path}/?{query}", status)
        return answer(asked)

    with serving_raw(slashes) as server:
        settings = IngestionSettings(
            data_dir=tmp_path, api_url=server.url, api_token=SecretStr(SECRET)
        )
        with Api(settings) as api:
            assert api.get("tracks", {"page": "1"}) == NOTHING
    assert [one.target for one in server.asked] == ["/tracks?page=1", "/tracks/?page=1"]


@pytest.mark.parametrize(
    "place",
    ["http://{other}/tracks", "//{other}/tracks", "https://{here}/tracks", "ftp://{here}/x",
     "http://u:p@{here}/tracks", "http://[bad/tracks"],
)  # fmt: skip
def test_another_server_gets_no_request(place: str, server: RawServer, tmp_path: Path) -> None:
    other = server.url.removeprefix("http://")

    def away(asked: Asked) -> list[bytes]:
        return redirect(place.format(other=other, here=asked.headers["host"]))

    with serving_raw(away) as first:
        settings = IngestionSettings(
            data_dir=tmp_path, api_url=first.url, api_token=SecretStr(SECRET)
        )
        with (
            Api(settings) as api,
            pytest.raises(errors.RedirectedElsewhere, match="set MOOVITAMIX_API_URL to the addr"),
        ):
            api.get("tracks", {"page": "1"})
    assert len(first.asked) == 1
    assert server.asked == []


def test_redirects_in_a_circle_end(tmp_path: Path) -> None:
    with serving_raw(lambda _: redirect("/tracks")) as server:
        settings = IngestionSettings(data_dir=tmp_path, api_url=server.url)
        with Api(settings) as api, pytest.raises(errors.RedirectedElsewhere, match="on and on"):
            api.get("tracks", {})
    assert len(server.asked) == 4


# --- proxies -------------------------------------------------------------------------------------


@pytest.fixture
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.usefixtures("_no_proxies")
def test_a_remote_api_is_asked_by_way_of_the_proxy(
    server: RawServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", with_login(server.url, f"{USER}:{SECRET[:8]}"))
    settings = IngestionSettings(
        data_dir=tmp_path, api_url="http://app.example/api", api_token=SecretStr(SECRET)
    )
    with Api(settings) as api:
        assert api.get("tracks", {"page": "1"}) == NOTHING
    [asked] = server.asked
    assert asked.target == "http://app.example/api/tracks?page=1"
    login = b64encode(f"{USER}:{SECRET[:8]}".encode()).decode()
    assert asked.headers["proxy-authorization"] == f"Basic {login}"


@pytest.mark.usefixtures("_no_proxies")
@pytest.mark.parametrize(
    ("url", "takes_one"),
    [
        ("http://app.example", True),
        ("https://app.example", True),
        ("https://inside.example", False),
        ("http://localhost:8000", False),
        ("http://a.localhost", False),
        ("http://127.0.0.1:8000", False),
        ("http://127.1", False),
        ("http://2130706433", False),
        ("http://[::1]:8000", False),
        ("http://[::ffff:127.0.0.1]", False),
        ("http://0.0.0.0", False),
        ("http://10.0.0.7", True),
    ],
)
def test_this_machine_is_never_asked_by_way_of_a_proxy(
    url: str, takes_one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "inside.example")
    assert proxy_for(url) == (("http://proxy.example:3128", None) if takes_one else None)


@pytest.mark.usefixtures("_no_proxies")
def test_a_proxy_that_is_none_is_named_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"socks5://{USER}:{SECRET}@proxy.example")
    settings = IngestionSettings(data_dir=tmp_path, api_url="http://app.example")
    with pytest.raises(errors.ProxyUnusable, match=r"the proxy socks5://proxy\.example") as raised:
        Api(settings)
    assert SECRET not in str(raised.value)


def test_a_host_of_another_name_is_another_machine() -> None:
    assert not is_this_machine("localhost.example")


def test_an_address_is_shown_without_what_may_be_secret() -> None:
    assert plain_url("https://u:p@h:1/a?page=2&key=x#y") == "https://h:1/a?page=2&key=•••"
    assert plain_url("https://u:p/1@h/a") == "https://h/a"

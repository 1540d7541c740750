"""Credentials for the app's API, from settings or files; never shown."""

import re
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from pydantic import SecretStr

from lake.locations import EnvironmentSettings

GONE = "•••"
# Headers that HTTP itself sets; a key in one of them would break or redirect the request.
RESERVED_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNFIT_FOR_HEADERS = re.compile(r"[^\x20-\x7e]")
_UNFIT_FOR_URLS = re.compile(r"[\x00-\x20\x7f\\]")
_PLAIN_PARAMETERS = frozenset({"page", "size", "updated_since", "updated_until"})
# Three letters are part of many words.
SHORTEST_SECRET = 4
LONGEST_SHOWN = 120
FROM_FILES = ("api_token", "api_header", "api_user", "api_password")


class AccessSettings(EnvironmentSettings):
    """Credentials for the app's API, each from `MOOVITAMIX_<NAME>` or the file `<NAME>_FILE`."""

    api_token: SecretStr | None = None
    """Bearer token for the app's API."""
    api_header: SecretStr | None = None
    """Header with a key for the app's API, such as `X-API-Key: …`."""
    api_user: SecretStr | None = None
    """User name for basic authentication; `https://user:password@host` in the API's URL works
    too."""
    api_password: SecretStr | None = None
    """Password of that user."""
    api_token_file: Path | None = None
    """File that holds the token."""
    api_header_file: Path | None = None
    """File that holds the header."""
    api_user_file: Path | None = None
    """File that holds the user name."""
    api_password_file: Path | None = None
    """File that holds the password."""

    def model_post_init(self, _context: object) -> None:
        """Read the files, and refuse what can't be sent."""
        for name in FROM_FILES:
            value: SecretStr | None = getattr(self, name)
            file: Path | None = getattr(self, f"{name}_file")
            if file and value is None:
                object.__setattr__(self, name, SecretStr(_in_file(file, name)))
        headers_of(self)

    @property
    def credentials(self) -> dict[str, SecretStr]:
        """The credentials as settings, to pass them on."""
        return {name: value for name in FROM_FILES if (value := getattr(self, name))}

    @property
    def secrets(self) -> tuple[str, ...]:
        """All texts to redact: the credentials as they are set and as they are sent."""
        values = [value.get_secret_value() for value in self.credentials.values()]
        sent = [*headers_of(self).values()]
        values += [*sent, *(one.partition(" ")[2] for one in sent), _header(self)[1]]
        spellings = {spelling for one in values for spelling in (one, quote(one, safe=""))}
        return tuple(one for one in spellings if len(one) >= SHORTEST_SECRET)


def split_login(url: str) -> tuple[str, str | None, str | None]:
    """Split an API's address into the address without login, the user and the password.

    Raises:
        ValueError: It is no such address; the message has no secrets.
    """
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port  # raises where it is no number
    except ValueError:
        is_good = False
    if not is_good or _UNFIT_FOR_URLS.search(url):
        shown = plain_url(url)[:LONGEST_SHOWN]
        raise ValueError(f"MOOVITAMIX_API_URL: {shown!r} is no address like http://host:8000")
    if "?" in url or "#" in url:
        raise ValueError(
            f"MOOVITAMIX_API_URL: {plain_url(url)[:LONGEST_SHOWN]!r}"
            " must end before its ? or #: pages have parameters already;"
            " a key belongs into MOOVITAMIX_API_HEADER or MOOVITAMIX_API_TOKEN"
        )
    login, at, place = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    plain = urlunsplit((parts.scheme, place, parts.path, "", "")).rstrip("/")
    return (plain, unquote(user), unquote(password)) if at else (plain, None, None)


def login_apart(given: dict[str, Any]) -> dict[str, Any]:
    """Move a user and password in `api_url` into their settings."""
    url = given.get("api_url")
    if not isinstance(url, str) or not url:
        return given
    plain, user, password = split_login(url)
    login = {"api_user": user, "api_password": password or None} if user else {}
    return {**given, **login, "api_url": plain}


def plain_url(url: str) -> str:
    """Remove user, password, fragment, and all parameters but those of a page from a URL."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    place, mark, query = rest.partition("#")[0].partition("?")
    host, slash, path = place.partition("/")
    host = host.rpartition("@")[2]
    if "@" in path:  # a password with a slash in it
        host, slash, path = path.rpartition("@")[2], "", ""
    parameters = [
        one if (name := one.partition("=")[0]) in _PLAIN_PARAMETERS else f"{name}={GONE}"
        for one in query.split("&")
    ]
    return f"{scheme}{separator}{host}{slash}{path}" + (
        mark + "&".join(parameters) if query else ""
    )


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Remove secrets from a text of any length; return it as one printable line."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, GONE)
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()


def headers_of(access: AccessSettings) -> dict[str, str]:
    """Build the headers with the credentials; raises `ValueError` if they can't be headers."""
    headers: dict[str, str] = {}
    name, value = _header(access)
    if name:
        headers[name] = value
    logins = [setting for setting in ("api_token", "api_user") if getattr(access, setting)]
    if access.api_password and not access.api_user:
        raise ValueError("MOOVITAMIX_API_PASSWORD needs MOOVITAMIX_API_USER")
    if len(logins) + (name.lower() == "authorization") > 1:
        raise ValueError(
            "a request has one Authorization: choose MOOVITAMIX_API_TOKEN, or MOOVITAMIX_API_USER"
            " (or user:password@ in the address), or such a MOOVITAMIX_API_HEADER"
        )
    if access.api_token:
        headers["authorization"] = f"Bearer {_sendable(access.api_token, 'api_token')}"
    if access.api_user:
        user = access.api_user.get_secret_value()
        password = access.api_password.get_secret_value() if access.api_password else ""
        if ":" in user:
            raise ValueError("MOOVITAMIX_API_USER can't hold a colon")
        login = b64encode(f"{user}:{password}".encode()).decode()
        headers["authorization"] = f"Basic {login}"
    return headers


def _header(access: AccessSettings) -> tuple[str, str]:
    if not access.api_header:
        return "", ""
    name, colon, value = _sendable(access.api_header, "api_header").partition(":")
    name, value = name.strip(), value.strip()
    if not colon or not value or not _HEADER_NAME.fullmatch(name):
        raise ValueError("MOOVITAMIX_API_HEADER is no header like `X-API-Key: …`")
    if name.lower() in RESERVED_HEADERS:
        raise ValueError(f"MOOVITAMIX_API_HEADER can't be {name}, which HTTP needs for itself")
    return name, value


def _sendable(secret: SecretStr, setting: str) -> str:
    value = secret.get_secret_value().strip(" \t")
    if _UNFIT_FOR_HEADERS.search(value):
        raise ValueError(f"MOOVITAMIX_{setting.upper()} has a line's end or a sign beyond ASCII")
    return value


def _in_file(file: Path, name: str) -> str:
    setting = f"MOOVITAMIX_{name.upper()}_FILE"
    try:
        value = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise ValueError(f"{setting}: {file} can't be read ({why})") from None
    if not value:
        raise ValueError(f"{setting}: {file} is empty")
    return value

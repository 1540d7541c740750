"""Redaction of alerts: no secrets and no personal data leave the machine.

Built so that the unknown is masked: whatever a message quotes goes, unless it is a name that this
project gave a table or a column. What an API answered without quotes goes too, by its error's kind.
"""

import re
from collections.abc import Iterable

GONE = "•••"

# An answer may name a person: all after the status is the API's own text.
QUOTES_AN_ANSWER = {"ApiRefused": re.compile(r"(?<=was refused with )(\d+): .*", re.DOTALL)}

_URL_END = r"[^\s'\"<>`;,)]"
_URL = re.compile(rf"\b([a-z][a-z0-9+.-]*)://({_URL_END}*)", re.IGNORECASE)
# `name+tag@host`, quoted local parts and hosts without a dot included: better once too often.
_EMAIL = re.compile(r"(?:\"[^\"\n]*\"|[^\s@<>(),:;\"'`=/|]+)@[^\s@<>(),:;\"'`=/|]+")
_NAMED_SECRET = re.compile(
    r"""(?ix) \b( [\w-]*
        (?: api[_-]?key | access[_-]?key(?:[_-]?id)? | account[_-]?key | token | secret
        | passw(?:or)?d | pwd | authorization | signature | credentials? )
        [\w-]* ["']? \s* [=:] \s* )
        (?: (?:bearer|basic|digest) \s+ )? (?: "[^"]*" | '[^']*' | [^\s,;&]+ )"""
)
_SCHEME = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|`[^`\n]*`")
_TOKEN = re.compile(r"[A-Za-z0-9_+=-]{24,}")
_KEY_ID = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|\b(?:xox[a-z]|gh[a-z]|sk|pk)[-_][\w-]{8,}")

# A window is no secret, and identifies the pull.
_PLAIN_PARAMETERS = frozenset({"page", "size", "updated_since", "updated_until"})
_COLUMNS = "name artist songwriters duration genres album first_name last_name email gender"
_OURS = frozenset(
    f"{_COLUMNS} favorite_genres created_at updated_at id user_id items tracks users"
    " listen_history rejected total page size pages started_at listened_at session_position"
    " track_id track_ids load_id load_date etl_updated_at is_inferred".split()
)
_RELATION = re.compile(
    r"(?:dim|fact|stg|raw|ops|staging|quarantine|failures|features|main)[_.][\w.]+"
)
_QUOTED_RELATION = re.compile(
    r'(?:"build"\.)?"(failures|main|raw|ops|staging|quarantine|features)"\."([a-z0-9_]+)"'
)
_COMMAND = re.compile(r"moovitamix [a-z-]+(?: --?[a-z-]+)*")


def mask(text: str, *, secrets: Iterable[str] = (), kind: str = "") -> str:
    """Return `text` without e-mail addresses, credentials, tokens and values of records.

    `secrets` are removed everywhere, as they are written; `kind`, the name of an
    error's class, says whether its message carries what an API answered.

    Args:
        text: What is to be printed or sent.
        secrets: Texts that are removed as they are written.
        kind: The name of an error's class, which says whether it quotes an API.

    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, GONE)
    if answer := QUOTES_AN_ANSWER.get(kind):
        text = answer.sub(r"\1", text)
    text = _URL.sub(_plain_url, text)
    text = _NAMED_SECRET.sub(rf"\1{GONE}", text)
    text = _SCHEME.sub(rf"\1 {GONE}", text)
    text = _KEY_ID.sub(GONE, text)
    text = _EMAIL.sub(GONE, text)
    text = _QUOTED_RELATION.sub(r"\1.\2", text)
    text = _QUOTED.sub(_ours_or_gone, text)
    return _TOKEN.sub(_name_or_gone, text)


def _plain_url(found: re.Match[str]) -> str:
    """A URL without its user, its password, its fragment, and all but a window's parameters."""
    scheme, rest = found.groups()
    rest, _, _ = rest.partition("#")
    place, _, query = rest.partition("?")
    host, slash, path = place.rpartition("@")[2].partition("/")
    if "hook" in place.lower():  # the path of a webhook is its password
        path = GONE
    parameters = [_plain_parameter(one) for one in query.split("&") if one]
    return f"{scheme}://{host}{slash}{path}" + (f"?{'&'.join(parameters)}" if parameters else "")


def _plain_parameter(parameter: str) -> str:
    name, _, value = parameter.partition("=")
    return f"{name}={value}" if name in _PLAIN_PARAMETERS else f"{name}={GONE}"


def _ours_or_gone(found: re.Match[str]) -> str:
    quoted = found.group()
    inside = quoted[1:-1]
    is_ours = inside in _OURS or _RELATION.fullmatch(inside) or _COMMAND.fullmatch(inside)
    return quoted if is_ours else f"{quoted[0]}{GONE}{quoted[0]}"


def _name_or_gone(found: re.Match[str]) -> str:
    """Long runs of letters and digits are secrets; dbt's long test names are lower case, joined."""
    token = found.group()
    is_mixed = any(map(str.isdigit, token)) and any(map(str.isalpha, token))
    is_name = "_" in token and token == token.lower()
    return token if is_name or not is_mixed else GONE

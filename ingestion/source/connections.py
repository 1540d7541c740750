"""The connection pool to the app's API, with its timeouts, credentials and proxy."""

import socket
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import urllib3

from ingestion.access import headers_of, plain_url
from ingestion.errors import ProxyUnusable
from ingestion.settings import IngestionSettings
from ingestion.source.bounded import bind_duration


def connection_pool(settings: IngestionSettings) -> urllib3.PoolManager:
    """The connections to the API, through a proxy if the environment names one."""
    given: dict[str, Any] = {
        "maxsize": settings.concurrency,
        "block": True,
        "retries": False,
        "timeout": urllib3.Timeout(connect=settings.connect_timeout, read=settings.read_timeout),
        "headers": {
            "accept": "application/json",
            "user-agent": "moovitamix-ingestion",
            **headers_of(settings),
        },
    }
    proxy = proxy_for(settings.api_url)
    if proxy:
        address, login = proxy
        sent = urllib3.make_headers(proxy_basic_auth=login) if login else None
        pool: urllib3.PoolManager = urllib3.ProxyManager(address, proxy_headers=sent, **given)
    else:
        pool = urllib3.PoolManager(**given)
    bind_duration(pool, settings.answer_timeout)
    return pool


def proxy_for(url: str) -> tuple[str, str | None] | None:
    """Return the address of the proxy for `url` and its `user:password`, if there is one."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    named = getproxies_environment()
    proxy = named.get(parts.scheme) or named.get("all")
    if not proxy or is_this_machine(host) or proxy_bypass(parts.netloc):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    try:
        place = urlsplit(proxy)
        is_good = place.scheme in ("http", "https") and bool(place.hostname)
        port = place.port or (443 if place.scheme == "https" else 80)
    except ValueError:
        is_good = False
    if not is_good:
        raise ProxyUnusable(plain_url(proxy))
    name = f"[{place.hostname}]" if ":" in str(place.hostname) else place.hostname
    login = place.netloc.rpartition("@")[0]
    return f"{place.scheme}://{name}:{port}", unquote(login) if login else None


def is_this_machine(host: str) -> bool:
    """Whether a host's name or address, in any notation, is the loopback or this machine."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith((".localhost", ".localdomain")):
        return True
    if name in {socket.gethostname().lower(), socket.getfqdn().lower()}:
        return True
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        try:
            address = ip_address(socket.inet_aton(name))  # 127.1, 2130706433
        except OSError:
            return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)

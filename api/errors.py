"""Startup errors of the APIs."""

from lake.errors import MoovitamixError


class ApiError(MoovitamixError):
    """An API cannot serve: the message is one line that says what to do."""


class PortTaken(ApiError):
    """Another process listens on the port."""

    runbook = "serving-down"

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"port {port} on {host} is taken: stop what listens there, or choose another "
            "(0 takes a free one)"
        )


class AddressUnavailable(ApiError):
    """The host is no address of this machine, or may not be listened on."""

    runbook = "serving-down"

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {host}:{port}: {reason}")

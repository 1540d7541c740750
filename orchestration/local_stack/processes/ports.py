"""The ports of the servers: the ones that are set, if they are free."""

import socket

from orchestration.local_stack.airflow_environment import Ports
from orchestration.local_stack.errors import StackPortTaken
from orchestration.run.stack_settings import ExploreSettings, StackSettings


def chosen(stack: StackSettings, *, any_free: bool, with_source: bool) -> Ports:
    """Return the ports; raise `StackPortTaken` for one that another process listens on.

    Args:
        stack: The settings of the stack.
        any_free: Whether the kernel chooses the ports.
        with_source: Whether the app simulator needs one.

    """
    wanted = {
        "airflow": stack.airflow_port,
        "source": stack.source_port if with_source else 0,
        "serving": stack.serving_port,
        "mlflow": stack.mlflow_port,
        "explore": ExploreSettings().port,
    }
    held: list[socket.socket] = []
    try:
        # all are held until the last is known, so that none is chosen twice
        for name, port in wanted.items():
            held.append(_hold(name, stack.host, 0 if any_free else port))
        return Ports(*(one.getsockname()[1] for one in held))
    finally:
        for one in held:
            one.close()


def _hold(name: str, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        one.bind((host, port))
        one.listen()
    except OSError as error:
        one.close()
        raise StackPortTaken(name, port) from error
    return one

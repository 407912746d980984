"""The address that a server is to listen on, tried before anything is started."""

import socket

from order_engine.settings import SettingInvalid, Settings


def require_address(settings: Settings) -> None:
    """Raise SettingInvalid unless a server can listen on HOST and PORT."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        found = f"{settings.host} and {settings.port}"
        expected = "an address of this machine and a free port"
        raise SettingInvalid(f"HOST and PORT: found {found}, expected {expected}: {error.strerror}") from error

"""A server as the options of a command name it; apart from them, since it loads gRPC."""

from __future__ import annotations

import os

from planner.cli.server_options import TOKEN_VARIABLE, Access
from planner.client.connection import ServerAddress
from planner.client.credentials import Credentials


def server_address(address: str, access: Access) -> ServerAddress:
    """Return a server's address and what to show it; InvalidRequest if it is none, or a key is missing."""
    token = "" if access.token_file is not None else os.environ.get(TOKEN_VARIABLE, "").strip()
    credentials = Credentials(
        token=token, token_file=access.token_file, certificate=access.client_cert, key=access.client_key
    )
    return ServerAddress(address, access.tls_ca, credentials)

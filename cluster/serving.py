"""`concordat serve`: its options as settings, its runtime by name."""

from __future__ import annotations

from cluster.gateway import serve
from cluster.runtimes import make_runtime
from cluster.settings import GatewaySettings, default_data_folder
from planner.cli.launchers import ServeOptions
from planner.service.server import DoorSettings


def serve_options(options: ServeOptions) -> None:
    """Serve until told to stop; see :func:`cluster.gateway.serve`."""
    serve(gateway_settings(options), make_runtime)


def gateway_settings(options: ServeOptions) -> GatewaySettings:
    """Return the settings that options mean.

    Raises
    ------
    InvalidRequest
        If the address, TLS files or numbers are wrong.
    """
    return GatewaySettings(
        door=DoorSettings(listen=options.listen, tls_cert=options.tls_cert, tls_key=options.tls_key),
        data=options.data or default_data_folder(),
        runtime=options.runtime,
        concurrency=options.concurrency,
        until_stdin_closes=options.until_stdin_closes,
    )

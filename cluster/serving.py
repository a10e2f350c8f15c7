"""`concordat serve` and `concordat settings show`: options, environment and file as settings, the runtime by name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import fields
from functools import partial

from cluster.gateway import serve
from cluster.runtimes import make_runtime
from cluster.setting_sources import Sources, effective_settings, read_settings, settings_text, unused_variables
from cluster.settings import EVENT_LOG_FILE, GatewaySettings
from planner.cli.launchers import ServeOptions

_READ_ELSEWHERE = ("CONCORDAT_DEBUG", "CONCORDAT_TOKEN")


def serve_options(options: ServeOptions) -> None:
    """Serve until told to stop; see :func:`cluster.gateway.serve`."""
    settings = gateway_settings(options)
    place = str(settings.database or settings.data / EVENT_LOG_FILE)
    make = partial(make_runtime, backend=settings.backend, ray_address=settings.ray_address, patience=settings.patience)
    serve(settings, partial(make, journals=place))


def gateway_settings(options: ServeOptions) -> GatewaySettings:
    """Return the settings that options, environment and settings file mean, in this order of precedence.

    Raises
    ------
    InvalidRequest
        If the file names what is no setting, or the address, TLS files or numbers are wrong.
    """
    return read_settings(GatewaySettings, _sources(options))


def settings_lines(options: ServeOptions) -> Sequence[str]:
    """Return what a server would be told as the lines of a settings file, each with its origin; raises as above."""
    sources = _sources(options)
    read_settings(GatewaySettings, sources)
    unused = unused_variables(GatewaySettings, sources.environment, _READ_ELSEWHERE)
    return [
        *settings_text(effective_settings(GatewaySettings, sources)),
        *(f"# {name} is set and names no setting" for name in unused),
    ]


def _sources(options: ServeOptions) -> Sources:
    given = {field.name: getattr(options, field.name) for field in fields(options)}
    return Sources(file=given.pop("config"), flags=given, environment=dict(os.environ))

"""The options of every command that speaks to a server: whom it trusts, and what a guarded server knows it by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

TOKEN_VARIABLE = "CONCORDAT_TOKEN"  # noqa: S105 - the name of a variable
"""Holds the token where no file does; options are seen by everybody who lists processes."""

Authority = Annotated[
    Path | None, typer.Option("--tls-ca", help="PEM file of the authority that signed the server.", show_default=False)
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file", help=f"File with the token to show; else {TOKEN_VARIABLE} holds one.", show_default=False
    ),
]
ClientCertificate = Annotated[
    Path | None, typer.Option("--client-cert", help="PEM certificate to show a server that asks.", show_default=False)
]
ClientKey = Annotated[
    Path | None, typer.Option("--client-key", help="PEM key of the client certificate.", show_default=False)
]


@dataclass(frozen=True, slots=True)
class Access:
    """What these options were given."""

    tls_ca: Path | None = None
    token_file: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None

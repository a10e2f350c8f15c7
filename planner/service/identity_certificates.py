"""Callers who prove themselves by a client certificate, and the file that says who they are.

The handshake has checked the certificate against our authority. What is left is its name: an alternative name (URI,
DNS or mail), or the common name where it has none. The file gives every name its roles, so that rights are granted and
taken without a new certificate.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from planner.domain.errors import InvalidRequest, Unauthenticated
from planner.governance.principal import Principal

_FIELDS = {"roles", "partner"}


class CertificateIdentity:
    """Knows the callers of a TOML file: a table per name, with ``roles`` and, for partners, ``partner``.

    Raises
    ------
    InvalidRequest
        If the file cannot be read, or a caller in it has wrong roles.
    """

    def __init__(self, callers: Path) -> None:
        self._callers = _read_callers(callers)

    def principal(self, names: Sequence[str]) -> Principal:
        """Return the one caller that a certificate's names mean.

        Raises
        ------
        Unauthenticated
            If no name is known, or they mean several callers.
        """
        known = [self._callers[name] for name in dict.fromkeys(names) if name in self._callers]
        if len(known) != 1:
            raise Unauthenticated(
                "the client certificate names "
                + ("several callers; it must name one" if known else "nobody known here: ask for an entry of your name")
            )
        return known[0]


def _read_callers(file: Path) -> Mapping[str, Principal]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}", "tls_callers") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{file} is not TOML: {error}", "tls_callers") from error
    return {name: _caller(name, entry, file) for name, entry in content.items()}


def _caller(name: str, entry: Any, file: Path) -> Principal:
    roles = entry.get("roles") if isinstance(entry, dict) else None
    if not isinstance(roles, list) or not set(entry) <= _FIELDS or not all(isinstance(role, str) for role in roles):
        raise InvalidRequest(
            f'{file}: {name!r} must be a table with roles = ["…"] and, for a partner, partner = "…"; a name with dots '
            "is put in quotes",
            "tls_callers",
        )
    try:
        return Principal(
            name=name, identity="certificate", roles=frozenset(roles), partner=str(entry.get("partner", ""))
        )
    except ValueError as error:
        raise InvalidRequest(f"{file}: {name!r}: {error}", "tls_callers") from error

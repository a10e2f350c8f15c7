"""Callers who prove themselves by a signed token (JWT, RFC 7519), checked with prepared public keys.

The algorithm is that of the key and never what the token says, and no secret key is taken: so a token signed with
nothing, or with a public key as if it were a secret, is none. Keys are read anew when their file changes: a new key is
put beside the old one, tokens name theirs by ``kid``, and the old key is taken out once its tokens have expired.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from planner.domain.errors import InvalidRequest, Unauthenticated
from planner.governance.principal import ROLES, Principal

LONGEST_TOKEN = 8192
LEEWAY_SECONDS = 10.0
"""By how much the clocks of issuer and server may differ."""

SMALLEST_RSA_BITS = 2048
_LOOK_SECONDS = 2.0
_PEM_KEY = re.compile(rb"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----", re.DOTALL)

_log = structlog.get_logger("concordat.identity")


@dataclass(frozen=True, slots=True)
class _Key:
    """A prepared public key, the one algorithm it is used with, and the id by which tokens name it (may be empty)."""

    kid: str
    algorithm: str
    key: Any


class TokenIdentity:
    """Checks tokens of one issuer for one audience.

    Claims: ``sub`` names the caller, ``roles`` is a list of which the known roles count, ``partner`` the partner that a
    caller in that role speaks for. ``exp`` is required. ``seconds`` tells the time by which the file is looked at.

    Raises
    ------
    InvalidRequest
        If the keys cannot be read, or one of them is no public RSA, P-256 or Ed25519 key.
    """

    def __init__(
        self, keys: Path, *, audience: str, issuer: str, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        if not audience or not issuer:
            raise InvalidRequest("tokens are checked for an audience and an issuer: name both", "jwt_audience")
        self._file, self._audience, self._issuer, self._seconds = keys, audience, issuer, seconds
        self._stamp = _stamp(keys)
        self._keys = _read_keys(keys)
        self._looked = seconds()

    def principal(self, token: str) -> Principal:
        """Return who a token is of.

        Raises
        ------
        Unauthenticated
            If it does not hold.
        """
        self._look()
        if len(token) > LONGEST_TOKEN:
            raise _refused("it is too long")
        try:
            header = jwt.get_unverified_header(token)
            key = self._key(header)
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "sub", "aud", "iss"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise _refused("it has expired") from error
        # Whatever else a crafted token makes the library stumble over is a token that does not hold.
        except Exception as error:
            if isinstance(error, Unauthenticated):
                raise
            raise _refused("it does not hold") from error
        return _principal(claims)

    def _key(self, header: Mapping[str, Any]) -> _Key:
        kid = header.get("kid", "")
        meant = [key for key in self._keys if key.kid == kid] if kid else list(self._keys)
        if len(meant) != 1:
            raise _refused("it names no key of ours" if kid else "it does not say which of our keys signed it (kid)")
        return meant[0]

    def _look(self) -> None:
        """Read the keys anew if their file changed; what cannot be read leaves those that there are."""
        if self._seconds() - self._looked < _LOOK_SECONDS:
            return
        self._looked = self._seconds()
        try:
            stamp = _stamp(self._file)
            if stamp != self._stamp:
                self._keys, self._stamp = _read_keys(self._file), stamp
                _log.info("keys of tokens read anew", file=str(self._file), keys=len(self._keys))
        except InvalidRequest as error:
            _log.error("keys of tokens cannot be read anew; the former ones stay", cause=str(error))


def _principal(claims: Mapping[str, Any]) -> Principal:
    roles = claims.get("roles", [])
    if not isinstance(roles, list):
        raise _refused("its roles are no list")
    known = frozenset(role for role in roles if isinstance(role, str) and role in ROLES)
    partner = claims.get("partner", "") if "partner" in known else ""
    try:
        return Principal(name=str(claims["sub"]), identity="token", roles=known, partner=str(partner))
    except ValueError as error:
        raise _refused(str(error)) from error


def _refused(why: str) -> Unauthenticated:
    return Unauthenticated(f"the token is refused: {why}; ask its issuer for a new one")


def _stamp(file: Path) -> tuple[int, int, int]:
    try:
        status = file.stat()
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}", "jwt_keys") from error
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read_keys(file: Path) -> tuple[_Key, ...]:
    """Return the keys of a JWKS (JSON) or of a file of PEM public keys, whose kids are their numbers from 1."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}", "jwt_keys") from error
    try:
        if content.lstrip().startswith(b"{"):
            keys = [_from_jwk(entry) for entry in json.loads(content)["keys"]]
        else:
            found = _PEM_KEY.findall(content)
            keys = [
                _prepared("" if len(found) == 1 else str(number), serialization.load_pem_public_key(pem))
                for number, pem in enumerate(found, start=1)
            ]
    except InvalidRequest:
        raise
    except Exception as error:
        raise InvalidRequest(
            f"{file} holds no keys of tokens: {error}; give a JWKS or public keys in PEM", "jwt_keys"
        ) from error
    if not keys:
        raise InvalidRequest(f"{file} holds no keys of tokens: give a JWKS or public keys in PEM", "jwt_keys")
    kids = [key.kid for key in keys]
    if len(set(kids)) < len(kids) or (len(keys) > 1 and "" in kids):
        raise InvalidRequest(f"{file}: of several keys each needs a kid of its own", "jwt_keys")
    return tuple(keys)


def _from_jwk(entry: Mapping[str, Any]) -> _Key:
    if entry.get("kty") not in {"RSA", "EC", "OKP"} or "d" in entry:
        raise InvalidRequest("a key of tokens must be public (RSA, EC or OKP): no secret belongs here", "jwt_keys")
    if entry.get("use", "sig") != "sig":
        raise InvalidRequest("a key of tokens must be one for signatures (use: sig)", "jwt_keys")
    key = _prepared(str(entry.get("kid", "")), jwt.PyJWK(dict(entry)).key)
    if entry.get("alg", key.algorithm) != key.algorithm:
        raise InvalidRequest(f"keys are used with RS256, ES256 or EdDSA, not {entry['alg']}", "jwt_keys")
    return key


def _prepared(kid: str, key: Any) -> _Key:
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_RSA_BITS:
        return _Key(kid, "RS256", key)
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return _Key(kid, "ES256", key)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return _Key(kid, "EdDSA", key)
    raise InvalidRequest(
        f"a key of tokens must be RSA of at least {SMALLEST_RSA_BITS} bits, P-256 or Ed25519", "jwt_keys"
    )

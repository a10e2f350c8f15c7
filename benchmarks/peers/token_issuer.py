"""An issuer of tokens for a guarded door, as an identity provider is one: a key, its public half, what it signs."""

from __future__ import annotations

import base64
import json
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

AUDIENCE, ISSUER = "concordat", "https://issuer.example"
_HOUR = 3600


class TokenIssuer:
    """Signs tokens that hold for an hour."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    @property
    def public_pem(self) -> bytes:
        """The public half of its key, as a server reads it."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(serialization.Encoding.PEM, form)

    def token(self, name: str, role: str, partner: str = "") -> str:
        """Return a token of a caller."""
        claims = {"sub": name, "aud": AUDIENCE, "iss": ISSUER, "exp": int(time.time()) + _HOUR, "roles": [role]}
        said = ({"alg": "EdDSA", "typ": "JWT"}, {**claims, **({"partner": partner} if partner else {})})
        signed = b".".join(_encoded(json.dumps(part).encode()) for part in said)
        return b".".join((signed, _encoded(self._key.sign(signed)))).decode()


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")

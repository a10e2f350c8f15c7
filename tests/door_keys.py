"""Keys, tokens and certificates for tests that knock at guarded doors."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from planner.service.server import DoorSettings

AUDIENCE, ISSUER = "concordat", "https://issuer.example"


@cache
def signing_key(name: str = "first") -> Any:
    """Return a private key that tokens are signed with, one per name."""
    return ec.generate_private_key(ec.SECP256R1())


def public_pem(key: Any) -> bytes:
    """Return the public half of a key."""
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def jwk(name: str) -> dict[str, object]:
    """Return a signing key as an entry of a JWKS."""
    return {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(signing_key(name).public_key())), "kid": name, "use": "sig"}


def claims(name: str, *roles: str, partner: str = "", **others: object) -> dict[str, object]:
    """Return the claims of a caller; ``others`` replace or add some, None takes one away."""
    known = {"sub": name, "aud": AUDIENCE, "iss": ISSUER, "exp": int(time.time()) + 3600, "roles": list(roles)}
    if partner:
        known["partner"] = partner
    return {key: value for key, value in (known | others).items() if value is not None}


def token(name: str, *roles: str, partner: str = "", kid: str = "first", **others: object) -> str:
    """Return a token that holds, unless other claims say otherwise."""
    content = claims(name, *roles, partner=partner, **others)
    return jwt.encode(content, signing_key(kid), algorithm="ES256", headers={"kid": kid})


def token_door(folder: Path, **options: Any) -> DoorSettings:
    """Return a loopback door that takes tokens; its keys are put into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = folder / "keys.json"
    keys.write_text(json.dumps({"keys": [jwk("first")]}), encoding="utf-8")
    known = {
        "listen": "127.0.0.1:0",
        "jwt_keys": keys,
        "jwt_audience": AUDIENCE,
        "jwt_issuer": ISSUER,
        "rate": 10_000.0,
    }
    return DoorSettings(**{**known, "rate_burst": 10_000, **options})


class Authority:
    """An authority that signs certificates and puts them into a folder as PEM files."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        basic = x509.BasicConstraints(ca=True, path_length=None)
        built = _builder(self._name, self._name, self._key).add_extension(basic, critical=True)
        self.file.write_bytes(built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def certificate(self, common: str, *names: str) -> tuple[Path, Path]:
        """Return the files of a certificate with these alternative names, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        built = _builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)]), self._name, key)
        if names:
            listed = [_general_name(name) for name in names]
            built = built.add_extension(x509.SubjectAlternativeName(listed), critical=False)
        certificate, secret = self._folder / f"{common}.crt", self._folder / f"{common}.key"
        signed = built.sign(self._key, hashes.SHA256())
        certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
        return certificate, secret


def _builder(subject: x509.Name, issuer: x509.Name, key: Any) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(hours=1))
    )


def _general_name(name: str) -> x509.GeneralName:
    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)

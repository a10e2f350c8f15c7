"""Tokens: only what our issuer signed for us, with the algorithm of the key, in time; keys rotate without a restart."""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.errors import InvalidRequest, Unauthenticated
from planner.service.identity_certificates import CertificateIdentity
from planner.service.identity_tokens import TokenIdentity
from tests.door_keys import AUDIENCE, ISSUER, claims, jwk, public_pem, signing_key, token


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a JWKS with two keys."""
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    file.write_text(json.dumps({"keys": [jwk("first"), jwk("second")]}), encoding="utf-8")
    return file


def identity(keys: Path, **options: Any) -> TokenIdentity:
    """Return an identity of our issuer."""
    return TokenIdentity(keys, audience=AUDIENCE, issuer=ISSUER, **options)


def test_a_token_names_its_caller(keys: Path) -> None:
    """Subject, known roles and partner are taken from the claims; unknown roles count for nothing."""
    caller = identity(keys).principal(token("petra", "planner", "auditor", "janitor"))
    assert (caller.name, caller.roles, caller.partner) == ("petra", {"planner", "auditor"}, "")
    clerk = identity(keys).principal(token("clerk", "partner", partner="acme", kid="second"))
    assert (clerk.roles, clerk.partner) == ({"partner"}, "acme")
    assert identity(keys).principal(token("p", "planner", partner="ignored")).partner == ""


@pytest.mark.parametrize(
    "others",
    [
        {"exp": -60},
        {"exp": None},
        {"aud": "other"},
        {"aud": None},
        {"iss": "https://other.example"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "two\nlines"},
        {"nbf": 600},
        {"roles": "planner"},
        {"roles": ["partner"]},
        {"roles": ["partner", "planner"], "partner": "acme"},
    ],
    ids=str,
)
def test_wrong_claims_are_refused(keys: Path, others: dict[str, object]) -> None:
    """A token that is too old or too new, for others, of others, of nobody, or with roles that cannot be, is none."""
    # Moments are told in seconds from now, and tests begin long after they were collected.
    now = int(time.time())
    claims = {
        name: now + value if name in {"exp", "nbf"} and value is not None else value for name, value in others.items()
    }
    with pytest.raises(Unauthenticated):
        identity(keys).principal(token("petra", "planner", **claims))


def part(content: object) -> str:
    """Return a part of a token."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def test_a_token_signed_by_nobody_is_refused(keys: Path) -> None:
    """The algorithm `none`, in any spelling, is none of ours."""
    for name in ("none", "None", "NONE", ""):
        crafted = f"{part({'alg': name, 'kid': 'first', 'typ': 'JWT'})}.{part(claims('petra', 'planner'))}."
        with pytest.raises(Unauthenticated):
            identity(keys).principal(crafted)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_public_key_is_no_secret(keys: Path, algorithm: str) -> None:
    """A token whose keyed hash was made with the public key as secret is refused."""
    import hashlib  # noqa: PLC0415 - beside the forgery that it makes
    import hmac  # noqa: PLC0415 - as above

    signed = f"{part({'alg': algorithm, 'kid': 'first'})}.{part(claims('petra', 'planner'))}"
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    for secret in (public_pem(signing_key()), json.dumps(jwk("first")).encode()):
        made = base64.urlsafe_b64encode(hmac.new(secret, signed.encode(), digest).digest()).decode().rstrip("=")
        with pytest.raises(Unauthenticated):
            identity(keys).principal(f"{signed}.{made}")


def test_another_key_under_our_name_is_refused(keys: Path) -> None:
    """A key inside the token's header, or of a foreign issuer under our kid, signs nothing for us."""
    foreign = ec.generate_private_key(ec.SECP256R1())
    own = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(foreign.public_key()))
    for header in ({"kid": "first"}, {"kid": "first", "jwk": own}, {"jwk": own}, {"kid": "third"}, {}):
        made = jwt.encode(claims("petra", "planner"), foreign, algorithm="ES256", headers=header)
        with pytest.raises(Unauthenticated):
            identity(keys).principal(made)


@given(st.one_of(st.text(max_size=300), st.integers(0, 400)))
def test_what_is_no_token_is_refused_and_nothing_else(keys: Path, crafted: str | int) -> None:
    """Any text, and any one character of a good token changed, is refused as unauthenticated and never a crash."""
    good = token("petra", "planner")
    if isinstance(crafted, int):
        place = crafted % (len(good) - 2)  # the last character holds bits that no signature has
        swapped = "A" if good[place] != "A" else "B"
        crafted = good[:place] + swapped + good[place + 1 :]
    with pytest.raises(Unauthenticated):
        identity(keys).principal(crafted)


def test_a_long_token_is_not_even_read(keys: Path) -> None:
    """Megabytes of token cost nothing."""
    with pytest.raises(Unauthenticated, match="too long"):
        identity(keys).principal("a." * 1_000_000)


def test_keys_rotate_while_the_server_runs(tmp_path: Path) -> None:
    """A new key is taken as its file changes, the old one ends with its entry, a broken file changes nothing."""
    file, now = tmp_path / "keys.json", 0.0
    stamp = 1_000_000_000

    def put(content: str) -> None:
        nonlocal now, stamp
        file.write_text(content, encoding="utf-8")
        stamp += 1_000_000_000
        os.utime(file, ns=(stamp, stamp))
        now += 60.0

    put(json.dumps({"keys": [jwk("first")]}))
    known = identity(file, seconds=lambda: now)
    with pytest.raises(Unauthenticated):
        known.principal(token("p", "planner", kid="second"))
    put(json.dumps({"keys": [jwk("first"), jwk("second")]}))
    assert known.principal(token("p", "planner", kid="second")).name == "p"
    assert known.principal(token("p", "planner", kid="first")).name == "p"
    put("{ half a fi")
    assert known.principal(token("p", "planner", kid="first")).name == "p"
    put(json.dumps({"keys": [jwk("second")]}))
    with pytest.raises(Unauthenticated):
        known.principal(token("p", "planner", kid="first"))


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
        (rsa.generate_private_key(65537, 2048), "RS256"),
    ],
    ids=["P-256", "Ed25519", "RSA"],
)
def test_a_single_public_key_needs_no_name(tmp_path: Path, key: Any, algorithm: str) -> None:
    """A PEM file with one key of each kind checks tokens without kid, and only with that key's algorithm."""
    file = tmp_path / "key.pem"
    file.write_bytes(public_pem(key))
    made = jwt.encode(claims("petra", "planner"), key, algorithm=algorithm)
    assert identity(file).principal(made).name == "petra"
    if algorithm == "RS256":
        with pytest.raises(Unauthenticated):
            identity(file).principal(jwt.encode(claims("petra", "planner"), key, algorithm="PS256"))


def private_pem(key: Any) -> str:
    """Return the private half of a key, which no server needs."""
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


SECRET = {"kty": "oct", "k": "c2VjcmV0", "kid": "s"}
SHORT = rsa.generate_private_key(65537, 1024)  # noqa: S505 - which is what is to be refused


@pytest.mark.parametrize(
    "content",
    [
        "",
        "nothing",
        "{}",
        '{"keys": []}',
        json.dumps({"keys": [SECRET]}),
        json.dumps({"keys": [jwk("first"), SECRET]}),
        json.dumps({"keys": [jwk("first"), jwk("first")]}),
        json.dumps({"keys": [{**jwk("first"), "kid": ""}, jwk("second")]}),
        json.dumps({"keys": [{**jwk("first"), "alg": "HS256"}]}),
        json.dumps({"keys": [{**jwk("first"), "use": "enc"}]}),
        json.dumps({"keys": [{**jwk("first"), "d": "AAAA"}]}),
        private_pem(signing_key()),
        public_pem(SHORT).decode(),
        public_pem(ec.generate_private_key(ec.SECP384R1())).decode(),
    ],
    ids=[
        "empty",
        "no keys",
        "no set",
        "none",
        "secret",
        "secret beside",
        "twice",
        "unnamed",
        "alg",
        "use",
        "private",
        "private PEM",
        "short RSA",
        "other curve",
    ],
)
def test_keys_that_must_not_check_tokens_are_refused(tmp_path: Path, content: str) -> None:
    """Secrets, private keys, weak keys and sets that are ambiguous are refused when the server starts."""
    file = tmp_path / "keys"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidRequest):
        identity(file)


def test_missing_keys_and_names_are_told(tmp_path: Path, keys: Path) -> None:
    """No file, no audience, no issuer: no server."""
    with pytest.raises(InvalidRequest, match="cannot be read"):
        identity(tmp_path / "none")
    with pytest.raises(InvalidRequest, match="name both"):
        TokenIdentity(keys, audience="", issuer=ISSUER)


def test_certificate_names_mean_one_caller(tmp_path: Path) -> None:
    """A certificate means the one caller among its names; several, or none, are refused."""
    file = tmp_path / "callers.toml"
    file.write_text(
        '["a.example"]\nroles = ["planner"]\n["b.example"]\nroles = ["partner"]\npartner = "acme"\n', encoding="utf-8"
    )
    known = CertificateIdentity(file)
    assert known.principal(["x.example", "b.example"]).partner == "acme"
    assert known.principal(["a.example", "a.example"]).roles == {"planner"}
    for names in ([], ["x.example"], ["a.example", "b.example"]):
        with pytest.raises(Unauthenticated):
            known.principal(names)


@pytest.mark.parametrize(
    "content",
    [
        "=",
        "a = 1",
        '["a"]\nroles = "planner"',
        '["a"]\nroles = ["king"]',
        '["a"]\nroles = ["partner"]',
        '["a"]\nroles = []\nrights = 1',
        "[a.example]\nroles = []",
    ],
)
def test_a_wrong_file_of_callers_is_refused(tmp_path: Path, content: str) -> None:
    """A caller with wrong roles, or a table that is none, keeps the server from starting."""
    file = tmp_path / "callers.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidRequest):
        CertificateIdentity(file)

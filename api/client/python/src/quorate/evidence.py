"""Records of evidence that QCOS sealed, judged offline: the checks and verdicts of `quorate verify-evidence`.

Nothing is believed but the trust root that the caller was given, or the pin of one. What is read strictly, what is hashed and
what is signed stands in `ledger/verify/EVIDENCE.md`; the rules' numbers there are those in the comments here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

PROTOCOL: Final = "qcos-evidence/1"
ROOT_PROTOCOL: Final = "quantumlock-trust-root/1"
MERKLE: Final = "qcos-merkle-rfc9162-sha256"
LEVELS: Final = ("INVALID", "SEALED_UNSIGNED", "SEALED_ATTESTED", "SEALED_ATTESTED_PQC", "PROVIDER_ATTESTED")
VERDICTS: Final = {"VERIFIED": 0, "FAILED": 1, "UNKNOWN": 2, "STALE": 3, "OFFLINE_WITHOUT_STATUS": 4}
POST_QUANTUM: Final = ("ML-DSA-44", "ML-DSA-65", "ML-DSA-87")
ALGORITHMS: Final = (*POST_QUANTUM, "Ed25519", "RSA-PSS-SHA256", "ECDSA-P256", "ECDSA-P384")
SKEW_US: Final = 300_000_000
DEPTH_MAX: Final = 32
_TIME: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII
)
_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Unread(ValueError):
    """A document is not of its format, and why."""


class _Failed(Exception):
    """A check does not hold, and why."""


class _Other(Exception):
    """A check ends otherwise: outcome and why."""

    def __init__(self, outcome: str, why: str) -> None:
        super().__init__(why)
        self.outcome = outcome


def canonical(value: Any) -> bytes:
    """The bytes that are hashed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unread("a member is given twice")
    return members


def _refuse(text: str) -> Any:
    raise Unread(f"{text} is no number of JSON")


def _plain(value: Any, depth: int = 0) -> None:
    """Refuses what Python reads and the format does not have."""
    if depth > DEPTH_MAX:
        raise Unread("nested too deep")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as fault:
            raise Unread("half a surrogate pair") from fault
    elif isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise Unread("a number that is too large")
    elif isinstance(value, int) and not isinstance(value, bool) and not -(2**127) <= value < 2**127:
        raise Unread("a number that is too large")
    elif isinstance(value, list):
        for item in value:
            _plain(item, depth + 1)
    elif isinstance(value, dict):
        for name, member in value.items():
            _plain(name, depth)
            _plain(member, depth + 1)


def _read(text: str | bytes, bytes_max: int) -> Any:
    try:
        data = text.encode() if isinstance(text, str) else text
        if len(data) > bytes_max:
            raise Unread(f"{len(data)} bytes, {bytes_max} are read at most")
        value = json.loads(data.decode(), object_pairs_hook=_once, parse_constant=_refuse)
    except (UnicodeError, RecursionError, json.JSONDecodeError) as fault:
        raise Unread(str(fault)) from fault
    _plain(value)
    return value


def _micros(text: str) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        raise Unread(f"{text!r} is no time with its offset")
    year, month, day, hour, minute, second = (int(found[at]) for at in range(1, 7))
    hours, minutes = int(found[9] or 0), int(found[10] or 0)
    if year < 1970 or hour > 23 or minute > 59 or second > 59 or hours > 23 or minutes > 59:
        raise Unread(f"{text!r} is no time")
    try:
        days = date(year, month, day).toordinal() - date(1970, 1, 1).toordinal()
    except ValueError as fault:
        raise Unread(f"{text!r} is no day") from fault
    offset = (hours * 3600 + minutes * 60) * (-1 if found[8] == "-" else 1)
    seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
    if seconds < 0:
        raise Unread(f"{text!r} is before 1970")
    return seconds * 1_000_000 + int((found[7] or "").ljust(6, "0"))


class _Members:
    """The members of an object, taken one by one, so that what is left over is seen."""

    def __init__(self, value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise Unread(f"{path}: expected an object")
        self.left, self.path = dict(value), path

    def has(self, name: str) -> bool:
        if self.left.get(name) is None:
            self.left.pop(name, None)
        return name in self.left

    def text(self, name: str) -> str:
        value = self.left.pop(name, None)
        if not isinstance(value, str) or not 1 <= len(value.encode()) <= 256:
            raise Unread(f"{self.path}.{name}: expected a text of 1 to 256 bytes")
        return value

    def maybe(self, name: str) -> str | None:
        return self.text(name) if self.has(name) else None

    def list(self, name: str, most: int) -> list[Any]:
        value = self.left.pop(name, None)
        if not isinstance(value, list) or len(value) > most:
            raise Unread(f"{self.path}.{name}: expected a list of at most {most}")
        return value

    def each(self, name: str, most: int) -> list[_Members]:
        return [_Members(item, f"{self.path}.{name}[{at}]") for at, item in enumerate(self.list(name, most))]

    def object(self, name: str) -> _Members:
        return _Members(self.left.pop(name, None), f"{self.path}.{name}")

    def number(self, name: str) -> int:
        value = self.left.pop(name, None)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**64:
            raise Unread(f"{self.path}.{name}: expected a whole number from 0 on")
        return value

    def digest(self, name: str, tag: str = "") -> str:
        text = self.text(name)
        if not text.startswith(tag) or not _HEX.fullmatch(text[len(tag) :]):
            raise Unread(f"{self.path}.{name}: expected {tag} and 64 lower-case hexadecimal digits")
        return text[len(tag) :]

    def time(self, name: str) -> tuple[str, int]:
        text = self.text(name)
        return text, _micros(text)

    def maybe_time(self, name: str) -> tuple[str, int] | None:
        return self.time(name) if self.has(name) else None

    def bytes(self, name: str, most: int = 8192) -> bytes:
        value = self.left.pop(name, None)
        try:
            data = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
        except (binascii.Error, ValueError) as fault:
            raise Unread(f"{self.path}.{name}: expected base64") from fault
        if not 1 <= len(data) <= most or base64.b64encode(data).decode() != value:
            raise Unread(f"{self.path}.{name}: expected bytes in base64, padded")
        return data

    def protocol(self, expected: str) -> None:
        found = self.text("protocol")
        if found != expected:
            raise Unread(f"the protocol is {found!r}, here {expected!r} is read")

    def close(self) -> None:
        for name in self.left:
            raise Unread(f"{self.path}.{name}: a member that this format does not have")


def _distinct(what: str, names: list[str]) -> None:
    if len(set(names)) != len(names):
        raise Unread(f"{what}: two of one name")


@dataclass
class Record:
    """A record, as it stands."""

    header: dict[str, str]
    items: list[dict[str, Any]]
    merkle_root: str
    bundle_hash: str
    claim: str
    envelope: dict[str, Any] | None

    @classmethod
    def parse(cls, text: str | bytes) -> Record:
        """Reads a record strictly."""
        of = _Members(_read(text, 8 << 20), "record")
        of.protocol(PROTOCOL)
        header = {"protocol": PROTOCOL} | {name: of.text(name) for name in ("record_id", "tenant_id", "created_at")}
        items = []
        for item in of.each("items", 1024):
            if "data" not in item.left:
                raise Unread(f"{item.path}.data: expected a value")
            data = item.left.pop("data")
            read = {"id": item.text("id"), "label": item.maybe("label"), "content_hash": item.digest("content_hash")}
            item.close()
            items.append(read | {"data": data})
        _distinct("record.items", [item["id"] for item in items])
        root, bundle = of.digest("merkle_root"), of.digest("bundle_hash")
        claim = of.text("claim_level")
        if claim not in LEVELS:
            raise Unread("record.claim_level: expected a level of evidence")
        envelope = cls._envelope(of.left.pop("attestation")) if of.has("attestation") else None
        of.close()
        return cls(header, items, root, bundle, claim, envelope)

    @staticmethod
    def _envelope(value: Any) -> dict[str, Any]:
        of = _Members(value, "attestation")
        digest, key, signature, validity = (of.object(name) for name in ("digest", "key", "signature", "validity"))
        signed_at = validity.time("signed_at")
        if (digest.maybe("algorithm") or "SHA-256") != "SHA-256":
            raise Unread("attestation.digest.algorithm: expected SHA-256")
        return {
            "digest": digest.digest("value"),
            "key_id": key.text("key_id"),
            "fingerprint": key.digest("fingerprint"),
            "algorithm": signature.text("algorithm"),
            "signature": signature.bytes("value"),
            "signed_at": signed_at,
        }


@dataclass
class TrustRoot:
    """A version of the root."""

    version: int
    issuer: str
    issued_at: tuple[str, int]
    expires_at: tuple[str, int]
    previous: str | None
    root_keys: list[dict[str, Any]]
    threshold: int
    operational: dict[str, dict[str, Any]]
    freshness_s: int
    signatures: list[tuple[str, bytes]]
    signed: bytes

    @classmethod
    def parse(cls, text: str | bytes) -> TrustRoot:
        """Reads a root; a member that the format does not have is refused."""
        return cls.of(_read(text, 1 << 20))

    @classmethod
    def of(cls, value: Any) -> TrustRoot:
        """A root that was read as JSON already."""
        of = _Members(value, "trust_root")
        of.protocol(ROOT_PROTOCOL)
        keys, operational, signatures = [], {}, []
        version, issuer = of.number("version"), of.text("issuer")
        issued, expires = of.time("issued_at"), of.time("expires_at")
        previous = of.digest("previous_root_hash", "sha256:") if of.has("previous_root_hash") else None
        for key in of.each("root_keys", 256):
            keys.append({name: key.text(name) for name in ("key_id", "algorithm")} | {"key": key.bytes("public_key")})
            key.close()
        _distinct("trust_root.root_keys", [key["key_id"] for key in keys])
        threshold = of.number("threshold")
        listed = of.each("operational_keys", 256)
        for key in listed:
            roles = key.list("roles", 16)
            if not all(isinstance(role, str) for role in roles):
                raise Unread(f"{key.path}.roles: expected texts")
            name = key.text("key_id")
            operational[name] = {
                "algorithm": key.text("algorithm"),
                "key": key.bytes("public_key"),
                "roles": roles,
                "from": key.maybe_time("valid_from"),
                "until": key.maybe_time("valid_until"),
                "revoked": [],
            }
            key.close()
        if len(operational) != len(listed):
            raise Unread("trust_root.operational_keys: two of one name")
        fresh = of.number("revocation_freshness_policy_seconds")
        for by in of.each("signatures", 256):
            signatures.append((by.text("key_id"), by.bytes("value")))
            by.close()
        of.close()
        signed = canonical({name: member for name, member in value.items() if name != "signatures"})
        return cls(
            version, issuer, issued, expires, previous, keys, threshold, operational, fresh, signatures, signed
        )

    def pin(self) -> str:
        """What names this root for ever."""
        return _sha256(self.signed)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(member) for name, member in value.items() if member is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


@dataclass
class TrustBundle:
    """The keys that sign evidence, and what was revoked."""

    issued_at: tuple[str, int]
    keys: list[dict[str, Any]]
    root: tuple[int, str]
    chain: list[TrustRoot]
    head: tuple[int, str] | None
    events: list[dict[str, Any]]
    by: tuple[str, str, bytes]
    signed: bytes

    @classmethod
    def parse(cls, text: str | bytes) -> TrustBundle:
        """Reads a bundle; what is not known here is signed, and says nothing."""
        value = _read(text, 32 << 20)
        of = _Members(value, "trust_bundle")
        issued = of.time("issued_at")
        keys = []
        for key in of.each("keys", 16_384):
            keys.append(
                {
                    "key_id": key.text("key_id"),
                    "key_ref": key.maybe("key_ref"),
                    "algorithm": key.text("algorithm"),
                    "key": key.bytes("public_key"),
                    "from": key.maybe_time("valid_from"),
                    "until": key.maybe_time("valid_until"),
                    "revoked_at": key.maybe_time("revoked_at"),
                }
            )
            key.maybe("revocation_reason")
        _distinct("trust_bundle.keys", [key["key_id"] for key in keys])
        under = of.object("trust_root")
        root = (under.number("version"), under.digest("root_hash", "sha256:"))
        chain = [TrustRoot.of(it) for it in of.list("trust_root_chain", 64)] if of.has("trust_root_chain") else []
        head, events = None, []
        if of.has("revocation_checkpoint"):
            checkpoint = of.object("revocation_checkpoint")
            head = _head(checkpoint)
            events = [_event(event) for event in checkpoint.each("events", 65_536)]
            checkpoint.close()
        by = of.object("signature")
        if by.text("digest_algorithm") != "SHA-256":
            raise Unread("trust_bundle.signature.digest_algorithm: expected SHA-256")
        signature = (by.text("key_id"), by.text("algorithm"), by.bytes("value"))
        left_out = ("signature", "signature_id", "audit_id")
        signed = canonical({name: it for name, it in _without_nulls(value).items() if name not in left_out})
        return cls(issued, keys, root, chain, head, events, signature, signed)


def _head(of: _Members) -> tuple[int, str]:
    if of.text("algorithm") != MERKLE:
        raise Unread(f"{of.path}.algorithm: expected {MERKLE}")
    return of.number("tree_size"), of.digest("root_hash", "sha256:")


def parse_checkpoint(text: str | bytes) -> tuple[int, str]:
    """Reads the head of a list of revocations that was kept."""
    of = _Members(_read(text, 4096), "checkpoint")
    head = _head(of)
    of.close()
    return head


def _event(of: _Members) -> dict[str, Any]:
    stated = of.digest("content_hash")
    said = {name: member for name, member in of.left.items() if member is not None}
    event = {"key_id": of.text("key_id"), "key_ref": of.maybe("key_ref"), "revoked_at": of.time("revoked_at")}
    published = of.maybe_time("published_at")
    of.maybe("revocation_reason")
    of.close()
    place = ((published or event["revoked_at"])[1], event["key_id"].encode())
    return event | {"place": place, "stated": stated, "computed": _sha256(canonical(said))}


def _holds(algorithm: str, key: bytes, signed: bytes, value: bytes) -> bool:
    """Whether a signature over SHA-256 of what is signed fits the key; `_Other` where that cannot be told here."""
    digest = hashlib.sha256(signed).digest()
    pre = Prehashed(hashes.SHA256())
    raw = {
        "ML-DSA-44": mldsa.MLDSA44PublicKey,
        "ML-DSA-65": mldsa.MLDSA65PublicKey,
        "ML-DSA-87": mldsa.MLDSA87PublicKey,
    }
    curves: dict[str, type[ec.EllipticCurve]] = {"ECDSA-P256": ec.SECP256R1, "ECDSA-P384": ec.SECP384R1}
    try:
        if algorithm in raw:
            raw[algorithm].from_public_bytes(key).verify(value, digest)
        elif algorithm == "Ed25519":
            ed25519.Ed25519PublicKey.from_public_bytes(key).verify(value, digest)
        elif algorithm == "RSA-PSS-SHA256":
            of_rsa = serialization.load_der_public_key(key)
            if not isinstance(of_rsa, rsa.RSAPublicKey) or not 2048 <= of_rsa.key_size <= 8192:
                return False
            # The longest salt, said as a number: as a name it means any length to who verifies. RFC 8017 section 9.1.2.
            salt = (of_rsa.key_size + 6) // 8 - 34
            scheme = padding.PSS(padding.MGF1(hashes.SHA256()), salt)
            of_rsa.verify(value, digest, scheme, pre)
        else:
            curve = curves[algorithm]()
            point = key[:1] in (b"\x02", b"\x03", b"\x04")
            of_ec = (
                ec.EllipticCurvePublicKey.from_encoded_point(curve, key)
                if point
                else serialization.load_der_public_key(key)
            )
            if not isinstance(of_ec, ec.EllipticCurvePublicKey) or of_ec.curve.name != curve.name:
                return False
            of_ec.verify(value, digest, ec.ECDSA(pre))
    except UnsupportedAlgorithm as fault:
        # Of these two the key says nothing that could be unknown, so it is the platform that lacks them.
        if algorithm in raw or algorithm == "Ed25519":
            raise _Other("unknown", f"{algorithm} is not there on this platform") from fault
        return False
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def root_over(digests: list[str]) -> str:
    """RFC 9162's root over digests: each is the content of a leaf."""

    def over(leaves: list[bytes]) -> bytes:
        if len(leaves) < 2:
            return leaves[0] if leaves else hashlib.sha256(b"").digest()
        split = 1 << (len(leaves) - 1).bit_length() - 1
        return hashlib.sha256(b"\x01" + over(leaves[:split]) + over(leaves[split:])).digest()

    return over([hashlib.sha256(b"\x00" + bytes.fromhex(it)).digest() for it in digests]).hex()


@dataclass
class Report:
    """What was found: each check with its outcome, and what the record shows."""

    checks: dict[str, tuple[str, str]] = field(default_factory=dict)
    confirmed: str = "INVALID"
    trust_chain: str | None = None

    @property
    def verdict(self) -> str:
        """The worst of all."""
        order = {"failed": "FAILED", "unknown": "UNKNOWN", "stale": "STALE", "without_status": "OFFLINE_WITHOUT_STATUS"}
        found = {outcome for outcome, _ in self.checks.values()}
        return next((verdict for outcome, verdict in order.items() if outcome in found), "VERIFIED")

    @property
    def decided_by(self) -> str | None:
        """The first check that decides the verdict, unless all hold."""
        worst = next((it for it in ("failed", "unknown", "stale", "without_status") if self._any(it)), None)
        return next((code for code, (outcome, _) in self.checks.items() if outcome == worst), None)

    def _any(self, outcome: str) -> bool:
        return any(found == outcome for found, _ in self.checks.values())

    def _held(self, *codes: str) -> bool | None:
        told = {"failed": False, "unknown": None, "skipped": None}
        held = [told.get(self.checks[code][0], True) if code in self.checks else None for code in codes]
        return False if False in held else None if None in held else True

    @property
    def details(self) -> dict[str, bool | None]:
        """The four details, each by itself; none: not known."""
        sealed = self._held("content_hashes", "merkle_root", "bundle_hash")
        return {
            "bundle_hash_verified": False if self._held("attestation") is False else sealed,
            "signature_valid": self._held("key", "signature"),
            "key_not_revoked": self._held("key_revocation"),
            "timestamp_within_validity": self._held("key_validity"),
        }


class Trust:
    """Trust documents, judged once."""

    def __init__(
        self,
        now: int,
        root: TrustRoot | None = None,
        bundle: TrustBundle | None = None,
        pin: str | None = None,
        kept: tuple[int, str] | None = None,
    ) -> None:
        self.now, self.bundle, self.checks = now, bundle, {}
        self.root: TrustRoot | None = None
        none = ("skipped", "no trust bundle was given")
        self.checks["trust_root"] = self._judge(lambda: self._last_root(root, pin))
        if bundle is None:
            self.checks["trust_bundle"] = none
            self.checks["revocations"] = ("without_status", "what was revoked was not told") if self.root else none
        else:
            self.checks["trust_bundle"] = self._judge(lambda: self._bundle_holds(bundle))
            self.checks["revocations"] = self._judge(lambda: self._revocations(bundle, kept))

    @staticmethod
    def _judge(check: Any) -> tuple[str, str]:
        try:
            check()
            return "passed", ""
        except _Failed as fault:
            return "failed", str(fault)
        except _Other as other:
            return other.outcome, str(other)

    @property
    def is_believed(self) -> bool:
        """Whether what they say of keys is believed, if perhaps not up to date."""
        return self.root is not None and all(it not in ("failed", "unknown") for it, _ in self.checks.values())

    def _last_root(self, root: TrustRoot | None, pin: str | None) -> None:
        """Rules T1 to T4."""
        chain = self.bundle.chain if self.bundle else []
        root = root or next((it for it in chain if it.pin() == pin), None)
        if root is None:
            raise _Other("unknown", "no trust root was given")
        if pin is not None and root.pin() != pin:
            raise _Failed(f"the trust root is sha256:{root.pin()}, sha256:{pin} is pinned")
        self._well_formed(root)
        self._signed_by(root, root)
        for following in chain:
            if following.version == root.version and following.pin() != root.pin():
                raise _Failed(f"two roots of version {root.version}")
            if following.version > root.version:
                self._well_formed(following)
                self._follows(root, following)
                root = following
        self.root = root
        self._of_time("the trust root", root.issued_at[1], root.expires_at[1])

    @staticmethod
    def _well_formed(root: TrustRoot) -> None:
        keys = {key["key"] for key in root.root_keys}
        fits = (
            root.version > 0
            and (root.version == 1) == (root.previous is None)
            and len(keys) == len(root.root_keys)
            and 0 < root.threshold <= len(keys)
            and root.issued_at[1] < root.expires_at[1]
        )
        if not fits:
            raise _Failed(f"trust root {root.version} does not fit together")

    @staticmethod
    def _signed_by(root: TrustRoot, by: TrustRoot) -> None:
        found = sum(
            any(
                name == key["key_id"]
                and key["algorithm"] in ALGORITHMS
                and _holds(key["algorithm"], key["key"], root.signed, value)
                for name, value in root.signatures
            )
            for key in by.root_keys
        )
        if found < by.threshold:
            raise _Failed(f"trust root {root.version}: {found} of {by.threshold} keys of version {by.version} signed")

    def _follows(self, root: TrustRoot, following: TrustRoot) -> None:
        fits = (
            following.version == root.version + 1
            and following.previous == root.pin()
            and following.issuer == root.issuer
            and following.issued_at[1] >= root.issued_at[1]
        )
        if not fits:
            raise _Failed(f"trust root {following.version} does not follow from version {root.version}")
        self._signed_by(following, root)
        self._signed_by(following, following)

    def _of_time(self, what: str, issued: int, until: int) -> None:
        if issued > self.now + SKEW_US:
            raise _Failed(f"{what} is of a time that is not yet")
        if self.now >= until:
            raise _Other("stale", f"{what} is too old")

    def _bundle_holds(self, bundle: TrustBundle) -> None:
        """Rules B1 to B3."""
        if self.root is None:
            raise _Other("skipped", "no trust root is believed")
        if bundle.root != (self.root.version, self.root.pin()):
            raise _Failed("the trust bundle is made under another root")
        name, algorithm, value = bundle.by
        key = self.root.operational.get(name)
        if key is None or "bundle_signing" not in key["roles"] or key["algorithm"] != algorithm:
            raise _Failed(f"{name} may not sign this bundle")
        if algorithm not in ALGORITHMS:
            raise _Other("unknown", f"the algorithm {algorithm} is not known here")
        if not _holds(algorithm, key["key"], bundle.signed, value):
            raise _Failed("the signature of the bundle does not fit")
        revoked = [event["revoked_at"] for event in bundle.events if event["key_id"] == name]
        _valid_at(key, bundle.issued_at)
        _not_revoked_at(key | {"revoked": revoked}, bundle.issued_at)
        until = bundle.issued_at[1] + self.root.freshness_s * 1_000_000
        self._of_time("the trust bundle", bundle.issued_at[1], until)

    @staticmethod
    def _revocations(bundle: TrustBundle, kept: tuple[int, str] | None) -> None:
        """Rules C1 to C4."""
        if bundle.head is None:
            if kept is not None and kept[0] > 0:
                raise _Failed(f"0 revocations, {kept[0]} were known before")
            raise _Other("without_status", "what was revoked was not told")
        for at, event in enumerate(bundle.events):
            if event["computed"] != event["stated"]:
                raise _Failed(f"revocation {at} has another digest")
        if any(one["place"] >= other["place"] for one, other in zip(bundle.events, bundle.events[1:])):
            raise _Failed("a revocation stands behind a later one")
        digests = [event["stated"] for event in bundle.events]
        if bundle.head != (len(digests), root_over(digests)):
            raise _Failed("the head is not that of the revocations")
        if kept is not None and kept[0] > len(digests):
            raise _Failed(f"{len(digests)} revocations, {kept[0]} were known before")
        if kept is not None and root_over(digests[: kept[0]]) != kept[1]:
            raise _Failed("the list of revocations begins otherwise than it did")

    def key(self, name: str) -> dict[str, Any]:
        """The key of that name, whose signatures of evidence count."""
        if any(outcome == "failed" for outcome, _ in self.checks.values()):
            raise _Other("skipped", "the trust documents are not believed")
        in_root = self.root.operational.get(name) if self.root else None
        if self.bundle is None:
            if self.root is None:
                raise _Other("skipped", "nobody says which keys are good")
            if in_root is None or "evidence_signing" not in in_root["roles"]:
                raise _Failed(f"the key {name!r} is not listed for evidence")
            return in_root
        named = [key for key in self.bundle.keys if key["key_id"] == name]
        named += [key for key in self.bundle.keys if key["key_ref"] == name][-1:]
        if not named:
            if self.root is None:
                raise _Other("unknown", f"the key {name!r} is not listed")
            raise _Failed(f"the key {name!r} is not listed")
        key = named[0]
        if in_root is not None and (in_root["key"] != key["key"] or "evidence_signing" not in in_root["roles"]):
            raise _Failed(f"the trust root means another by {name!r}")
        names = {name, key["key_id"], key["key_ref"]} - {None}
        ended = [it["revoked_at"] for it in self.bundle.events if it["key_id"] in names or it["key_ref"] in names]
        return key | {"revoked": ended + ([key["revoked_at"]] if key["revoked_at"] else [])}

    def chain_to(self, name: str) -> str | None:
        """From the root to the key that signed, in words; none unless all of it is believed."""
        if self.root is None or not self.is_believed:
            return None
        try:
            self.key(name)
        except (_Failed, _Other):
            return None
        by = [self.bundle.by[0]] if self.bundle else []
        return " → ".join([f"{self.root.issuer} root {self.root.version}", *by, name])


def _valid_at(key: Mapping[str, Any], signed_at: tuple[str, int]) -> None:
    if key["from"] and signed_at[1] < key["from"][1]:
        raise _Failed(f"signed at {signed_at[0]}, the key is good from {key['from'][0]} on")
    if key["until"] and signed_at[1] >= key["until"][1]:
        raise _Failed(f"signed at {signed_at[0]}, the key was good before {key['until'][0]}")


def _not_revoked_at(key: Mapping[str, Any], signed_at: tuple[str, int]) -> None:
    for revoked in key["revoked"]:
        if revoked[1] <= signed_at[1]:
            raise _Failed(f"signed at {signed_at[0]}, the key is revoked from {revoked[0]} on")


def verify(
    record: Record, trust: Trust, artifacts: Mapping[str, str] | None = None, at_least: str | None = None
) -> Report:
    """Checks a record; `artifacts` are files that were found beside it, by name, with the SHA-256 of each."""
    report = Report()
    add = lambda code, check: report.checks.__setitem__(code, Trust._judge(check))  # noqa: E731
    add("content_hashes", lambda: _contents(record))
    digests = [item["content_hash"] for item in record.items]
    add("merkle_root", lambda: _same("the items' root", root_over(digests), record.merkle_root))
    sealed = [{"id": item["id"], "content_hash": item["content_hash"]} for item in record.items]
    computed = _sha256(canonical(record.header | {"items": sealed, "merkle_root": record.merkle_root}))
    add("bundle_hash", lambda: _same("the bundle hash", computed, record.bundle_hash))
    is_sealed = all(outcome == "passed" for outcome, _ in report.checks.values())
    report.checks |= trust.checks
    envelope = record.envelope
    codes = ("key", "signature", "key_validity", "key_revocation")
    if envelope is None:
        report.checks["attestation"] = ("unknown", "nobody signed it")
        report.checks |= {code: ("skipped", "nobody signed it") for code in codes}
    else:
        add("attestation", lambda: _same("what the envelope is about", envelope["digest"], record.bundle_hash))
        try:
            key = trust.key(envelope["key_id"])
        except _Failed as fault:
            report.checks["key"] = ("failed", str(fault))
        except _Other as other:
            report.checks["key"] = (other.outcome, str(other))
        else:
            add("key", lambda: _named(envelope, key))
            add("signature", lambda: _signature(envelope, key, record.bundle_hash))
            add("key_validity", lambda: _valid_at(key, envelope["signed_at"]))
            add("key_revocation", lambda: _not_revoked_at(key, envelope["signed_at"]))
        for code in codes:
            report.checks.setdefault(code, ("skipped", "its key is not known"))
    of_signature = [report.checks[code][0] for code in ("attestation", *codes)]
    holds = trust.is_believed and all(outcome == "passed" for outcome in of_signature)
    algorithm = envelope["algorithm"] if envelope else None
    known = algorithm if algorithm in ALGORITHMS else None
    bound = _bound(record)
    # What its parts would show if all of them held; an algorithm that is not known here counts as the best.
    possible = _level(True, known or ("ML-DSA-65" if algorithm else None), bound)
    confirmed = min(LEVELS.index(record.claim), _level(is_sealed, known if holds else None, bound))
    report.confirmed = LEVELS[confirmed]
    add("claim", lambda: _claim(record.claim, possible))
    if not artifacts:
        report.checks["artifacts"] = ("skipped", "no file was given")
    elif not is_sealed:
        report.checks["artifacts"] = ("skipped", "an item is not what it says")
    else:
        add("artifacts", lambda: _artifacts(record, artifacts))
    if at_least is None:
        report.checks["level"] = ("skipped", "no level was asked for")
    elif confirmed >= LEVELS.index(at_least):
        report.checks["level"] = ("passed", "")
    else:
        may = is_sealed and "failed" not in of_signature
        may = may and min(LEVELS.index(record.claim), possible) >= LEVELS.index(at_least)
        report.checks["level"] = ("unknown" if may else "failed", f"{report.confirmed} is confirmed")
    report.trust_chain = trust.chain_to(envelope["key_id"]) if envelope else None
    return report


def _same(what: str, found: str, expected: str) -> None:
    if found != expected:
        raise _Failed(f"{what} is {found}, {expected} is stated")


def _contents(record: Record) -> None:
    for item in record.items:
        _same(f"the digest of item {item['id']!r}", _sha256(canonical(item["data"])), item["content_hash"])


def _named(envelope: Mapping[str, Any], key: Mapping[str, Any]) -> None:
    _same("the listed key's fingerprint", _sha256(key["key"]), envelope["fingerprint"])
    _same("the envelope's algorithm", envelope["algorithm"], key["algorithm"])


def _signature(envelope: Mapping[str, Any], key: Mapping[str, Any], bundle_hash: str) -> None:
    if key["algorithm"] not in ALGORITHMS:
        raise _Other("unknown", f"the algorithm {key['algorithm']!r} is not known here")
    if not _holds(key["algorithm"], key["key"], bundle_hash.encode(), envelope["signature"]):
        raise _Failed("the signature does not fit the key and the digest")


def _bound(record: Record) -> bool:
    data = next((item["data"] for item in record.items if item["label"] == "Execution"), None)
    names = ("compiled_artifact_hash", "provider_job_id", "raw_provider_result_hash")
    return isinstance(data, dict) and all(isinstance(data.get(it), str) and data[it] for it in names)


def _level(is_sealed: bool, algorithm: str | None, bound: bool) -> int:
    if not is_sealed:
        return 0
    if algorithm is None:
        return 1
    if algorithm not in POST_QUANTUM:
        return 2
    return 4 if bound else 3


def _claim(claim: str, possible: int) -> None:
    if claim == "INVALID" or LEVELS.index(claim) > possible:
        raise _Failed(f"it claims to be {claim} and can be {LEVELS[possible]} at best")


def _artifacts(record: Record, files: Mapping[str, str]) -> None:
    described: dict[str, str] = {}
    for item in record.items:
        data = item["data"] if isinstance(item["data"], dict) else {}
        name, digest = data.get("name"), data.get("hash")
        if isinstance(name, str) and isinstance(digest, str) and _HEX.fullmatch(digest.removeprefix("sha256:")):
            if digest.startswith("sha256:"):
                described.setdefault(name, digest[7:])
    for name, found in files.items():
        if name not in described:
            raise _Failed(f"no item describes a file {name!r}")
        _same(f"the digest of the file {name!r}", found, described[name])

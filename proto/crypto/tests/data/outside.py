"""Signatures under one digest by every algorithm that evidence names, made by pyca/cryptography."""
import base64, hashlib, json, sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

signed = b"4c5f3d0312c81ba4af11c5558a4d7cd1d7dd422627cf92bba8405583bc282aa6"
digest = hashlib.sha256(signed).digest()
raw = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
spki = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
point = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
out = []

def add(name, key, form, signature, note):
    public = key.public_key().public_bytes(*form)
    b64 = lambda b: base64.b64encode(b).decode()
    out.append({"algorithm": name, "note": note, "public_key": b64(public), "signature": b64(signature)})

for name, kind in (("ML-DSA-44", mldsa.MLDSA44PrivateKey), ("ML-DSA-65", mldsa.MLDSA65PrivateKey), ("ML-DSA-87", mldsa.MLDSA87PrivateKey)):
    key = kind.from_seed_bytes(bytes(range(32)))
    add(name, key, raw, key.sign(digest), "raw key")
key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
add("Ed25519", key, raw, key.sign(digest), "raw key")
pre = Prehashed(hashes.SHA256())
key = rsa.generate_private_key(65537, 2048)
sign = lambda salt: key.sign(digest, padding.PSS(padding.MGF1(hashes.SHA256()), salt), pre)
add("RSA-PSS-SHA256", key, spki, sign(padding.PSS.MAX_LENGTH), "longest salt")
refused = {"algorithm": "RSA-PSS-SHA256", "signature": base64.b64encode(sign(32)).decode(), "note": "salt of 32 bytes", "public_key": out[-1]["public_key"]}
for name, curve in (("ECDSA-P256", ec.SECP256R1()), ("ECDSA-P384", ec.SECP384R1())):
    key = ec.generate_private_key(curve)
    signature = key.sign(digest, ec.ECDSA(pre))
    add(name, key, spki, signature, "SubjectPublicKeyInfo")
    add(name, key, point, signature, "SEC 1 point")
json.dump({"signed": signed.decode(), "digest": digest.hex(), "holds": out, "refused": [refused]}, sys.stdout, indent=1)
print()

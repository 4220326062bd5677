"""Tells schemathesis how bodies are written whose types it does not know: byte for byte."""

import schemathesis

schemathesis.serializer.alias(
    [
        "application/cose",
        "application/scitt-statement+cose",
        "application/jose",
        "application/jose+json",
        "application/vnd.dsse.envelope.v1+json",
        "application/vnd.quorate.http-signature.v1+json",
        "application/qwed-attestation+jwt",
    ],
    "application/octet-stream",
)

//! What an authority answers, read as far as its shape goes. Source: RFC 3161 §2.4.2; RFC 5652 §5.

use der::Tag;
use der::asn1::ObjectIdentifier;

use super::parts::{DerFault, Part, Parts, context};
use super::time;

/// Largest answer, in bytes: a token with the certificates of its authority.
pub const RESPONSE_BYTES_MAX: usize = 64 << 10;
/// Most certificates in a token.
const CERTIFICATES_MAX: usize = 16;
/// How much of the authority's words is shown, in characters.
const WORDS_MAX: usize = 200;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub(super) const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// The status, and the token if there is one.
pub(super) struct Response<'a> {
    pub status: u64,
    /// What the authority said, for humans.
    pub words: String,
    pub token: Option<Token<'a>>,
}

/// A token: what was signed, by whom, and their certificates.
pub(super) struct Token<'a> {
    /// The bytes of `info`, which the signature names by a digest.
    pub content: &'a [u8],
    pub info: Info<'a>,
    /// Certificates, in DER.
    pub certificates: Vec<&'a [u8]>,
    pub signer: Signer<'a>,
}

/// What an authority says.
pub(super) struct Info<'a> {
    pub policy: ObjectIdentifier,
    pub hash: ObjectIdentifier,
    pub imprint: &'a [u8],
    pub serial: &'a [u8],
    pub time_ms: u64,
    /// In microseconds.
    pub accuracy_us: Option<u64>,
    /// The contents of the number, as it was written.
    pub nonce: Option<&'a [u8]>,
}

/// Who signed.
pub(super) struct Signer<'a> {
    pub sid: SignerId<'a>,
    pub digest: ObjectIdentifier,
    /// The attributes, as they are written one after another.
    pub attributes: &'a [u8],
    pub algorithm: ObjectIdentifier,
    pub signature: &'a [u8],
}

/// How a signer's certificate is named.
pub(super) enum SignerId<'a> {
    /// By its issuer's name, whole, and the contents of its serial number.
    IssuerAndSerial { issuer: &'a [u8], serial: &'a [u8] },
    /// By the identifier of its key.
    KeyId(&'a [u8]),
}

impl<'a> Response<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, DerFault> {
        let mut outer = Parts::new("answer", bytes)?;
        let response = outer.expect("TimeStampResp", Tag::Sequence)?;
        outer.end()?;
        let mut parts = response.parts()?;
        let mut info = parts.expect("PKIStatusInfo", Tag::Sequence)?.parts()?;
        let status = info.expect("status", Tag::Integer)?.number()?;
        let mut words = Vec::new();
        if let Some(text) = info.optional("statusString", Tag::Sequence)? {
            let mut lines = text.parts()?;
            while let Some(line) = lines.next()? {
                words.push(String::from_utf8_lossy(line.value).into_owned());
            }
        }
        info.optional("failInfo", Tag::BitString)?;
        info.end()?;
        let words = words.join(" ");
        let words = words.chars().map(|c| if c.is_control() { ' ' } else { c });
        let token = parts.optional("ContentInfo", Tag::Sequence)?;
        parts.end()?;
        Ok(Self {
            status,
            words: words.take(WORDS_MAX).collect(),
            token: token.map(|part| Token::read(&part)).transpose()?,
        })
    }
}

impl<'a> Token<'a> {
    fn read(content_info: &Part<'a>) -> Result<Self, DerFault> {
        let mut parts = content_info.parts()?;
        let kind = parts.expect("contentType", Tag::ObjectIdentifier)?;
        if kind.oid()? != SIGNED_DATA {
            return Err(kind.refused());
        }
        let signed = parts.expect("content", context(0))?.only(Tag::Sequence)?;
        parts.end()?;
        let mut parts = signed.parts()?;
        let version = parts.expect("CMSVersion", Tag::Integer)?;
        if !(1..=5).contains(&version.number()?) {
            return Err(version.refused());
        }
        parts.expect("digestAlgorithms", Tag::Set)?;
        let mut encapsulated = parts.expect("encapContentInfo", Tag::Sequence)?.parts()?;
        let kind = encapsulated.expect("eContentType", Tag::ObjectIdentifier)?;
        if kind.oid()? != TST_INFO {
            return Err(kind.refused());
        }
        let content = encapsulated.expect("eContent", context(0))?.only(Tag::OctetString)?.value;
        encapsulated.end()?;
        let mut certificates = Vec::new();
        if let Some(set) = parts.optional("certificates", context(0))? {
            let mut inner = set.parts()?;
            while let Some(certificate) = inner.next()? {
                if certificates.len() == CERTIFICATES_MAX {
                    return Err(DerFault::Trailing { what: "certificates" });
                }
                // Attribute certificates and older forms have other types; nobody needs them here.
                if certificate.tag == Tag::Sequence {
                    certificates.push(certificate.raw);
                }
            }
        }
        parts.optional("crls", context(1))?;
        let signers = parts.expect("signerInfos", Tag::Set)?;
        parts.end()?;
        // RFC 3161: the token has the signature of the authority, and no other.
        let signer = signers.only(Tag::Sequence)?;
        Ok(Self { content, info: Info::read(content)?, certificates, signer: Signer::read(&signer)? })
    }
}

/// The object identifier of an algorithm, and what may stand behind it.
pub(super) fn algorithm(part: &Part<'_>) -> Result<ObjectIdentifier, DerFault> {
    let mut parts = part.parts()?;
    let oid = parts.expect("algorithm", Tag::ObjectIdentifier)?.oid()?;
    parts.next()?;
    parts.end()?;
    Ok(oid)
}

impl<'a> Info<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, DerFault> {
        let mut outer = Parts::new("eContent", bytes)?;
        let info = outer.expect("TSTInfo", Tag::Sequence)?;
        outer.end()?;
        let mut parts = info.parts()?;
        let version = parts.expect("TSTInfo.version", Tag::Integer)?;
        if version.number()? != 1 {
            return Err(version.refused());
        }
        let policy = parts.expect("policy", Tag::ObjectIdentifier)?.oid()?;
        let mut imprint = parts.expect("messageImprint", Tag::Sequence)?.parts()?;
        let hash = algorithm(&imprint.expect("hashAlgorithm", Tag::Sequence)?)?;
        let hashed = imprint.expect("hashedMessage", Tag::OctetString)?.value;
        imprint.end()?;
        let serial = parts.expect("serialNumber", Tag::Integer)?.value;
        let at = parts.expect("genTime", Tag::GeneralizedTime)?;
        let time_ms = time::read(at.value).ok_or_else(|| at.refused())?;
        let accuracy_us = match parts.optional("accuracy", Tag::Sequence)? {
            None => None,
            Some(accuracy) => Some(accuracy_us(&accuracy)?),
        };
        parts.optional("ordering", Tag::Boolean)?;
        let nonce = parts.optional("nonce", Tag::Integer)?.map(|nonce| nonce.value);
        parts.optional("tsa", context(0))?;
        if let Some(extensions) = parts.optional("extensions", context(1))? {
            let mut inner = extensions.parts()?;
            while let Some(extension) = inner.next()? {
                let mut fields = extension.parts()?;
                fields.expect("extnID", Tag::ObjectIdentifier)?;
                // None is known here, so one that must be understood refuses the whole.
                if let Some(critical) = fields.optional("critical", Tag::Boolean)? {
                    return Err(critical.refused());
                }
            }
        }
        parts.end()?;
        Ok(Self { policy, hash, imprint: hashed, serial, time_ms, accuracy_us, nonce })
    }
}

fn accuracy_us(part: &Part<'_>) -> Result<u64, DerFault> {
    let mut parts = part.parts()?;
    let seconds = parts.optional("seconds", Tag::Integer)?.map(|it| it.number()).transpose()?.unwrap_or(0);
    let mut small = |number: u32| -> Result<u64, DerFault> {
        let Some(part) = parts.optional("accuracy", super::parts::context_primitive(number))? else {
            return Ok(0);
        };
        // A number from 1 to 999: two bytes at most.
        let value = part.value.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        match part.value.len() <= 2 && (1..=999).contains(&value) {
            true => Ok(value),
            false => Err(part.refused()),
        }
    };
    let (millis, micros) = (small(0)?, small(1)?);
    parts.end()?;
    seconds
        .checked_mul(1_000_000)
        .and_then(|it| it.checked_add(millis * 1_000 + micros))
        .ok_or_else(|| part.refused())
}

impl<'a> Signer<'a> {
    fn read(part: &Part<'a>) -> Result<Self, DerFault> {
        let mut parts = part.parts()?;
        let version = parts.expect("SignerInfo.version", Tag::Integer)?;
        if !matches!(version.number()?, 1 | 3) {
            return Err(version.refused());
        }
        let sid = match parts.optional("sid", super::parts::context_primitive(0))? {
            Some(key) => SignerId::KeyId(key.value),
            None => {
                let mut named = parts.expect("sid", Tag::Sequence)?.parts()?;
                let issuer = named.expect("issuer", Tag::Sequence)?.raw;
                let serial = named.expect("serialNumber", Tag::Integer)?.value;
                named.end()?;
                SignerId::IssuerAndSerial { issuer, serial }
            }
        };
        let digest = algorithm(&parts.expect("digestAlgorithm", Tag::Sequence)?)?;
        let attributes = parts.expect("signedAttrs", context(0))?.value;
        let algorithm = algorithm(&parts.expect("signatureAlgorithm", Tag::Sequence)?)?;
        let signature = parts.expect("signature", Tag::OctetString)?.value;
        parts.optional("unsignedAttrs", context(1))?;
        parts.end()?;
        Ok(Self { sid, digest, attributes, algorithm, signature })
    }
}

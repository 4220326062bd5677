//! The attributes that an authority signs: what content, and by which certificate. Source: RFC 5652 §5.4 and §11,
//! RFC 5035 §3 on `ESSCertID`, which RFC 3161 and RFC 5816 ask for.

use aws_lc_rs::digest::{self, Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};
use der::Tag;
use der::asn1::ObjectIdentifier;

use super::parts::{DerFault, Part, Parts};
use super::response::algorithm;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

const CONTENT_TYPE: ObjectIdentifier = oid("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = oid("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: ObjectIdentifier = oid("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = oid("1.2.840.113549.1.9.16.2.47");
pub(super) const OID_SHA256: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.1");
pub(super) const OID_SHA384: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.2");
pub(super) const OID_SHA512: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.3");

/// The attributes, of each of which there is one value.
pub(super) struct Attributes<'a> {
    pub content_type: ObjectIdentifier,
    pub message_digest: &'a [u8],
    pub certificate: CertificateId<'a>,
}

/// The digest that names a certificate.
pub(super) struct CertificateId<'a> {
    hash: &'static Algorithm,
    value: &'a [u8],
}

impl CertificateId<'_> {
    /// Whether it names this certificate.
    pub(super) fn names(&self, certificate: &[u8]) -> bool {
        digest::digest(self.hash, certificate).as_ref() == self.value
    }
}

/// The hash that contents are named by: none that can be made to collide.
pub(super) fn hash_of(oid: ObjectIdentifier) -> Option<&'static Algorithm> {
    match oid {
        OID_SHA256 => Some(&SHA256),
        OID_SHA384 => Some(&SHA384),
        OID_SHA512 => Some(&SHA512),
        _ => None,
    }
}

impl<'a> Attributes<'a> {
    /// Reads what stands inside the set.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, DerFault> {
        let mut parts = Parts::new("signedAttrs", bytes)?;
        let (mut content_type, mut message_digest, mut first, mut second) = (None, None, None, None);
        while let Some(attribute) = parts.next()? {
            let mut fields = attribute.parts()?;
            let kind = fields.expect("attrType", Tag::ObjectIdentifier)?;
            let values = fields.expect("attrValues", Tag::Set)?;
            fields.end()?;
            // Each may be there once: of two, one reader would take the other.
            let put = |place: &mut Option<Part<'a>>| match place.replace(values) {
                None => Ok(()),
                Some(_) => Err(kind.refused()),
            };
            match kind.oid()? {
                CONTENT_TYPE => put(&mut content_type)?,
                MESSAGE_DIGEST => put(&mut message_digest)?,
                SIGNING_CERTIFICATE => put(&mut first)?,
                SIGNING_CERTIFICATE_V2 => put(&mut second)?,
                _ => {}
            }
        }
        let content_type = content_type.ok_or(DerFault::Missing { what: "contentType" })?;
        let message_digest = message_digest.ok_or(DerFault::Missing { what: "messageDigest" })?;
        let certificate = match (second, first) {
            (Some(values), _) => certificate_v2(&values)?,
            (None, Some(values)) => certificate_v1(&values)?,
            (None, None) => return Err(DerFault::Missing { what: "signingCertificate" }),
        };
        Ok(Self {
            content_type: content_type.only(Tag::ObjectIdentifier)?.oid()?,
            message_digest: message_digest.only(Tag::OctetString)?.value,
            certificate,
        })
    }
}

/// The first identifier of the first sequence: the signer's.
fn first_id<'a>(values: &Part<'a>) -> Result<Parts<'a>, DerFault> {
    let mut signing = values.only(Tag::Sequence)?.parts()?;
    let mut ids = signing.expect("certs", Tag::Sequence)?.parts()?;
    ids.expect("ESSCertID", Tag::Sequence)?.parts()
}

fn certificate_v1<'a>(values: &Part<'a>) -> Result<CertificateId<'a>, DerFault> {
    let value = first_id(values)?.expect("certHash", Tag::OctetString)?.value;
    // SHA-1 by definition. Who forges it must make a second certificate, with the authority's name and serial number, that a
    // root trusts.
    Ok(CertificateId { hash: &SHA1_FOR_LEGACY_USE_ONLY, value })
}

fn certificate_v2<'a>(values: &Part<'a>) -> Result<CertificateId<'a>, DerFault> {
    let mut id = first_id(values)?;
    let hash = match id.optional("hashAlgorithm", Tag::Sequence)? {
        None => &SHA256,
        Some(part) => hash_of(algorithm(&part)?).ok_or_else(|| part.refused())?,
    };
    Ok(CertificateId { hash, value: id.expect("certHash", Tag::OctetString)?.value })
}

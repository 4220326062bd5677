//! What an answer shows: that a digest existed at a time, said by an authority that the reader's roots trust.
//!
//! Source: RFC 3161 §2.2, §2.3 and §2.4.2; `ledger/anchor/ANCHOR.md`, rules N2 to N4.

use std::time::Duration;

use crypto::Digest;
use der::asn1::ObjectIdentifier;
use pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::aws_lc_rs as algs;
use webpki::{EndEntityCert, KeyUsage};

use super::certificate::{self, CertificateFault};
use super::parts::{DerFault, integer, tlv};
use super::response::{RESPONSE_BYTES_MAX, Response, TST_INFO, Token};
use super::roots::Roots;
use super::signed::{Attributes, OID_SHA256, OID_SHA384, OID_SHA512, hash_of};

/// The object identifier of time-stamping as a use of a key, as it is written in DER: 1.3.6.1.5.5.7.3.8.
const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected<'a> {
    /// The digest.
    pub digest: &'a Digest,
    /// The nonce of the request; none when an answer is judged long afterwards.
    pub nonce: Option<u64>,
    /// The policy that the authority must follow, such as `1.2.3.4.1`; none: any.
    pub policy: Option<&'a str>,
}

/// What an authority said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When, in milliseconds since 1970.
    pub time_ms: u64,
    /// How far off that may be, in microseconds, if the authority says so.
    pub accuracy_us: Option<u64>,
    /// The policy that it followed.
    pub policy: String,
    /// The number of the token, in hex.
    pub serial: String,
    /// The name in its certificate.
    pub authority: String,
}

/// Why an answer shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TspError {
    /// Too many bytes.
    #[error("{found} bytes; an answer has at most {RESPONSE_BYTES_MAX}")]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// Not an answer in DER.
    #[error(transparent)]
    Der(#[from] DerFault),
    /// The authority gave no token.
    #[error("the authority refused with status {status}: {words}")]
    Rejected {
        /// Its status.
        status: u64,
        /// Its words.
        words: String,
    },
    /// It granted something, and gave nothing.
    #[error("the authority granted a token and gave none")]
    NoToken,
    /// The token is about another hash.
    #[error("the digest is one of {found}; SHA-256 was asked for")]
    ImprintAlgorithm {
        /// The algorithm found.
        found: ObjectIdentifier,
    },
    /// The token is about another digest.
    #[error("the token is of digest {found}, not of {expected}")]
    Imprint {
        /// The digest found, in hex.
        found: String,
        /// The digest asked about.
        expected: Digest,
    },
    /// The token answers another request.
    #[error("the token has nonce {found}, the request had {expected}")]
    Nonce {
        /// The nonce found, in hex; empty when there is none.
        found: String,
        /// The nonce of the request, in hex.
        expected: String,
    },
    /// The authority followed another policy.
    #[error("the token follows policy {found}, {expected} was asked for")]
    Policy {
        /// The policy found.
        found: ObjectIdentifier,
        /// The policy asked for.
        expected: String,
    },
    /// An algorithm that is not known here, or not trusted any more.
    #[error("{what} {found} is not one that is taken")]
    Algorithm {
        /// What it is for.
        what: &'static str,
        /// The algorithm found.
        found: ObjectIdentifier,
    },
    /// The signature is about another content.
    #[error("the signed attributes name another content")]
    Content,
    /// The certificate that signed is not in the token.
    #[error("none of the {count} certificates in the token is the one that the signature names")]
    NoCertificate {
        /// Certificates in the token.
        count: usize,
    },
    /// The signer is named in two ways that disagree.
    #[error("the signature names one certificate by its digest and another by issuer and number")]
    TwoCertificates,
    /// The certificate is no authority's.
    #[error("the certificate is none of a time-stamping authority: {0}")]
    Certificate(#[from] CertificateFault),
    /// No chain of certificates leads to a root, as of the token's time.
    #[error("no chain leads from the authority's certificate to a root that was given: {fault}")]
    Chain {
        /// What is wrong.
        fault: String,
    },
    /// The signature does not hold.
    #[error("the authority's signature does not hold")]
    Signature,
}

/// Judges an answer.
///
/// The certificates are judged as of the time in the token: an authority whose certificate ended later was one then.
/// Lists of revoked certificates are not asked for.
///
/// # Errors
/// `TspError`, the first check that fails.
pub fn verify(response: &[u8], expected: &Expected<'_>, roots: &Roots) -> Result<Stamp, TspError> {
    if response.len() > RESPONSE_BYTES_MAX {
        return Err(TspError::TooLong { found: response.len() });
    }
    let Response { status, words, token } = Response::read(response)?;
    // rule N2: granted, or granted with changes; all other statuses are refusals.
    if status > 1 {
        return Err(TspError::Rejected { status, words });
    }
    let token = token.ok_or(TspError::NoToken)?;
    asked_for(&token, expected)?;
    let authority = signed(&token, roots)?;
    let info = &token.info;
    Ok(Stamp {
        time_ms: info.time_ms,
        accuracy_us: info.accuracy_us,
        policy: info.policy.to_string(),
        serial: hex::encode(info.serial),
        authority,
    })
}

/// Whether the token answers what was asked. Rule N2.
fn asked_for(token: &Token<'_>, expected: &Expected<'_>) -> Result<(), TspError> {
    let info = &token.info;
    if info.hash != OID_SHA256 {
        return Err(TspError::ImprintAlgorithm { found: info.hash });
    }
    if info.imprint != expected.digest.as_bytes() {
        let found = hex::encode(info.imprint);
        return Err(TspError::Imprint { found, expected: *expected.digest });
    }
    if let Some(nonce) = expected.nonce {
        // The contents behind type and length.
        let wanted = integer(nonce).split_off(2);
        if info.nonce != Some(wanted.as_slice()) {
            let found = hex::encode(info.nonce.unwrap_or_default());
            return Err(TspError::Nonce { found, expected: hex::encode(wanted) });
        }
    }
    match expected.policy {
        Some(policy) if info.policy.to_string() != policy => {
            Err(TspError::Policy { found: info.policy, expected: policy.to_owned() })
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether an authority signed the token; gives its name. Rules N3 and N4.
fn signed(token: &Token<'_>, roots: &Roots) -> Result<String, TspError> {
    let signer = &token.signer;
    let attributes = Attributes::read(signer.attributes)?;
    let hash = hash_of(signer.digest);
    let hash = hash.ok_or(TspError::Algorithm { what: "the hash of the content", found: signer.digest })?;
    let digest = aws_lc_rs::digest::digest(hash, token.content);
    if attributes.content_type != TST_INFO || digest.as_ref() != attributes.message_digest {
        return Err(TspError::Content);
    }
    let named = token.certificates.iter().find(|it| attributes.certificate.names(it));
    let certificate = named.ok_or(TspError::NoCertificate { count: token.certificates.len() })?;
    if !certificate::is_named(certificate, &signer.sid) {
        return Err(TspError::TwoCertificates);
    }
    let authority = certificate::check(certificate)?;

    let chain = |fault: webpki::Error| TspError::Chain { fault: fault.to_string() };
    let others: Vec<CertificateDer<'_>> = token
        .certificates
        .iter()
        .filter(|it| *it != certificate)
        .map(|it| CertificateDer::from(*it))
        .collect();
    let certificate = CertificateDer::from(*certificate);
    let end = EndEntityCert::try_from(&certificate).map_err(chain)?;
    let at = UnixTime::since_unix_epoch(Duration::from_millis(token.info.time_ms));
    // That the authority's own certificate has this use is checked above; those above it may leave it open.
    let usage = KeyUsage::required_if_present(TIME_STAMPING);
    end.verify_for_usage(certificate::ALGORITHMS, roots.anchors(), &others, at, usage, None, None)
        .map_err(chain)?;

    // What is signed is the set as a set, not as the field that it stands in: RFC 5652 §5.4.
    let message = tlv(0x31, &[signer.attributes]);
    let candidates = algorithms(signer.algorithm, signer.digest);
    if candidates.is_empty() {
        return Err(TspError::Algorithm { what: "the signature", found: signer.algorithm });
    }
    let holds = |it: &&dyn SignatureVerificationAlgorithm| {
        end.verify_signature(*it, &message, signer.signature).is_ok()
    };
    match candidates.iter().any(holds) {
        true => Ok(authority),
        false => Err(TspError::Signature),
    }
}

/// The algorithms that an identifier may mean: those of RSA leave the hash to another field, those of ECDSA the curve to
/// the key.
fn algorithms(
    signature: ObjectIdentifier,
    hash: ObjectIdentifier,
) -> Vec<&'static dyn SignatureVerificationAlgorithm> {
    const fn oid(text: &str) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(text)
    }
    const RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
    const RSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
    const RSA_SHA256: ObjectIdentifier = oid("1.2.840.113549.1.1.11");
    const RSA_SHA384: ObjectIdentifier = oid("1.2.840.113549.1.1.12");
    const RSA_SHA512: ObjectIdentifier = oid("1.2.840.113549.1.1.13");
    const ECDSA_SHA256: ObjectIdentifier = oid("1.2.840.10045.4.3.2");
    const ECDSA_SHA384: ObjectIdentifier = oid("1.2.840.10045.4.3.3");
    const ECDSA_SHA512: ObjectIdentifier = oid("1.2.840.10045.4.3.4");
    const ED25519: ObjectIdentifier = oid("1.3.101.112");
    match (signature, hash) {
        (RSA_SHA256, _) | (RSA, OID_SHA256) => vec![algs::RSA_PKCS1_2048_8192_SHA256],
        (RSA_SHA384, _) | (RSA, OID_SHA384) => vec![algs::RSA_PKCS1_2048_8192_SHA384],
        (RSA_SHA512, _) | (RSA, OID_SHA512) => vec![algs::RSA_PKCS1_2048_8192_SHA512],
        (RSA_PSS, OID_SHA256) => vec![algs::RSA_PSS_2048_8192_SHA256_LEGACY_KEY],
        (RSA_PSS, OID_SHA384) => vec![algs::RSA_PSS_2048_8192_SHA384_LEGACY_KEY],
        (RSA_PSS, OID_SHA512) => vec![algs::RSA_PSS_2048_8192_SHA512_LEGACY_KEY],
        (ECDSA_SHA256, _) => vec![algs::ECDSA_P256_SHA256, algs::ECDSA_P384_SHA256, algs::ECDSA_P521_SHA256],
        (ECDSA_SHA384, _) => vec![algs::ECDSA_P256_SHA384, algs::ECDSA_P384_SHA384, algs::ECDSA_P521_SHA384],
        (ECDSA_SHA512, _) => vec![algs::ECDSA_P256_SHA512, algs::ECDSA_P384_SHA512, algs::ECDSA_P521_SHA512],
        (ED25519, _) => vec![algs::ED25519],
        (_, _) => Vec::new(),
    }
}

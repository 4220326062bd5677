//! What the certificate of an authority must say, beyond what every certificate must. Source: RFC 3161 §2.3.

use pki_types::SignatureVerificationAlgorithm;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::response::SignerId;

/// Why a certificate cannot be an authority's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// It cannot be read.
    #[error("it cannot be read: {fault}")]
    Unreadable {
        /// What the reader said.
        fault: String,
    },
    /// It does not say what it may be used for.
    #[error("it has no extended key usage; timeStamping is needed")]
    NoUsage,
    /// It does not insist on it.
    #[error("its extended key usage is not critical")]
    UsageNotCritical,
    /// It may be used for something else, or not for this.
    #[error("its extended key usage is not timeStamping alone")]
    OtherUsage,
    /// Its key may not sign.
    #[error("its key usage allows no signatures")]
    NoSignatures,
}

/// Reads a certificate, all of it.
fn read(der: &[u8]) -> Result<X509Certificate<'_>, CertificateFault> {
    let unreadable = |fault: String| CertificateFault::Unreadable { fault };
    let (rest, certificate) =
        X509Certificate::from_der(der).map_err(|fault| unreadable(fault.to_string()))?;
    match rest {
        [] => Ok(certificate),
        _ => Err(unreadable("bytes behind its end".to_owned())),
    }
}

/// Checks that a certificate may be an authority's; gives the name in it.
pub(super) fn check(der: &[u8]) -> Result<String, CertificateFault> {
    let certificate = read(der)?;
    let unreadable =
        |fault: x509_parser::error::X509Error| CertificateFault::Unreadable { fault: fault.to_string() };
    let usage = certificate.extended_key_usage().map_err(unreadable)?.ok_or(CertificateFault::NoUsage)?;
    if !usage.critical {
        return Err(CertificateFault::UsageNotCritical);
    }
    let it = usage.value;
    let others = it.any || it.server_auth || it.client_auth || it.code_signing || it.email_protection;
    if !it.time_stamping || others || it.ocsp_signing || !it.other.is_empty() {
        return Err(CertificateFault::OtherUsage);
    }
    let key = certificate.key_usage().map_err(unreadable)?;
    if key.is_some_and(|key| !key.value.digital_signature() && !key.value.non_repudiation()) {
        return Err(CertificateFault::NoSignatures);
    }
    let name = certificate.subject().to_string();
    Ok(name.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect())
}

/// Whether a signer named so is the holder of this certificate.
pub(super) fn is_named(der: &[u8], sid: &SignerId<'_>) -> bool {
    let Ok(certificate) = read(der) else { return false };
    match sid {
        SignerId::IssuerAndSerial { issuer, serial } => {
            certificate.issuer().as_raw() == *issuer && certificate.raw_serial() == *serial
        }
        SignerId::KeyId(id) => certificate.extensions().iter().any(|extension| {
            matches!(extension.parsed_extension(), ParsedExtension::SubjectKeyIdentifier(key) if key.0 == *id)
        }),
    }
}

/// The algorithms of certificates.
pub(super) static ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = webpki::ALL_VERIFICATION_ALGS;

//! An authority for tests: it answers as RFC 3161 says, and wrongly where a test wants it.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use crypto::sha256;
use der::Tag;
use rcgen::{BasicConstraints, Certificate, CertificateParams, CustomExtension, DnType, IsCa, KeyPair};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::parts::{Parts, integer, tlv};

/// A time within the certificates' lives, in seconds since 1970: 2026-11-23 07:14:03 UTC.
pub const NOW_S: u64 = 1_795_418_043;
/// The policy that is followed: 1.2.3.4.1, in DER.
const POLICY: [u8; 6] = [0x06, 0x04, 0x2a, 0x03, 0x04, 0x01];
/// SHA-256 as an algorithm, in DER.
const SHA256: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00];
const ECDSA_SHA256: [u8; 12] = [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const TST_INFO: [u8; 13] = [0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
const SIGNED_DATA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const TIME_STAMPING: [u8; 10] = [0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 3, 8];
const CODE_SIGNING: [u8; 10] = [0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 3, 3];

/// What the authority's certificate says it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Time-stamping, and it insists.
    Right,
    /// It does not say.
    Missing,
    /// Time-stamping, and it does not insist.
    NotCritical,
    /// Something besides.
    More,
    /// Something else.
    Other,
}

/// An authority, below a root.
pub struct Authority {
    /// Its root, in PEM.
    pub roots_pem: String,
    /// Its certificate, in DER.
    pub certificate: Vec<u8>,
    key: EcdsaKeyPair,
}

/// An answer before it is signed.
pub struct Draft {
    /// The status of the answer.
    pub status: u64,
    /// The digest that is stamped.
    pub imprint: Vec<u8>,
    /// The nonce, in DER; empty: none.
    pub nonce: Vec<u8>,
    /// `genTime`.
    pub time: String,
    /// What else stands at the end of the content.
    pub extensions: Vec<u8>,
    /// The digest of the content, as signed.
    pub content_digest: Option<Vec<u8>>,
    /// The digest that names the certificate.
    pub certificate_digest: Vec<u8>,
    /// What is signed besides, in DER.
    pub more_attributes: Vec<u8>,
    /// The certificates in the token.
    pub certificates: Vec<Vec<u8>>,
    /// The certificate whose issuer and number name the signer.
    pub named: Vec<u8>,
    /// Whether a token is there.
    pub has_token: bool,
    /// Whether the signature is spoilt.
    pub spoilt: bool,
}

fn name(params: &mut CertificateParams, text: &str) {
    params.distinguished_name.push(DnType::CommonName, text);
}

fn root() -> (Certificate, KeyPair) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    name(&mut params, "Root of a test");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params.self_signed(&key).expect("a certificate"), key)
}

impl Authority {
    /// An authority whose certificate is good from the beginning of `from` to that of `to`, in years.
    ///
    /// # Panics
    /// When a key or a certificate cannot be made.
    pub fn new(usage: Usage, from: i32, to: i32) -> Self {
        let (root, root_key) = root();
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref()).expect("it");
        let public = KeyPair::try_from(document.as_ref()).expect("the same key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        name(&mut params, "Authority of a test");
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(to, 1, 1);
        let uses = match usage {
            Usage::Right | Usage::NotCritical => Some(tlv(0x30, &[&TIME_STAMPING])),
            Usage::More => Some(tlv(0x30, &[&TIME_STAMPING, &CODE_SIGNING])),
            Usage::Other => Some(tlv(0x30, &[&CODE_SIGNING])),
            Usage::Missing => None,
        };
        if let Some(uses) = uses {
            let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 37], uses);
            extension.set_criticality(usage != Usage::NotCritical);
            params.custom_extensions.push(extension);
        }
        let certificate = params.signed_by(&public, &root, &root_key).expect("a certificate");
        Self { roots_pem: root.pem(), certificate: certificate.der().to_vec(), key }
    }

    /// Answers a request at `NOW_S`.
    ///
    /// # Panics
    /// When the request is none.
    pub fn answer(&self, request: &[u8]) -> Vec<u8> {
        self.answer_with(request, |_| {})
    }

    /// Answers a request, after `spoil` has changed what is said.
    ///
    /// # Panics
    /// When the request is none.
    pub fn answer_with(&self, request: &[u8], spoil: impl FnOnce(&mut Draft)) -> Vec<u8> {
        let mut parts = Parts::new("request", request).and_then(|mut it| it.expect("request", Tag::Sequence));
        let mut parts = parts.as_mut().expect("a request").parts().expect("its parts");
        parts.expect("version", Tag::Integer).expect("a version");
        let imprint = parts.expect("imprint", Tag::Sequence).expect("an imprint");
        let mut imprint = imprint.parts().expect("its parts");
        imprint.expect("algorithm", Tag::Sequence).expect("an algorithm");
        let imprint = imprint.expect("digest", Tag::OctetString).expect("a digest").value.to_vec();
        let nonce = parts.expect("nonce", Tag::Integer).expect("a nonce").raw.to_vec();
        let mut draft = Draft {
            status: 0,
            imprint,
            nonce,
            time: time_text(NOW_S),
            extensions: Vec::new(),
            content_digest: None,
            certificate_digest: sha256(&self.certificate).as_bytes().to_vec(),
            more_attributes: Vec::new(),
            certificates: vec![self.certificate.clone()],
            named: self.certificate.clone(),
            has_token: true,
            spoilt: false,
        };
        spoil(&mut draft);
        self.write(&draft)
    }

    fn write(&self, draft: &Draft) -> Vec<u8> {
        let info = tlv(
            0x30,
            &[
                &integer(1),
                &POLICY,
                &tlv(0x30, &[&SHA256, &tlv(0x04, &[&draft.imprint])]),
                &integer(7),
                &tlv(0x18, &[draft.time.as_bytes()]),
                &tlv(0x30, &[&integer(1), &tlv(0x80, &[&[5]])]),
                &draft.nonce,
                &draft.extensions,
            ],
        );
        let digest = draft.content_digest.clone().unwrap_or_else(|| sha256(&info).as_bytes().to_vec());
        let kind = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
        let digests = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
        let signing = [0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f];
        let id = tlv(0x30, &[&tlv(0x04, &[&draft.certificate_digest])]);
        let attribute = |oid: &[u8], value: &[u8]| tlv(0x30, &[oid, &tlv(0x31, &[value])]);
        let attributes = [
            attribute(&kind, &TST_INFO),
            attribute(&digests, &tlv(0x04, &[&digest])),
            attribute(&signing, &tlv(0x30, &[&tlv(0x30, &[&id])])),
            draft.more_attributes.clone(),
        ]
        .concat();
        let signed = tlv(0x31, &[&attributes]);
        let signature = self.key.sign(&SystemRandom::new(), &signed).expect("a signature");
        let mut signature = signature.as_ref().to_vec();
        if draft.spoilt {
            // The last byte of the second number: still a signature in form.
            *signature.last_mut().expect("bytes") ^= 1;
        }
        let (_, certificate) = X509Certificate::from_der(&draft.named).expect("a certificate");
        let sid = tlv(0x30, &[certificate.issuer().as_raw(), &tlv(0x02, &[certificate.raw_serial()])]);
        let signer = tlv(
            0x30,
            &[
                &integer(1),
                &sid,
                &SHA256,
                &tlv(0xa0, &[&attributes]),
                &ECDSA_SHA256,
                &tlv(0x04, &[&signature]),
            ],
        );
        let data = tlv(
            0x30,
            &[
                &integer(3),
                &tlv(0x31, &[&SHA256]),
                &tlv(0x30, &[&TST_INFO, &tlv(0xa0, &[&tlv(0x04, &[&info])])]),
                &tlv(0xa0, &[&draft.certificates.concat()]),
                &tlv(0x31, &[&signer]),
            ],
        );
        let token = tlv(0x30, &[&SIGNED_DATA, &tlv(0xa0, &[&data])]);
        let words = tlv(0x30, &[&tlv(0x0c, &[b"not\ntoday"])]);
        let status = match draft.status {
            0 => tlv(0x30, &[&integer(0)]),
            status => tlv(0x30, &[&integer(status), &words]),
        };
        match draft.has_token {
            true => tlv(0x30, &[&status, &token]),
            false => tlv(0x30, &[&status]),
        }
    }
}

/// A time as `genTime` is written.
pub fn time_text(at_s: u64) -> String {
    let (mut days, second) = (at_s / 86_400, at_s % 86_400);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= if leap(year) { 366 } else { 365 } {
        days -= if leap(year) { 366 } else { 365 };
        year += 1;
    }
    let february = if leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let day = days + 1;
    format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

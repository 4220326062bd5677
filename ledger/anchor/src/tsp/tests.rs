use crypto::{Digest, sha256};
use proptest::prelude::*;

use super::certificate::CertificateFault;
use super::parts::{integer, tlv};
use super::testing::{Authority, Draft, NOW_S, Usage};
use super::*;

const NONCE: u64 = 0xfedc_ba98_7654_3210;

fn digest() -> Digest {
    sha256(b"origin\n5\nroot\n")
}

fn judge(authority: &Authority, answer: &[u8]) -> Result<Stamp, TspError> {
    let roots = Roots::from_pem(authority.roots_pem.as_bytes()).unwrap();
    verify(answer, &Expected { digest: &digest(), nonce: Some(NONCE), policy: None }, &roots)
}

fn answered(authority: &Authority, spoil: impl FnOnce(&mut Draft)) -> Result<Stamp, TspError> {
    judge(authority, &authority.answer_with(&request(&digest(), NONCE), spoil))
}

/// A root of this name, in PEM.
fn rcgen_root(name: &str) -> String {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
}

fn right() -> Authority {
    Authority::new(Usage::Right, 2020, 2030)
}

#[test]
fn an_answer_that_holds_says_when() {
    let stamp = answered(&right(), |_| {}).unwrap();
    assert_eq!(stamp.time_ms, NOW_S * 1_000);
    assert_eq!(stamp.accuracy_us, Some(1_005_000));
    assert_eq!((stamp.policy.as_str(), stamp.serial.as_str()), ("1.2.3.4.1", "07"));
    assert_eq!(stamp.authority, "CN=Authority of a test");
}

#[test]
fn what_was_not_asked_for_is_refused() {
    let authority = right();
    let refused = |spoil: fn(&mut Draft)| answered(&authority, spoil).unwrap_err();
    assert!(matches!(refused(|it| it.imprint[0] ^= 1), TspError::Imprint { .. }));
    assert!(matches!(refused(|it| it.imprint.truncate(20)), TspError::Imprint { .. }));
    assert!(matches!(refused(|it| it.nonce = integer(NONCE - 1)), TspError::Nonce { .. }));
    assert!(matches!(refused(|it| it.nonce = Vec::new()), TspError::Nonce { .. }));
    let rejected = refused(|it| (it.status, it.has_token) = (2, false));
    assert_eq!(rejected, TspError::Rejected { status: 2, words: "not today".to_owned() });
    // A refusal with a token is a refusal all the same.
    assert!(matches!(refused(|it| it.status = 5), TspError::Rejected { status: 5, .. }));
    assert_eq!(refused(|it| it.has_token = false), TspError::NoToken);
    assert!(answered(&authority, |it| it.status = 1).is_ok(), "granted with changes");
}

#[test]
fn a_policy_is_asked_for_where_one_is_named() {
    let authority = right();
    let roots = Roots::from_pem(authority.roots_pem.as_bytes()).unwrap();
    let answer = authority.answer(&request(&digest(), NONCE));
    let with = |policy| verify(&answer, &Expected { digest: &digest(), nonce: None, policy }, &roots);
    assert!(with(Some("1.2.3.4.1")).is_ok());
    assert!(matches!(with(Some("1.2.3.4.2")), Err(TspError::Policy { .. })));
}

#[test]
fn what_the_authority_did_not_sign_is_refused() {
    let authority = right();
    let refused = |spoil: fn(&mut Draft)| answered(&authority, spoil).unwrap_err();
    assert_eq!(refused(|it| it.spoilt = true), TspError::Signature);
    assert_eq!(refused(|it| it.content_digest = Some(vec![0; 32])), TspError::Content);
    let mut other = Some(right().certificate);
    let swapped = answered(&authority, |it| it.certificates = vec![other.take().unwrap()]);
    assert_eq!(swapped, Err(TspError::NoCertificate { count: 1 }));
    assert_eq!(refused(|it| it.certificates.clear()), TspError::NoCertificate { count: 0 });
    assert_eq!(refused(|it| it.certificate_digest[5] ^= 1), TspError::NoCertificate { count: 1 });
    let other = right().certificate;
    assert_eq!(answered(&authority, |it| it.named = other), Err(TspError::TwoCertificates));
    // A second digest of the content: one reader would take the first, another the second.
    let oid = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
    let twice = tlv(0x30, &[&oid, &tlv(0x31, &[&tlv(0x04, &[&[0; 32]])])]);
    assert!(matches!(answered(&authority, |it| it.more_attributes = twice), Err(TspError::Der(_))));
    let critical = tlv(0xa1, &[&tlv(0x30, &[&[0x06, 0x01, 0x2a], &[0x01, 0x01, 0xff], &tlv(0x04, &[])])]);
    assert!(matches!(answered(&authority, |it| it.extensions = critical), Err(TspError::Der(_))));
}

#[test]
fn whom_no_root_knows_is_refused() {
    let (one, other) = (right(), right());
    let answer = one.answer(&request(&digest(), NONCE));
    // A root of the same name, and another key.
    let refused = judge(&other, &answer).unwrap_err();
    assert!(matches!(&refused, TspError::Chain { fault } if fault.contains("InvalidSignature")), "{refused}");
    let roots = Roots::from_pem(rcgen_root("Another root").as_bytes()).unwrap();
    let expected = Expected { digest: &digest(), nonce: Some(NONCE), policy: None };
    let refused = verify(&answer, &expected, &roots).unwrap_err();
    assert!(matches!(&refused, TspError::Chain { fault } if fault.contains("UnknownIssuer")), "{refused}");
}

#[test]
fn a_certificate_must_be_good_when_the_token_was_made() {
    let fault = |from, to| answered(&Authority::new(Usage::Right, from, to), |_| {}).unwrap_err();
    assert!(matches!(fault(2020, 2026), TspError::Chain { fault } if fault.contains("CertExpired")));
    assert!(matches!(fault(2027, 2030), TspError::Chain { fault } if fault.contains("CertNotValidYet")));
}

#[test]
fn a_certificate_must_be_one_of_an_authority() {
    for (usage, expected) in [
        (Usage::Missing, CertificateFault::NoUsage),
        (Usage::NotCritical, CertificateFault::UsageNotCritical),
        (Usage::More, CertificateFault::OtherUsage),
        (Usage::Other, CertificateFault::OtherUsage),
    ] {
        let refused = answered(&Authority::new(usage, 2020, 2030), |_| {});
        assert_eq!(refused, Err(TspError::Certificate(expected)), "{usage:?}");
    }
}

#[test]
fn what_is_cut_or_huge_is_refused() {
    let authority = right();
    let answer = authority.answer(&request(&digest(), NONCE));
    for cut in 0..answer.len() {
        assert!(judge(&authority, &answer[..cut]).is_err(), "{cut} bytes");
    }
    let mut longer = answer.clone();
    longer.push(0);
    assert!(matches!(judge(&authority, &longer), Err(TspError::Der(_))));
    let found = RESPONSE_BYTES_MAX + 1;
    assert_eq!(judge(&authority, &vec![0x30; found]), Err(TspError::TooLong { found }));
    // A length that promises four gigabytes.
    assert!(matches!(judge(&authority, &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), Err(TspError::Der(_))));
}

#[test]
fn no_bit_of_an_answer_may_change_what_it_says() {
    let authority = right();
    let answer = authority.answer(&request(&digest(), NONCE));
    let said = judge(&authority, &answer).unwrap();
    for at in 0..answer.len() * 8 {
        let mut spoilt = answer.clone();
        spoilt[at / 8] ^= 1 << (at % 8);
        if let Ok(other) = judge(&authority, &spoilt) {
            assert_eq!(other, said, "bit {at}");
        }
    }
}

/// Made by OpenSSL 3.0: an authority with an RSA key below a root with one, `openssl ts -reply`. The nonce is the
/// request's.
#[test]
fn answers_of_openssl_hold() {
    let roots = Roots::from_pem(include_bytes!("../../facts/openssl-root.pem")).unwrap();
    let text = include_bytes!("../../facts/checkpoint.txt");
    let digest = sha256(text);
    for (answer, accuracy_us) in [
        (include_bytes!("../../facts/openssl-sha256.tsr").as_slice(), Some(1_500_100)),
        (include_bytes!("../../facts/openssl-sha1-sha512.tsr").as_slice(), Some(1_500_100)),
        (include_bytes!("../../facts/openssl-p384.tsr").as_slice(), Some(1_500_100)),
    ] {
        let stamp =
            verify(answer, &Expected { digest: &digest, nonce: None, policy: Some("1.2.3.4.1") }, &roots);
        let stamp = stamp.unwrap();
        assert_eq!((stamp.accuracy_us, stamp.authority.as_str()), (accuracy_us, "CN=Authority of a test"));
        let other = Digest::new([0; 32]);
        let refused = verify(answer, &Expected { digest: &other, nonce: None, policy: None }, &roots);
        assert!(matches!(refused, Err(TspError::Imprint { .. })));
    }
}

#[test]
fn files_of_roots_are_read_strictly() {
    assert_eq!(Roots::from_pem(b"").unwrap_err(), RootsError::Empty);
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(Roots::from_pem(broken), Err(RootsError::Pem { at: 1, .. })));
    assert!(matches!(Roots::from_pem(&vec![b' '; (1 << 20) + 1]), Err(RootsError::TooLong { .. })));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let roots = Roots::from_pem(include_bytes!("../../facts/openssl-root.pem")).unwrap();
        let _ = verify(&bytes, &Expected { digest: &digest(), nonce: None, policy: None }, &roots);
    }
}

use super::*;
use crate::record::digest_of;
use crate::tsp::testing::{Authority, NOW_S, Usage};

const URL: &str = "http://a";

fn digest() -> Digest {
    digest_of("origin\n5\nroot\n")
}

fn record(kind: Kind) -> Record {
    Record::new("a".to_owned(), kind, URL.to_owned(), NOW_S)
}

fn trust(authority: &Authority) -> Trust {
    Trust { roots: Some(Roots::from_pem(authority.roots_pem.as_bytes()).unwrap()), ..Trust::default() }
}

fn pending() -> Vec<u8> {
    [&[0_u8][..], &[0x83, 0xdf, 0xe3, 0x0d, 0x2e, 0xf9, 0x0c, 0x8e], &[9, 8], b"http://c"].concat()
}

fn bitcoin() -> Vec<u8> {
    [&[0xf0, 1, 0x61, 8, 0][..], &[0x05, 0x88, 0x96, 0x0d, 0x73, 0xd7, 0x19, 0x01], &[2, 0xf4, 0x03]].concat()
}

fn headers(root: &[u8]) -> Headers {
    let mut bytes = [7_u8; ots::HEADER_BYTES];
    bytes[36..68].copy_from_slice(root);
    format!("500 {}", hex::encode(bytes)).parse().unwrap()
}

#[test]
fn a_checkpoint_is_due_by_time_or_by_growth() {
    let every = Every { seconds: 100, leaves: 10 };
    for (last, certified, now_s, due) in [
        (None, 0, 0, false),
        (None, 1, 0, true),
        (Some((5, 1_000)), 5, 9_000, false),
        (Some((5, 1_000)), 6, 1_099, false),
        (Some((5, 1_000)), 6, 1_100, true),
        (Some((5, 1_000)), 14, 1_001, false),
        (Some((5, 1_000)), 15, 1_001, true),
        // A clock that went back does not anchor without end.
        (Some((5, 1_000)), 6, 900, false),
    ] {
        assert_eq!(every.is_due(last, certified, now_s), due, "{last:?} {certified} {now_s}");
    }
    let seldom = Every { seconds: 100, leaves: 0 };
    assert!(!seldom.is_due(Some((5, 1_000)), 5_000, 1_001));
}

#[test]
fn an_authority_is_asked_once_and_judged() {
    let authority = Authority::new(Usage::Right, 2020, 2030);
    let (trust, digest) = (trust(&authority), digest());
    let mut record = record(Kind::Rfc3161);
    let deed = record.deed(&digest, &trust, NOW_S, 5).unwrap();
    let Deed::Stamp { request, nonce: 5 } = &deed else { panic!("{deed:?}") };
    let answer = authority.answer(request);
    record.take(&digest, &trust, NOW_S + 1, &deed, &[Heard::Bytes(answer.clone())]).unwrap();
    assert_eq!(record.standing.word(), "confirmed");
    assert_eq!(record.evidence, Some(answer));
    assert_eq!(record.deed(&digest, &trust, NOW_S + 1_000_000, 6), None);
}

#[test]
fn an_answer_to_another_request_or_from_another_time_makes_no_anchor() {
    let authority = Authority::new(Usage::Right, 2020, 2030);
    let (trust, digest) = (trust(&authority), digest());
    let mut record = record(Kind::Rfc3161);
    let deed = |nonce| Deed::Stamp { request: tsp::request(&digest, nonce), nonce };
    let Deed::Stamp { request, .. } = deed(5) else { panic!() };
    let answer = Heard::Bytes(authority.answer(&request));
    let refused = record.take(&digest, &trust, NOW_S, &deed(6), std::slice::from_ref(&answer));
    assert!(matches!(refused, Err(CourseError::Tsp(TspError::Nonce { .. }))));
    let (standing, fault) = (record.standing.word(), record.fault.clone().unwrap());
    assert!(standing == "requested" && fault.contains("nonce"), "{standing}: {fault}");
    let refused = record.take(&digest, &trust, NOW_S + 601, &deed(5), std::slice::from_ref(&answer));
    assert!(matches!(refused, Err(CourseError::Drift { .. })));
    assert_eq!(record.evidence, None);
    let nobody = record.take(&digest, &Trust::default(), NOW_S, &deed(5), std::slice::from_ref(&answer));
    assert_eq!(nobody, Err(CourseError::NoRoots));
    record.take(&digest, &trust, NOW_S + 600, &deed(5), &[answer]).unwrap();
    assert!(record.standing.is_confirmed() && record.fault.is_none() && record.failures == 0);
}

#[test]
fn failures_are_waited_out_longer_and_longer_and_end() {
    let (trust, digest) = (Trust::default(), digest());
    let mut record = record(Kind::Rfc3161);
    let mut now_s = NOW_S;
    let mut pauses = Vec::new();
    while let Some(deed) = record.deed(&digest, &trust, now_s, 1) {
        let _ = record.take(&digest, &trust, now_s, &deed, &[Heard::Fault("no".to_owned())]);
        assert_eq!(record.deed(&digest, &trust, record.not_before_s - 1, 1), None, "not before its time");
        pauses.push(record.not_before_s - now_s);
        now_s = record.not_before_s;
    }
    assert_eq!(pauses[..4], [60, 120, 240, 480]);
    assert_eq!(pauses.iter().max(), Some(&PAUSE_MAX_S));
    assert_eq!((pauses.len(), record.standing.word()), (24, "failed"));
}

#[test]
fn a_promise_becomes_an_attestation_and_by_a_header_an_anchor() {
    let digest = digest();
    let mut trust = Trust::default();
    let mut record = record(Kind::Ots);
    assert_eq!(record.deed(&digest, &trust, NOW_S, 1), Some(Deed::Promise));
    record.take(&digest, &trust, NOW_S, &Deed::Promise, &[Heard::Bytes(pending())]).unwrap();
    assert!(record.standing.word() == "pending" && !record.standing.is_confirmed());

    assert_eq!(record.deed(&digest, &trust, NOW_S + POLL_S - 1, 1), None);
    let now_s = NOW_S + POLL_S;
    let upgrade = record.deed(&digest, &trust, now_s, 1).unwrap();
    assert_eq!(upgrade, Deed::Upgrade { of: vec![digest.as_bytes().to_vec()] });
    record.take(&digest, &trust, now_s, &upgrade, &[Heard::NotYet]).unwrap();
    assert_eq!(record.standing.word(), "pending");
    record.take(&digest, &trust, now_s, &upgrade, &[Heard::Bytes(bitcoin())]).unwrap();
    assert_eq!(record.standing, State::Attested { height: 500 });
    assert!(!record.standing.is_confirmed());

    let now_s = now_s + POLL_S;
    assert_eq!(record.deed(&digest, &trust, now_s, 1), None, "without a header there is nothing to look at");
    trust.headers = headers(&[1; 32]);
    let look = record.deed(&digest, &trust, now_s, 1).unwrap();
    assert!(matches!(record.take(&digest, &trust, now_s, &look, &[]), Err(CourseError::Ots(_))));
    assert_eq!(record.standing.word(), "attested");
    let root = crypto::sha256(&[digest.as_bytes().as_slice(), b"a"].concat());
    trust.headers = headers(root.as_bytes());
    record.take(&digest, &trust, now_s + POLL_S, &look, &[]).unwrap();
    assert!(matches!(record.standing, State::Mined { height: 500, .. }));
}

#[test]
fn a_promise_that_is_not_kept_ends() {
    let (digest, trust) = (digest(), Trust::default());
    let mut record = record(Kind::Ots);
    record.take(&digest, &trust, NOW_S, &Deed::Promise, &[Heard::Bytes(pending())]).unwrap();
    let upgrade = Deed::Upgrade { of: vec![digest.as_bytes().to_vec()] };
    let late = NOW_S + PROMISE_MAX_S;
    record.take(&digest, &trust, late - 1, &upgrade, &[Heard::NotYet]).unwrap();
    assert_eq!(record.standing.word(), "pending");
    let mut other = record.clone();
    assert_eq!(record.take(&digest, &trust, late, &upgrade, &[Heard::NotYet]), Err(CourseError::Broken));
    assert_eq!(record.standing.word(), "failed");
    let _ = other.take(&digest, &trust, late, &upgrade, &[Heard::Fault("gone".to_owned())]);
    assert_eq!(other.standing.word(), "failed");
}

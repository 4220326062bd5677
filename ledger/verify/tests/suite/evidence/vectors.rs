//! The vectors of `tests/vectors/evidence`, which the verifiers in other languages read too.
//!
//! `UPDATE=1` writes them: made here, judged here. Without it, what is committed is judged, and must end as it says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use crypto::{Digest, sha256};
use proto::canon::{Value, py_ascii, read};
use proto::evidence::trust::{RevocationHead, TrustBundle, TrustRoot};
use proto::evidence::{Level, Record};
use verify::{EvidenceAsked, EvidenceTrust, GivenTrust, verify_evidence};

use crate::sealed::{FILE, Signer, World, reseal, root, stamp, terms};

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/evidence/vectors.json")
}

/// A case before it is judged. Documents are texts, for it is bytes that are read.
struct Case {
    name: String,
    record: String,
    root: Option<String>,
    bundle: Option<String>,
    pin: Option<Digest>,
    kept: Option<String>,
    now: String,
    files: Vec<(String, Digest)>,
    at_least: Option<Level>,
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("ASCII")
}

fn case(name: &str, world: &World, record: &Record) -> Case {
    Case {
        name: name.to_owned(),
        record: text(record.to_json()),
        root: world.given.map(|at| text(world.roots[at].to_json())),
        bundle: Some(text(py_ascii::encode(&world.bundle_value()))),
        pin: world.pin,
        kept: world.kept.map(|head| text(head.to_json())),
        now: world.now.text().to_owned(),
        files: Vec::new(),
        at_least: None,
    }
}

/// A record whose claim its Ed25519 key can bear.
fn modest(world: &World) -> Record {
    Record { claim: Level::SealedAttested, ..world.record() }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let world = World::new();
    let record = world.record();
    let mut add = |case: Case| cases.push(case);
    add(case("ML-DSA-65, bound to its provider", &world, &record));
    add(Case {
        bundle: None,
        root: Some(text(world.roots[1].to_json())),
        ..case("no bundle", &world, &record)
    });
    let mut other = record.clone();
    other.items[1].label = None;
    add(case("nothing is labelled Execution", &world, &other));

    let world = World::small();
    let record = modest(&world);
    let base = |name: &str| case(name, &world, &record);
    add(base("Ed25519"));
    for level in [Level::SealedUnsigned, Level::SealedAttestedPqc, Level::ProviderAttested, Level::Invalid] {
        add(case(&format!("claims {level}"), &world, &Record { claim: level, ..record.clone() }));
    }
    add(Case { at_least: Some(Level::SealedAttested), ..base("as much as asked for") });
    add(Case { at_least: Some(Level::SealedAttestedPqc), ..base("less than asked for") });
    let files = vec![(FILE.0.to_owned(), sha256(FILE.1))];
    add(Case { files: files.clone(), ..base("its file beside it") });
    add(Case { files: vec![(FILE.0.to_owned(), Digest::ZERO)], ..base("another file beside it") });
    add(Case { files: vec![("stray".to_owned(), Digest::ZERO)], ..base("a file it does not describe") });
    add(Case { root: None, bundle: None, ..base("nothing to believe") });
    add(Case { root: None, ..base("no root") });
    add(Case { root: None, pin: Some(world.roots[0].pin()), ..base("the pin of the first root alone") });
    add(Case { pin: Some(world.roots[1].pin()), ..base("a pin that is not that of the root") });

    let spoil = |name: &str, spoil: &dyn Fn(&mut Record)| {
        let mut record = record.clone();
        spoil(&mut record);
        case(name, &world, &record)
    };
    let seal = |name: &str, change: &dyn Fn(&mut proto::evidence::Envelope)| {
        spoil(name, &|it| change(it.attestation.as_mut().expect("signed")))
    };
    add(spoil("data of an item", &|it| it.data[2] = Value::from("x")));
    add(spoil("an item less", &|it| {
        it.items.pop();
        it.data.pop();
    }));
    add(spoil("items in another order", &|it| {
        it.items.swap(0, 1);
        it.data.swap(0, 1);
    }));
    add(spoil("another root, sealed anew", &|it| {
        it.merkle_root = Digest::ZERO;
        reseal(&world, it);
    }));
    add(spoil("record id", &|it| it.header.record_id.push('x')));
    add(spoil("tenant", &|it| it.header.tenant_id.push('x')));
    add(spoil("created at", &|it| it.header.created_at.push('x')));
    add(spoil("bundle hash", &|it| it.bundle_hash = Digest::ZERO));
    add(spoil("nobody signed", &|it| it.attestation = None));
    add(spoil("nobody signed, and nobody says so", &|it| {
        it.attestation = None;
        it.claim = Level::SealedUnsigned;
    }));
    add(seal("the envelope of another record", &|it| it.digest = Digest::ZERO));
    add(seal("another signature", &|it| it.signature[3] ^= 1));
    add(seal("a signature cut short", &|it| {
        it.signature.pop();
    }));
    add(seal("another fingerprint", &|it| it.fingerprint = Digest::ZERO));
    add(seal("another algorithm", &|it| it.algorithm = "ML-DSA-65".to_owned()));
    add(seal("a key that nobody lists", &|it| it.key_id = "ql_key_x".to_owned()));
    add(seal("signed before the key was good", &|it| it.signed_at = stamp("2025-12-31T23:59:59.999999Z")));
    add(seal("signed when the key became good, elsewhere", &|it| {
        it.signed_at = stamp("2026-01-01T01:00:00+01:00");
    }));
    add(seal("signed when the key ended", &|it| it.signed_at = stamp("2027-01-01T00:00:00Z")));

    let changed = |name: &str, change: &dyn Fn(&mut World)| {
        let mut world = World::small();
        change(&mut world);
        case(name, &world, &modest(&world))
    };
    for (name, at) in [
        ("revoked the moment it signed", "2026-03-06T12:00:00Z"),
        ("revoked before it signed", "2026-03-01T00:00:00Z"),
        ("revoked after it signed", "2026-03-06T12:00:00.000001Z"),
    ] {
        add(changed(name, &|it| it.revoke("ql_key_prod_002", at, "2026-05-01T00:00:00Z")));
    }
    add(changed("its own entry says it is revoked", &|it| {
        it.keys[0].revoked_at = Some(stamp("2026-02-01T00:00:00Z"))
    }));
    add(changed("no list of revocations", &|it| it.tells_revocations = false));
    let mut strange = World::small();
    strange.keys[0].algorithm = "SLH-DSA-128s".to_owned();
    let mut by = modest(&strange);
    by.attestation.as_mut().expect("signed").algorithm = "SLH-DSA-128s".to_owned();
    add(case("an algorithm that nobody knows", &strange, &by));
    add(changed("a bundle that is too old", &|it| it.now = stamp("2026-06-03T00:00:00Z")));
    add(changed("a root that is too old", &|it| it.now = stamp("2027-06-01T00:00:00Z")));
    add(changed("a bundle from the future", &|it| it.now = stamp("2026-06-01T23:54:59Z")));
    add(changed("a bundle signed by a key for evidence", &|it| it.bundle_key = it.signer));
    add(changed("grown since it was kept", &|it| {
        it.kept = Some(it.head());
        it.revoke("ql_key_x", "2026-03-01T00:00:00Z", "2026-05-01T00:00:00Z");
    }));
    add(changed("shorter than what was kept", &|it| {
        it.kept = Some(RevocationHead { tree_size: 2, root_hash: Digest::ZERO });
    }));
    add(changed("gone since it was kept", &|it| {
        it.kept = Some(it.head());
        it.tells_revocations = false;
    }));
    add(changed("other than what was kept", &|it| {
        it.kept = Some(RevocationHead { tree_size: 1, root_hash: Digest::ZERO });
    }));
    add(changed("revocations out of order", &|it| {
        it.revoke("ql_key_x", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    }));
    add(changed("a revocation with another digest", &|it| it.events[0].content_hash = Digest::ZERO));
    add(changed("the given root is the second", &|it| it.given = Some(1)));
    add(changed("the roots in between are missing", &|it| {
        let last = it.roots.pop().expect("two");
        it.roots = vec![it.roots[0].clone()];
        let third = root(terms(3, Some(&last), &[it.signer], 1), &[it.signer]);
        it.roots.push(third);
    }));
    add(changed("too few signed the second root", &|it| {
        let [b, d] = ["root_e", "root_f"].map(|name| Signer::new(name, crypto::Scheme::Ed25519));
        let terms = it.roots[1].terms.clone();
        it.roots[1] = root(terms, &[b, d]);
    }));
    add(changed("one key signed twice", &|it| {
        let b = Signer::new("root_e", crypto::Scheme::Ed25519);
        let terms = it.roots[1].terms.clone();
        it.roots[1] = root(terms, &[b, b]);
    }));

    let record_text = text(record.to_json());
    let with = |name: &str, from: &str, to: &str| {
        let spoilt = record_text.replacen(from, to, 1);
        assert_ne!(spoilt, record_text, "{name}");
        Case { record: spoilt, ..base(name) }
    };
    add(with("spaces and an order of its own", r#"{"attestation":"#, "{ \"attestation\" :\n"));
    add(with("not JSON", "}", ""));
    add(with("a member twice", r#"{"attestation""#, r#"{"claim_level":"INVALID","attestation""#));
    add(with("a member that the format does not have", r#"{"attestation""#, r#"{"note":1,"attestation""#));
    add(with("a number that is none", r#""shots":1000"#, r#""shots":NaN"#));
    add(with("a float for an integer", r#""shots":1000"#, r#""shots":1000.0"#));
    add(with("another protocol", "qcos-evidence/1", "qcos-evidence/2"));
    add(with("two items of one name", r#""id":"execution""#, r#""id":"results""#));
    add(with("upper case", r#""merkle_root":""#, r#""merkle_root":"A"#));
    add(with("a time without its offset", r#"12:00:00Z"}"#, r#"12:00:00"}"#));
    add(with("base64 without its padding", r#"==""#, r#"""#));
    add(with("escapes that need not be", r#""backend""#, r#""b\u0061ckend""#));
    cases
}

/// The verdict, as it stands in the file.
fn judged(case: &Case) -> Value {
    let unread = |code: &str| {
        Value::object([
            ("verdict", "FAILED".into()),
            ("decided_by", code.into()),
            ("confirmed", "INVALID".into()),
        ])
    };
    let Ok(record) = Record::parse(case.record.as_bytes()) else { return unread("record_format") };
    let root = case.root.as_ref().map(|it| TrustRoot::parse(it.as_bytes()).expect("a root"));
    let bundle = case.bundle.as_ref().map(|it| TrustBundle::parse(it.as_bytes()).expect("a bundle"));
    let kept = case.kept.as_ref().map(|it| RevocationHead::parse(it.as_bytes()).expect("a head"));
    let now = stamp(&case.now).instant();
    let given = GivenTrust { root: root.as_ref(), pin: case.pin, bundle: bundle.as_ref(), kept, now };
    let trust = EvidenceTrust::judge(given);
    let report =
        verify_evidence(&record, &trust, EvidenceAsked { artifacts: &case.files, at_least: case.at_least });
    let of = |truth: Option<bool>| truth.map_or(Value::Null, Value::Bool);
    let details = report.details();
    let checks =
        report.checks.iter().map(|check| (check.code.as_str().to_owned(), check.outcome.name().into()));
    Value::object([
        ("verdict", report.verdict().name().into()),
        ("decided_by", report.decided_by().map(|check| check.code.as_str()).into()),
        ("confirmed", report.facts.confirmed.name().into()),
        ("trust_chain", report.facts.chain.clone().into()),
        (
            "details",
            Value::object([
                ("bundle_hash_verified", of(details.bundle_hash_verified)),
                ("signature_valid", of(details.signature_valid)),
                ("key_not_revoked", of(details.key_not_revoked)),
                ("timestamp_within_validity", of(details.timestamp_within_validity)),
            ]),
        ),
        ("checks", Value::Object(checks.collect())),
    ])
}

fn write(cases: &[Case]) -> String {
    let mut documents: BTreeMap<String, String> = BTreeMap::new();
    let mut kept = |text: &Option<String>| -> Value {
        let Some(text) = text else { return Value::Null };
        let name = sha256(text.as_bytes()).to_string()[..16].to_owned();
        documents.insert(name.clone(), text.clone());
        name.into()
    };
    let mut lines = Vec::new();
    for case in cases {
        let files = case.files.iter().map(|(name, hash)| (name.clone(), hash.to_string().into()));
        let value = Value::object([
            ("name", case.name.as_str().into()),
            ("record", case.record.as_str().into()),
            ("trust_root", kept(&case.root)),
            ("trust_bundle", kept(&case.bundle)),
            ("root_pin", case.pin.map(|pin| format!("sha256:{pin}")).into()),
            ("checkpoint", kept(&case.kept)),
            ("now", case.now.as_str().into()),
            ("artifacts", Value::Object(files.collect())),
            ("at_least", case.at_least.map(Level::name).into()),
            ("expect", judged(case)),
        ]);
        lines.push(text(py_ascii::encode(&value)));
    }
    let mut out = "{\"documents\":{\n".to_owned();
    let documents: Vec<_> = documents
        .into_iter()
        .map(|(name, body)| format!("\"{name}\":{}", text(py_ascii::encode(&body.into()))))
        .collect();
    let _ = write!(out, "{}\n}},\"cases\":[\n{}\n]}}\n", documents.join(",\n"), lines.join(",\n"));
    out
}

fn committed() -> Vec<(Case, Value)> {
    let json = std::fs::read_to_string(path()).expect("the vectors are committed: UPDATE=1 writes them");
    let file = read(&json).expect("JSON");
    let documents = file.get("documents").expect("documents").clone();
    let Some(Value::List(cases)) = file.get("cases") else { panic!("cases") };
    let of = |case: &Value, name: &str| case.get(name).and_then(Value::as_text).map(str::to_owned);
    cases
        .iter()
        .map(|case| {
            let document = |name: &str| {
                let name = of(case, name)?;
                Some(documents.get(&name).and_then(Value::as_text).expect("a document").to_owned())
            };
            let Some(Value::Object(files)) = case.get("artifacts") else { panic!("artifacts") };
            let digest = |text: &str| text.parse().expect("a digest");
            let files = files.iter().map(|(name, hash)| (name.clone(), digest(hash.as_text().expect("hex"))));
            let read = Case {
                name: of(case, "name").expect("a name"),
                record: of(case, "record").expect("a record"),
                root: document("trust_root"),
                bundle: document("trust_bundle"),
                pin: of(case, "root_pin").map(|pin| digest(pin.trim_start_matches("sha256:"))),
                kept: document("checkpoint"),
                now: of(case, "now").expect("a time"),
                files: files.collect(),
                at_least: of(case, "at_least").map(|it| Level::from_name(&it).expect("a level")),
            };
            (read, case.get("expect").expect("what is expected").clone())
        })
        .collect()
}

#[test]
fn the_vectors_that_others_read_end_as_they_say() {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path().parent().expect("a folder")).expect("made");
        std::fs::write(path(), write(&cases())).expect("written");
    }
    let committed = committed();
    let mut verdicts = BTreeMap::new();
    for (case, expected) in &committed {
        assert_eq!(judged(case), *expected, "{}", case.name);
        *verdicts.entry(expected.get("verdict").and_then(Value::as_text).unwrap_or("")).or_insert(0) += 1;
    }
    println!("{} vectors: {verdicts:?}", committed.len());
    assert_eq!(verdicts.len(), 5, "every verdict is among them");
    let names: std::collections::BTreeSet<_> = committed.iter().map(|(case, _)| &case.name).collect();
    assert_eq!(names.len(), committed.len());
    let made = cases();
    assert!(made.iter().map(|case| &case.name).eq(committed.iter().map(|(case, _)| &case.name)));
}

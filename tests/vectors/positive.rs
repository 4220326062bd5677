//! True receipts: every kind of entry, scheme and policy, logs of many sizes, both spellings.

use crypto::Scheme;
use proto::canonical::Canonical as _;
use proto::entry::Entry;
use proto::id::{Did, SubmissionId, Tenant};
use proto::operation::BATCH_TREE;
use proto::receipt::Receipt;
use proto::submission::Body;
use verify::Freshness;

use crate::keys::{NoteSigner, Secret};
use crate::log::{
    self, ITEMS, Log, TIME_S, anchor, asked, author, block, body, content, epoch, genesis, indexed_block,
    item, item_digest, operations, proof_submit, receipt_of, signed, submitted,
};
use crate::trust::{
    both, both_signers, log as log_key, nested, other_log, outsider, plain, plain_signers, pq_witness,
    second_log, two_of_three, witness,
};
use crate::vector::{Asked, Vector};

pub fn vectors() -> Vec<Vector> {
    [entries(), sizes(), authors(), policies(), items(), questions(), spellings()].concat()
}

/// The receipt in both spellings.
fn both_spellings(name: &str, policy: &str, receipt: &Receipt) -> Vec<Vector> {
    vec![
        Vector::json(format!("{name}, JSON"), policy, receipt, None),
        Vector::tlog_proof(
            format!("{name}, tlog-proof"),
            policy,
            receipt.to_tlog_proof(),
            receipt.entry.clone(),
            None,
        ),
    ]
}

fn entries() -> Vec<Vector> {
    let own = [("genesis", genesis()), ("epoch", epoch()), ("block", block())];
    let mut found: Vec<Vector> = own
        .into_iter()
        .flat_map(|(kind, entry)| {
            both_spellings(&format!("entry {kind}"), &plain(), &receipt_of(&plain_signers(), entry))
        })
        .collect();
    for (name, operation) in operations() {
        let receipt = receipt_of(&plain_signers(), asked(operation));
        found.push(Vector::json(format!("entry {name}"), &plain(), &receipt, None));
    }
    let receipt = receipt_of(&plain_signers(), indexed_block());
    found.push(Vector::json("entry block that states an index".to_owned(), &plain(), &receipt, None));
    found
}

fn sizes() -> Vec<Vector> {
    let mut found = Vec::new();
    for size in [1, 2, 3, 4, 5, 7, 8, 9, 16, 17] {
        let whole = Log::of_size(&plain_signers(), size);
        let mut indices = vec![0, size / 2, size - 1];
        indices.dedup();
        for index in indices {
            let name = format!("leaf {index} of {size}");
            found.push(Vector::json(name, &plain(), &whole.receipt(index), None));
        }
    }
    found
}

fn authors() -> Vec<Vector> {
    let by = |body: Body, secret: &Secret| receipt_of(&plain_signers(), submitted(signed(secret, body)));
    let ml_dsa = Secret::new(Scheme::MlDsa65, "author/pq");
    let hybrid = Secret::new(Scheme::HybridEd25519MlDsa65, "author/hybrid");
    let ed25519 = author();
    let quorate =
        |secret: &Secret| Did::parse(&format!("did:quorate:{}", secret.public().id())).expect("a DID");
    let plain_body = |secret: &Secret| body(secret, proof_submit());
    let cases = [
        ("by ML-DSA-65", by(plain_body(&ml_dsa), &ml_dsa)),
        ("by Ed25519 and ML-DSA-65", by(plain_body(&hybrid), &hybrid)),
        (
            "by Ed25519 under a did:quorate of the key",
            by(Body { author: quorate(&ed25519), ..plain_body(&ed25519) }, &ed25519),
        ),
        (
            "by a key that the DID does not show",
            by(
                Body { author: Did::of(&Secret::ed25519("other").public()), ..plain_body(&ed25519) },
                &ed25519,
            ),
        ),
        (
            "by an ML-DSA-65 key of an identity that began with Ed25519",
            by(Body { author: Did::of(&ed25519.public()), ..plain_body(&ml_dsa) }, &ml_dsa),
        ),
        (
            "of another tenant, nonce and end",
            by(
                Body {
                    tenant: Tenant::parse(&"a.b-c_9".repeat(9)).expect("63 characters"),
                    nonce: u64::MAX,
                    expires_at: Some(proto::counter::TimeMs::new(u64::MAX)),
                    ..plain_body(&ed25519)
                },
                &ed25519,
            ),
        ),
    ];
    cases.into_iter().map(|(name, receipt)| Vector::json(name, &plain(), &receipt, None)).collect()
}

fn policies() -> Vec<Vector> {
    let at =
        |signers: Vec<NoteSigner>| -> Vec<(NoteSigner, u64)> { signers.into_iter().zip(TIME_S..).collect() };
    let entry = || asked(proof_submit());
    let of = |signers: &[(NoteSigner, u64)]| receipt_of(signers, entry());
    let key = |signer: NoteSigner| signer.key.to_string();
    let three: Vec<_> = (1..=3).map(witness).collect();
    let one = |name: &str, policy: String, receipt: Receipt| Vector::json(name, &policy, &receipt, None);
    vec![
        one(
            "two of three cosigners",
            two_of_three(),
            of(&at(vec![log_key(), three[0].clone(), three[2].clone()])),
        ),
        one(
            "three of three where two are needed",
            two_of_three(),
            of(&at(vec![three[2].clone(), log_key(), three[1].clone(), three[0].clone()])),
        ),
        one("Ed25519 and ML-DSA-65", both(), of(&both_signers())),
        one(
            "Ed25519 and ML-DSA-65, the other way round",
            both(),
            of(&at(vec![pq_witness(1), witness(1), log_key()])),
        ),
        one(
            "nested groups, a validator outside",
            nested(),
            of(&at(vec![log_key(), witness(1), witness(3), witness(4)])),
        ),
        one(
            "nested groups, an outside witness",
            nested(),
            of(&at(vec![log_key(), witness(1), witness(3), outsider()])),
        ),
        one(
            "no quorum asked for",
            format!("log {}\nquorum none\n", key(log_key())),
            of(&at(vec![log_key()])),
        ),
        one(
            "cosigners where no quorum is asked for",
            format!("log {}\nwitness w1 {}\nquorum none\n", key(log_key()), key(witness(1))),
            of(&plain_signers()),
        ),
        one(
            "two keys of one log",
            format!(
                "log {}\nlog {}\nwitness w {}\nquorum w\n",
                key(log_key()),
                key(second_log()),
                key(witness(1))
            ),
            of(&at(vec![second_log(), log_key(), witness(1)])),
        ),
        one(
            "a policy that names another log, too",
            format!(
                "log {}\nlog {}\nwitness w {}\nquorum w\n",
                key(other_log()),
                key(log_key()),
                key(witness(1))
            ),
            of(&plain_signers()),
        ),
        one(
            "a policy with a key of a type that nothing is known of",
            format!(
                "log {}\nwitness w1 {}\nwitness w2 example.com/w2+01234567+CgAAAAA=\ngroup g any w1 w2\nquorum g\n",
                key(log_key()),
                key(witness(1))
            ),
            of(&plain_signers()),
        ),
        one(
            "a policy with tabs, blanks, comments and addresses",
            format!(
                "#\n\t # comment\n \n log\t{}   https://example.com/log \nwitness w1 {} https://w\nquorum  w1\t\n",
                key(log_key()),
                key(witness(1))
            ),
            of(&plain_signers()),
        ),
        one(
            "names beyond ASCII in a policy",
            format!(
                "log {}\nwitness zürich {}\ngroup 東京 1 zürich\nquorum 東京\n",
                key(log_key()),
                key(witness(1))
            ),
            of(&plain_signers()),
        ),
        one("the time 0", plain(), of(&[(log_key(), 0), (witness(1), 0)])),
        one("the latest time that can be said", plain(), of(&[(log_key(), 0), (witness(1), (1 << 63) - 1)])),
        one(
            "a minority that says a later time",
            two_of_three(),
            of(&[
                (log_key(), 0),
                (witness(1), TIME_S + 1_000_000),
                (witness(2), TIME_S),
                (witness(3), TIME_S - 50),
            ]),
        ),
    ]
}

fn items() -> Vec<Vector> {
    let anchored = receipt_of(&plain_signers(), asked(anchor(ITEMS, BATCH_TREE)));
    let mut found = Vec::new();
    for index in [0, 6, ITEMS - 1] {
        let receipt = Receipt { item: Some(item(index)), ..anchored.clone() };
        let artifact = Asked { artifact: Some(item_digest(index)), ..Asked::default() };
        for vector in both_spellings(&format!("item {index} of {ITEMS}"), &plain(), &receipt) {
            found.push(vector.asking(artifact));
        }
    }
    let one = merkle::leaf_hash(log::content().as_bytes());
    let operation = proto::operation::Operation::BatchAnchor { root: one, count: 1, tree: BATCH_TREE.into() };
    let alone = proto::receipt::BatchItem {
        digest: content(),
        index: proto::counter::LeafIndex::new(0),
        path: Vec::new(),
    };
    let receipt = Receipt { item: Some(alone), ..receipt_of(&plain_signers(), asked(operation)) };
    found.extend(both_spellings("the only item of a batch", &plain(), &receipt));
    found
}

/// The id of the submission in an entry.
pub fn id_in(entry: &[u8]) -> SubmissionId {
    let Ok(Entry::Submission(entry)) = Entry::decode(entry) else { panic!("a submission") };
    entry.submission.id()
}

fn questions() -> Vec<Vector> {
    let entry = asked(proof_submit());
    let receipt = receipt_of(&plain_signers(), entry.clone());
    let all = Asked {
        submission: Some(id_in(&entry)),
        artifact: Some(content()),
        freshness: Some(Freshness { now_s: TIME_S + 60, max_age_s: 60 }),
    };
    let fresh =
        |now_s, max_age_s| Asked { freshness: Some(Freshness { now_s, max_age_s }), ..Asked::default() };
    let attestation =
        operations().into_iter().find(|(name, _)| *name == "attestation.issue about an artifact");
    let attested = receipt_of(&plain_signers(), asked(attestation.expect("it is there").1));
    vec![
        Vector::json("asked for all there is", &plain(), &receipt, None).asking(all),
        Vector::json("clocks 300 s ahead", &plain(), &receipt, None).asking(fresh(TIME_S - 300, 0)),
        Vector::json("as old as may be", &plain(), &receipt, None).asking(fresh(TIME_S + 86_400, 86_400)),
        Vector::json("the artifact of an attestation", &plain(), &attested, None)
            .asking(Asked { artifact: Some(content()), ..Asked::default() }),
    ]
}

/// One receipt in JSON that others spell otherwise, and that says the same.
fn spellings() -> Vec<Vector> {
    let receipt = receipt_of(&plain_signers(), asked(proof_submit()));
    let json = receipt.to_json();
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let reversed = |value: &serde_json::Value| {
        let members = value.as_object().expect("an object").iter().rev();
        let members: Vec<_> = members.map(|(name, member)| format!("\"{name}\": {member}")).collect();
        format!("{{{}}}", members.join(",\t"))
    };
    let cases = [
        ("members in another order", reversed(&value)),
        (
            "white space around everything",
            format!(" \t\r\n{}\r\n \t", json.replace(',', " ,\n ").replace(':', " : ")),
        ),
        ("a member's name in escapes", json.replace("\"entry\"", "\"\\u0065\\u006Etry\"")),
        ("a slash in escapes", json.replace("quorate/receipt/v1", "quorate\\/receipt\\u002fv1")),
        ("a dash in escapes", json.replace('\u{2014}', "\\u2014")),
    ];
    cases.into_iter().map(|(name, text)| Vector::text(name, &plain(), text, None)).collect()
}

use std::collections::BTreeSet;

use crypto::Digest;

use super::{AccessError, AnchorError, ApiError, ArtifactError, Problem, SurfaceError, WitnessError};
use crate::scalar::Hash;

/// One error of every variant. The match in `position` does not compile when a variant is missing from it, and the
/// test below fails when it is missing from the list.
fn samples() -> Vec<ApiError> {
    let id = Hash(Digest::ZERO);
    let text = || "x".to_owned();
    vec![
        ApiError::MalformedJson { fault: text() },
        ApiError::InvalidRequest { fault: text() },
        ApiError::MethodUnknown { name: text() },
        ApiError::InvalidParams { fault: text() },
        ApiError::RouteUnknown { path: text() },
        ApiError::MethodNotAllowed { method: text(), path: text() },
        ApiError::BodyTooLarge { max: 1 },
        ApiError::BodyUnreadable { fault: text() },
        ApiError::ContentType { found: text() },
        ApiError::HostRefused { found: text() },
        AccessError::Missing { what: "x" }.into(),
        ApiError::SigningNotOffered,
        ApiError::SubmissionMalformed { fault: text() },
        ApiError::SubmissionRefused { id, reason: "expired", detail: text() },
        ApiError::Busy { retry_after_ms: 1 },
        ApiError::NoVerdict { id },
        ApiError::TooMany { what: "x", max: 1 },
        ApiError::EntryUnknown { name: text() },
        ApiError::BlockUnknown { height: text() },
        ApiError::CheckpointUnknown { size: text() },
        ApiError::NotFinal { name: text(), retry_after_ms: 1 },
        ApiError::NoReceipt { id, reason: text() },
        ApiError::ReceiptMalformed { fault: text() },
        ApiError::TimedOut { max_ms: 1 },
        ApiError::Stopping,
        ApiError::Storage,
        ApiError::Internal,
        ApiError::HeadTooLarge { found: 2, max: 1 },
        ApiError::TileUnknown { name: text() },
        ApiError::Observer { validators: vec![text()] },
        ApiError::EpochUnknown { epoch: 1 },
        ApiError::BlockNotKept { height: text() },
        ApiError::IdentityUnknown { identity: text() },
        ApiError::KeyUnknown { kid: text() },
        ApiError::StatementMalformed { fault: text() },
        ApiError::StatementType { found: text() },
        ApiError::StatementRejected { id, reason: text() },
        ApiError::ArtifactUnknown { id },
        ApiError::ArtifactNotHere { id },
        ApiError::ArtifactGone { id, why: text() },
        ApiError::ArtifactMismatch { id, found_bytes: 3 },
        ApiError::NotIssuer { epoch: 3 },
        ApiError::IssuerKeyUnknown { kid: text() },
        ApiError::NotIndexed { fault: text() },
        ApiError::SearchNotYet { fault: text(), retry_after_ms: 1 },
        WitnessError::Off.into(),
        WitnessError::Malformed { fault: text() }.into(),
        WitnessError::OriginUnknown { fault: text() }.into(),
        WitnessError::Untrusted { fault: text() }.into(),
        WitnessError::NothingCosigned { name: text() }.into(),
        WitnessError::Conflict { fault: text() }.into(),
        WitnessError::Inconsistent { fault: text() }.into(),
        WitnessError::NotRecorded.into(),
        WitnessError::Busy.into(),
        WitnessError::NotWitnessed { of: text(), wanted: 2, found: 1 }.into(),
        AccessError::Malformed { fault: "x" }.into(),
        AccessError::Unknown { fault: "x" }.into(),
        AccessError::Expired { until_s: 1 }.into(),
        AccessError::Unconfigured.into(),
        AccessError::Tenant { found: text(), expected: text() }.into(),
        AccessError::TenantMissing.into(),
        AccessError::Scope { needed: "x", found: text() }.into(),
        AccessError::Rate { tenant: text(), name: "x", per_minute: 1, retry_after_ms: 1 }.into(),
        SurfaceError::Unknown { what: "x" }.into(),
        SurfaceError::Unprocessable { fault: text() }.into(),
        SurfaceError::BadRequest { fault: text() }.into(),
        SurfaceError::Conflict { fault: text() }.into(),
        SurfaceError::Forbidden { fault: text() }.into(),
        SurfaceError::Gone { fault: text() }.into(),
        SurfaceError::NotConfigured { fault: text() }.into(),
        SurfaceError::Undecided { id }.into(),
        AccessError::Beyond { wanted: text(), found: text() }.into(),
        AnchorError::Unknown { size: 5 }.into(),
        AnchorError::NoFile { size: 5, file: text() }.into(),
        ArtifactError::Corrupt { id }.into(),
        ArtifactError::Range { found: text(), bytes: 5 }.into(),
        ArtifactError::BytesFull { tenant: text(), held: 3, wanted: 2, max: 4 }.into(),
        ArtifactError::CountFull { tenant: text(), max: 4 }.into(),
        ArtifactError::UnderWay { id, retry_after_ms: 1 }.into(),
        ArtifactError::Counting { retry_after_ms: 1 }.into(),
    ]
}

fn position(error: &ApiError) -> usize {
    match error {
        ApiError::MalformedJson { .. } => 0,
        ApiError::InvalidRequest { .. } => 1,
        ApiError::MethodUnknown { .. } => 2,
        ApiError::InvalidParams { .. } => 3,
        ApiError::RouteUnknown { .. } => 4,
        ApiError::MethodNotAllowed { .. } => 5,
        ApiError::BodyTooLarge { .. } => 6,
        ApiError::BodyUnreadable { .. } => 7,
        ApiError::ContentType { .. } => 8,
        ApiError::HostRefused { .. } => 9,
        ApiError::Access(AccessError::Missing { .. }) => 10,
        ApiError::SigningNotOffered => 11,
        ApiError::SubmissionMalformed { .. } => 12,
        ApiError::SubmissionRefused { .. } => 13,
        ApiError::Busy { .. } => 14,
        ApiError::NoVerdict { .. } => 15,
        ApiError::TooMany { .. } => 16,
        ApiError::EntryUnknown { .. } => 17,
        ApiError::BlockUnknown { .. } => 18,
        ApiError::CheckpointUnknown { .. } => 19,
        ApiError::NotFinal { .. } => 20,
        ApiError::NoReceipt { .. } => 21,
        ApiError::ReceiptMalformed { .. } => 22,
        ApiError::TimedOut { .. } => 23,
        ApiError::Stopping => 24,
        ApiError::Storage => 25,
        ApiError::Internal => 26,
        ApiError::HeadTooLarge { .. } => 27,
        ApiError::TileUnknown { .. } => 28,
        ApiError::Observer { .. } => 29,
        ApiError::EpochUnknown { .. } => 30,
        ApiError::BlockNotKept { .. } => 31,
        ApiError::IdentityUnknown { .. } => 32,
        ApiError::KeyUnknown { .. } => 33,
        ApiError::StatementMalformed { .. } => 34,
        ApiError::StatementType { .. } => 35,
        ApiError::StatementRejected { .. } => 36,
        ApiError::ArtifactUnknown { .. } => 37,
        ApiError::ArtifactNotHere { .. } => 38,
        ApiError::ArtifactGone { .. } => 39,
        ApiError::ArtifactMismatch { .. } => 40,
        ApiError::NotIssuer { .. } => 41,
        ApiError::IssuerKeyUnknown { .. } => 42,
        ApiError::NotIndexed { .. } => 43,
        ApiError::SearchNotYet { .. } => 44,
        ApiError::Witness(error) => match error {
            WitnessError::Off => 45,
            WitnessError::Malformed { .. } => 46,
            WitnessError::OriginUnknown { .. } => 47,
            WitnessError::Untrusted { .. } => 48,
            WitnessError::NothingCosigned { .. } => 49,
            WitnessError::Conflict { .. } => 50,
            WitnessError::Inconsistent { .. } => 51,
            WitnessError::NotRecorded => 52,
            WitnessError::Busy => 53,
            WitnessError::NotWitnessed { .. } => 54,
        },
        ApiError::Access(AccessError::Malformed { .. }) => 55,
        ApiError::Access(AccessError::Unknown { .. }) => 56,
        ApiError::Access(AccessError::Expired { .. }) => 57,
        ApiError::Access(AccessError::Unconfigured) => 58,
        ApiError::Access(AccessError::Tenant { .. }) => 59,
        ApiError::Access(AccessError::TenantMissing) => 60,
        ApiError::Access(AccessError::Scope { .. }) => 61,
        ApiError::Access(AccessError::Rate { .. }) => 62,
        ApiError::Surface(SurfaceError::Unknown { .. }) => 63,
        ApiError::Surface(SurfaceError::Unprocessable { .. }) => 64,
        ApiError::Surface(SurfaceError::BadRequest { .. }) => 65,
        ApiError::Surface(SurfaceError::Conflict { .. }) => 66,
        ApiError::Surface(SurfaceError::Forbidden { .. }) => 67,
        ApiError::Surface(SurfaceError::Gone { .. }) => 68,
        ApiError::Surface(SurfaceError::NotConfigured { .. }) => 69,
        ApiError::Surface(SurfaceError::Undecided { .. }) => 70,
        ApiError::Access(AccessError::Beyond { .. }) => 71,
        ApiError::Anchor(AnchorError::Unknown { .. }) => 72,
        ApiError::Anchor(AnchorError::NoFile { .. }) => 73,
        ApiError::Artifact(error) => match error {
            ArtifactError::Corrupt { .. } => 74,
            ArtifactError::Range { .. } => 75,
            ArtifactError::BytesFull { .. } => 76,
            ArtifactError::CountFull { .. } => 77,
            ArtifactError::UnderWay { .. } => 78,
            ArtifactError::Counting { .. } => 79,
        },
    }
}

#[test]
fn every_variant_has_a_line_of_its_own() {
    let samples = samples();
    let positions: Vec<usize> = samples.iter().map(position).collect();
    assert_eq!(positions, (0..=79).collect::<Vec<_>>());
    let codes: BTreeSet<&str> = samples.iter().map(|error| error.row().code).collect();
    let numbers: BTreeSet<i64> = samples.iter().map(|error| error.row().rpc).collect();
    assert_eq!((codes.len(), numbers.len()), (samples.len(), samples.len()));
}

#[test]
fn reserved_numbers_are_for_the_protocol() {
    for error in samples() {
        let row = error.row();
        let protocol = ["malformed_json", "invalid_request", "method_unknown", "invalid_params", "internal"]
            .contains(&row.code);
        assert_eq!(row.rpc < 0, protocol, "{}", row.code);
        assert!((400..600).contains(&row.status), "{}", row.code);
        assert!(row.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", row.code);
        assert!(row.hint.ends_with('.'), "{}", row.code);
    }
}

#[test]
fn who_is_told_to_wait_is_told_how_long() {
    for error in samples() {
        let waits = matches!(error.row().status, 429 | 503);
        assert!(!waits || error.retry_after_ms().is_some(), "{}", error.row().code);
    }
}

#[test]
fn a_problem_survives_the_journey() {
    for error in samples() {
        let problem = error.problem();
        let json = serde_json::to_string(&problem).expect("writes");
        assert_eq!(serde_json::from_str::<Problem>(&json).expect("reads"), problem);
    }
}

/// `ERRORS.md` is the table for people. It is written anew by running this test with `UPDATE=1`.
#[test]
fn the_published_table_is_the_table() {
    let mut text = String::from(
        "# Errors\n\n\
         Every error has a stable code. REST sends it as `application/problem+json` with the HTTP status; JSON-RPC\n\
         sends the number in `error.code` and the same problem in `error.data`. This file is written by a test.\n\n\
         | Code | HTTP | JSON-RPC | Title | What to do |\n|---|---|---|---|---|\n",
    );
    let mut rows: Vec<_> = samples().iter().map(ApiError::row).collect();
    rows.sort_by_key(|row| row.code);
    for row in rows {
        text +=
            &format!("| `{}` | {} | {} | {} | {} |\n", row.code, row.status, row.rpc, row.title, row.hint);
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../ERRORS.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).expect("writes");
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(published == text, "ERRORS.md is not the table; run with UPDATE=1 and review the change");
}

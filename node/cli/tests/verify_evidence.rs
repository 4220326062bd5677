//! `quorate verify-evidence`, run as a process on the shared vectors: verdicts, exit codes, files beside a record, a
//! directory of records, and the list of revocations that is kept.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crypto::sha256;
use serde_json::Value;

const FILE: (&str, &str) = ("results.json", "{\"00\":512,\"11\":488}");

struct Vectors(Value);

impl Vectors {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/evidence/vectors.json");
        Self(serde_json::from_str(&std::fs::read_to_string(path).expect("vectors")).expect("JSON"))
    }

    fn cases(&self) -> impl Iterator<Item = &Value> {
        self.0["cases"].as_array().expect("cases").iter()
    }

    fn case(&self, name: &str) -> &Value {
        self.cases().find(|case| case["name"] == name).expect(name)
    }

    fn document(&self, case: &Value, member: &str) -> Option<&str> {
        self.0["documents"][case[member].as_str()?].as_str()
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, text).expect("written");
        path
    }

    /// Puts what a case needs into files, and gives the flags.
    fn flags(&self, vectors: &Vectors, case: &Value) -> Vec<String> {
        let mut flags = vec!["--at".to_owned(), time(case)];
        for (member, flag) in [
            ("trust_root", "--trust-root"),
            ("trust_bundle", "--trust-bundle"),
            ("checkpoint", "--checkpoint"),
        ] {
            if let Some(text) = vectors.document(case, member) {
                let path = self.put(&format!("{member}.json"), text);
                flags.extend([flag.to_owned(), path.display().to_string()]);
            }
        }
        for (member, flag) in [("root_pin", "--root-pin"), ("at_least", "--at-least")] {
            flags.extend(
                case[member].as_str().map(|text| [flag.to_owned(), text.to_owned()]).into_iter().flatten(),
            );
        }
        flags
    }

    fn run(&self, record: &Path, flags: &[String]) -> (i32, Value) {
        let output = self.output(record, flags, &["--output", "json"]);
        let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (output.status.code().expect("not killed"), report)
    }

    fn output(&self, record: &Path, flags: &[String], more: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_quorate"))
            .arg("verify-evidence")
            .arg(record)
            .args(flags)
            .args(more)
            .env("QUORATE_CONFIG_DIR", self.0.path())
            .output()
            .expect("runs")
    }
}

/// Whole seconds: `--at` takes no others.
fn time(case: &Value) -> String {
    case["now"].as_str().expect("a time").to_owned()
}

fn number(verdict: &str) -> i32 {
    ["VERIFIED", "FAILED", "UNKNOWN", "STALE", "OFFLINE_WITHOUT_STATUS"]
        .iter()
        .position(|name| *name == verdict)
        .and_then(|at| i32::try_from(at).ok())
        .expect("a verdict")
}

#[test]
fn every_vector_ends_as_it_says_and_with_its_number() {
    let vectors = Vectors::read();
    for case in vectors.cases() {
        // What files lie beside it is told otherwise here.
        if case["artifacts"].as_object().is_some_and(|files| !files.is_empty()) {
            continue;
        }
        let folder = Folder::new();
        let flags = folder.flags(&vectors, case);
        let record = folder.put("record.json", case["record"].as_str().expect("a record"));
        let (code, report) = folder.run(&record, &flags);
        let expected = &case["expect"];
        let name = &case["name"];
        assert_eq!(report["verdict"], expected["verdict"], "{name}: {report}");
        assert_eq!(code, number(report["verdict"].as_str().expect("a verdict")), "{name}");
        assert_eq!(report["decided_by"], expected["decided_by"], "{name}");
        assert_eq!(report["confirmed_level"], expected["confirmed"], "{name}");
        if expected["details"].is_object() {
            assert_eq!(report["details"], expected["details"], "{name}");
            assert_eq!(report["trust_chain"], expected["trust_chain"], "{name}");
        }
    }
}

#[test]
fn a_changed_byte_of_a_file_beside_a_record_is_named() {
    let vectors = Vectors::read();
    let case = vectors.case("Ed25519");
    let folder = Folder::new();
    let flags = folder.flags(&vectors, case);
    let record = folder.put("bundle/record.json", case["record"].as_str().expect("a record"));
    let (code, report) = folder.run(&record, &flags);
    assert_eq!((code, &report["artifacts"][0]["outcome"]), (0, &Value::from("absent")));
    for at in 0..FILE.1.len() {
        let mut bytes = FILE.1.as_bytes().to_vec();
        folder.put("bundle/results.json", FILE.1);
        let (code, report) = folder.run(&record, &flags);
        assert_eq!((code, &report["artifacts"][0]["outcome"]), (0, &Value::from("matches")));
        bytes[at] ^= 1;
        std::fs::write(folder.0.path().join("bundle").join(FILE.0), &bytes).expect("written");
        let output = folder.output(&record, &flags, &[]);
        let said = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(FILE.0) && said.contains(&sha256(&bytes).to_string()), "{said}");
        assert!(said.trim_end().ends_with("FAILED"), "{said}");
        if at == 3 {
            // Each byte is the same rule; four of them take long enough as processes.
            break;
        }
    }
    // A name that leads elsewhere is not followed.
    let elsewhere = case["record"].as_str().expect("a record").replace("results.json", "../secret.json");
    folder.put("secret.json", "x");
    let (_, report) = folder.run(&folder.put("bundle/other.json", &elsewhere), &flags);
    assert_eq!(report["artifacts"][0]["outcome"], "absent");
}

#[test]
fn of_a_directory_the_worst_verdict_counts_and_what_is_spoiled_is_named() {
    let vectors = Vectors::read();
    let case = vectors.case("Ed25519");
    let folder = Folder::new();
    let flags = folder.flags(&vectors, case);
    let good = case["record"].as_str().expect("a record");
    folder.put("all/a/record.json", good);
    folder.put("all/a/results.json", FILE.1);
    folder.put("all/b/record.json", good);
    folder.put("all/notes.txt", "nothing of ours");
    let all = folder.0.path().join("all");
    let (code, report) = folder.run(&all, &flags);
    assert_eq!(
        (code, &report["records"], &report["verdict"]),
        (0, &2.into(), &"VERIFIED".into()),
        "{report}"
    );
    let passed_over = report["passed_over"].as_array().expect("a list");
    assert!(passed_over.len() == 1 && passed_over[0].as_str().expect("a path").ends_with("notes.txt"));
    folder.put(
        "all/c/record.json",
        vectors.case("nobody signed, and nobody says so")["record"].as_str().expect("one"),
    );
    let (code, report) = folder.run(&all, &flags);
    assert_eq!(
        (code, &report["verdict"], &report["verdicts"]["VERIFIED"]),
        (2, &"UNKNOWN".into(), &2.into())
    );
    folder.put("all/a/results.json", "x");
    let (code, report) = folder.run(&all, &flags);
    assert_eq!((code, &report["verdict"]), (1, &"FAILED".into()));
    let failed = &report["not_verified"][0];
    assert!(failed["file"].as_str().expect("a path").ends_with("a/record.json"));
    assert!(failed["detail"].as_str().expect("why").contains("results.json"), "{failed}");
    folder.put("all/a/results.json", FILE.1);
    folder.put("all/d.json", &good[..good.len() / 2]);
    assert_eq!(folder.run(&all, &flags).0, 1, "a record cut in half is a finding");
    let empty = folder.0.path().join("empty");
    std::fs::create_dir(&empty).expect("made");
    assert_eq!(folder.run(&empty, &flags).0, 2);
}

#[test]
fn what_was_known_of_revocations_is_kept_and_what_vanishes_is_seen() {
    let vectors = Vectors::read();
    let (before, after) = (vectors.case("Ed25519"), vectors.case("grown since it was kept"));
    let folder = Folder::new();
    let record = folder.put("record.json", before["record"].as_str().expect("a record"));
    let checkpoint = folder.0.path().join("kept.json");
    let with = |case: &Value| {
        let mut flags = folder.flags(&vectors, case);
        // The case's own file, if it has one, is not the one that is kept here.
        if let Some(at) = flags.iter().position(|flag| flag == "--checkpoint") {
            flags.drain(at..at + 2);
        }
        flags.extend(["--checkpoint".to_owned(), checkpoint.display().to_string()]);
        folder.run(&record, &flags).0
    };
    let size = || {
        let kept: Value =
            serde_json::from_str(&std::fs::read_to_string(&checkpoint).expect("kept")).expect("JSON");
        kept["tree_size"].as_u64()
    };
    assert_eq!((with(before), size()), (0, Some(1)));
    assert_eq!((with(after), size()), (0, Some(2)));
    // The older bundle lacks what was known; nothing is forgotten over it.
    assert_eq!((with(before), size()), (1, Some(2)));
    assert_eq!((with(vectors.case("no list of revocations")), size()), (1, Some(2)));
    std::fs::write(&checkpoint, "{}").expect("written");
    assert_eq!(with(before), 1, "what was kept is spoiled");
}

#[test]
fn wrong_usage_is_no_verdict() {
    let vectors = Vectors::read();
    let case = vectors.case("Ed25519");
    let folder = Folder::new();
    let flags = folder.flags(&vectors, case);
    let missing = folder.0.path().join("missing.json");
    let output = folder.output(&missing, &flags, &[]);
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true));
    let record = folder.put("record.json", case["record"].as_str().expect("a record"));
    for wrong in
        [["--at-least", "BEST"], ["--root-pin", "sha256:00"], ["--at", "yesterday"], ["--checkpoint", "x"]]
    {
        let output = folder.output(&record, &[], &wrong);
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true), "{wrong:?}");
    }
    let bundle = folder.put("trust_bundle.json", "{}");
    let (code, report) = folder.run(&record, &["--trust-bundle".to_owned(), bundle.display().to_string()]);
    assert_eq!((code, &report["decided_by"]), (1, &"trust_bundle_format".into()));
}

use super::*;

const VALIDATOR: Owner = Owner::Validator;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.as_bytes().to_vec()).unwrap()
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("node").join(Keystore::FILE_NAME);
    (dir, path)
}

/// Writes the text as a file only its owner can read.
fn put(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn the_passphrase_it_was_made_with_opens_it() {
    let (_dir, path) = place();
    let right = passphrase("correct horse");
    let master = MasterSeed::new([9; 32]);
    Keystore::import(&path, VALIDATOR, Protection::Passphrase(&right), &master).unwrap();
    let keystore = Keystore::read(&path).unwrap();
    let expected = NodeKeys::derive(&master).validator("v1", 3);
    assert_eq!(keystore.validator("v1", 3).unwrap(), expected, "without the passphrase");
    let keys = keystore.unlock_validator(Protection::Passphrase(&right)).unwrap();
    assert_eq!(keys.validator("v1", 3), expected);
    let wrong = passphrase("correct house");
    let refused = keystore.unlock_validator(Protection::Passphrase(&wrong)).unwrap_err();
    assert!(matches!(refused, KeystoreError::WrongPassphrase), "{refused}");
}

#[test]
fn two_keystores_have_two_seeds() {
    let (_dir, path) = place();
    let other = path.with_extension("other");
    let one = Keystore::create(&path, VALIDATOR, Protection::Dev).unwrap();
    let two = Keystore::create(&other, VALIDATOR, Protection::Dev).unwrap();
    assert_ne!(one.validator("v", 1).unwrap(), two.validator("v", 1).unwrap());
}

#[test]
fn development_keys_open_only_for_those_who_ask_for_such() {
    let (_dir, path) = place();
    Keystore::create(&path, VALIDATOR, Protection::Dev).unwrap();
    let keystore = Keystore::read(&path).unwrap();
    assert!(keystore.is_dev());
    assert!(keystore.unlock_validator(Protection::Dev).is_ok());
    let refused = keystore.unlock_validator(Protection::Passphrase(&passphrase("x"))).unwrap_err();
    assert!(matches!(refused, KeystoreError::DevOnly), "{refused}");

    // Marked as real by somebody who also corrects the checksum: the cipher's tag refuses.
    let mut forged = keystore.clone();
    forged.sealed.dev = false;
    put(&path, &forged.sealed.to_json());
    let refused = Keystore::read(&path)
        .unwrap()
        .unlock_validator(Protection::Passphrase(&passphrase("x")))
        .unwrap_err();
    assert!(matches!(refused, KeystoreError::WrongPassphrase), "{refused}");
}

#[test]
fn real_keys_need_their_passphrase() {
    let (_dir, path) = place();
    let right = passphrase("p");
    let keystore = Keystore::create(&path, VALIDATOR, Protection::Passphrase(&right)).unwrap();
    let refused = keystore.unlock_validator(Protection::Dev).unwrap_err();
    assert!(matches!(refused, KeystoreError::PassphraseNeeded), "{refused}");
}

#[test]
fn a_submitter_has_one_key_of_its_scheme() {
    for scheme in [Scheme::Ed25519, Scheme::MlDsa65, Scheme::HybridEd25519MlDsa65] {
        let (_dir, path) = place();
        Keystore::create(&path, Owner::Submitter { scheme }, Protection::Dev).unwrap();
        let keystore = Keystore::read(&path).unwrap();
        assert_eq!(keystore.owner(), Owner::Submitter { scheme });
        let key = keystore.unlock_submitter(Protection::Dev).unwrap();
        assert_eq!(keystore.public().collect::<Vec<_>>(), [(Role::Submitter, key.public())]);
        assert!(matches!(keystore.unlock_validator(Protection::Dev), Err(KeystoreError::Owner { .. })));
        assert!(matches!(keystore.validator("v", 1), Err(KeystoreError::Owner { .. })));
    }
    let (_dir, path) = place();
    let verify_only = Owner::Submitter { scheme: Scheme::Dilithium3R3 };
    let refused = Keystore::create(&path, verify_only, Protection::Dev).unwrap_err();
    assert!(matches!(refused, KeystoreError::VerifyOnly { .. }));
}

#[test]
fn one_is_never_overwritten_and_never_open_to_others() {
    let (_dir, path) = place();
    let first = Keystore::create(&path, VALIDATOR, Protection::Dev).unwrap();
    let refused = Keystore::create(&path, VALIDATOR, Protection::Dev).unwrap_err();
    assert!(matches!(refused, KeystoreError::Exists { .. }), "{refused}");
    assert_eq!(Keystore::read(&path).unwrap().validator("v", 1).unwrap(), first.validator("v", 1).unwrap());

    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(Keystore::read(&path), Err(KeystoreError::Exposed { mode: 0o640, .. })));
}

#[test]
fn every_changed_character_is_damage() {
    let (_dir, path) = place();
    Keystore::create(&path, VALIDATOR, Protection::Passphrase(&passphrase("p"))).unwrap();
    let text = std::fs::read(&path).unwrap();
    // The long post-quantum key is sampled; everything else is changed byte by byte.
    for position in (0..text.len()).filter(|at| at % 13 == 0 || *at < 400 || text.len() - at < 700) {
        let mut changed = text.clone();
        changed[position] ^= 1;
        std::fs::write(&path, &changed).unwrap();
        match Keystore::read(&path) {
            // White space became other white space: the same file.
            Ok(read) => assert_eq!(read.sealed.to_json().as_bytes(), text),
            Err(KeystoreError::Damaged { .. } | KeystoreError::Version { .. }) => {}
            Err(other) => panic!("{position}: {other}"),
        }
    }
    for length in [0, 1, text.len() / 2, text.len() - 2] {
        std::fs::write(&path, &text[..length]).unwrap();
        assert!(matches!(Keystore::read(&path), Err(KeystoreError::Damaged { .. })), "{length}");
    }
}

#[test]
fn files_from_elsewhere_are_refused_precisely() {
    let (_dir, path) = place();
    Keystore::create(&path, VALIDATOR, Protection::Dev).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    put(&path, &text.replace("\"version\": 1", "\"version\": 2"));
    assert!(matches!(Keystore::read(&path), Err(KeystoreError::Version { found: 2, supported: 1 })));
    put(&path, &text.replace("\"memory_kib\": 64", "\"memory_kib\": 2000000"));
    let refused = Keystore::read(&path).unwrap_err().to_string();
    assert!(refused.contains("2000000") && refused.contains("1048576"), "{refused}");
    put(&path, &text.replacen('{', "{\"colour\": 1,", 1));
    assert!(Keystore::read(&path).unwrap_err().to_string().contains("colour"));
    put(&path, &"x".repeat(70_000));
    assert!(matches!(Keystore::read(&path), Err(KeystoreError::Damaged { .. })));
}

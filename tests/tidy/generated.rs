//! The wire types in `proto/src/wire/generated.rs` are those of `proto/quorate.proto`.
//!
//! They are committed so that building needs no protobuf compiler. After a change of the schema:
//! `UPDATE=1 cargo test -p tests --test tidy generated`.

use std::{env, fs};

use crate::sources::root;

#[test]
fn wire_types_are_fresh() {
    let folder = root().join("proto");
    let schema = protox::compile([folder.join("quorate.proto")], [&folder]).expect("the schema compiles");
    let out = tempfile::tempdir().expect("a scratch folder");
    prost_build::Config::new().out_dir(out.path()).compile_fds(schema).expect("prost generates");
    let fresh = fs::read_to_string(out.path().join("quorate.v1.rs")).expect("prost wrote its file");

    let file = folder.join("src/wire/generated.rs");
    if env::var_os("UPDATE").is_some() {
        fs::write(&file, &fresh).expect("the sources can be written");
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == fresh, "stale: UPDATE=1 cargo test -p tests --test tidy generated");
}

# The recipes of the house. `just` lists them; `just ci` is what a submission has to pass.

# List the recipes.
default:
    @just --list

# Format, lints, tests, documents and the walls: what to run before a commit.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo test --workspace
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# The tests of one room (or of all).
test *ROOM:
    cargo test {{ if ROOM == "" { "--workspace" } else { "-p " + ROOM } }}

# Play the simulation of one seed again, a line for each event.
sim SEED:
    cargo run --release -p sim -- replay --seed {{SEED}}

# Write the golden files anew: wire types from the schema, then our own vectors. Review the difference.
golden:
    UPDATE=1 cargo test -p tests --test tidy generated
    UPDATE=1 cargo test -p proto
    UPDATE=1 cargo test -p tests --test fuzz_corpus

# Fuzz one target (`just fuzz-list` names them) for some seconds; needs cargo-fuzz and a nightly toolchain.
fuzz NAME SECONDS="60":
    mkdir -p target/fuzz/corpus/{{NAME}} target/fuzz/artifacts/{{NAME}}
    cargo +nightly fuzz run --fuzz-dir tests/fuzz --sanitizer none --target-dir target/fuzz/build {{NAME}} \
        target/fuzz/corpus/{{NAME}} tests/fuzz/seeds/{{NAME}} -- -max_total_time={{SECONDS}} \
        -rss_limit_mb=512 -malloc_limit_mb=256 -timeout=20 -artifact_prefix=target/fuzz/artifacts/{{NAME}}/

# The fuzz targets.
fuzz-list:
    cargo +nightly fuzz list --fuzz-dir tests/fuzz

# The property tests whose name contains NAME, with a hundred times the usual cases.
properties NAME:
    PROPTEST_CASES=25600 cargo test --release --workspace {{NAME}}

# A network of N validators in this terminal, until it is stopped.
net N="4":
    cargo run --release -- dev --validators {{N}}

# Measure: submissions a second and the time to finality.
bench:
    cargo run --release -- bench submit

# All that a submission has to pass, from the tools on.
ci:
    bash .ci/run

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

# Crash at every effect, fail and flip the journal's file, kill the store; `just crash all` tries every point.
crash POINTS="some":
    CRASH_POINTS={{POINTS}} cargo test -p tests --test crash -- --nocapture

# Try one crash point again, a line for each event.
crash-case CASE:
    CRASH_CASE='{{CASE}}' cargo test -p tests --test crash one_case -- --nocapture

# Replay a chain with every kind of operation, so many times as long, on nodes that live differently.
replay ROUNDS="20":
    REPLAY_ROUNDS={{ROUNDS}} cargo test -p tests --test replay -- --nocapture

# Cut the power under the real store and journal; needs root, a loop device and ext4.
power CUTS="100":
    CRASH_POWER_CUTS={{CUTS}} cargo test -p tests --test crash power -- --nocapture

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

# Measure a testnet of four processes at several rates; report and picture in target/bench. PERFORMANCE.md says more.
bench-testnet RATES="100,1000,2000,3000,4000,5000":
    mkdir -p target/bench
    cargo build --release
    target/release/quorate testnet init --dir target/bench/net
    target/release/quorate testnet start --dir target/bench/net
    target/release/quorate bench submit --net target/bench/net --keys 1000 --warmup 2s --duration 8s \
        --rates {{RATES}} --report target/bench/report.json || true
    target/release/quorate testnet stop --dir target/bench/net

# Evidence of 10,000 jobs with 50,000 artifacts, compared with that of 1,000: times, memory, disk. Some ten minutes.
acceptance-jobs SIZES="1000,10000":
    cargo build --release
    bash tests/acceptance/jobs.sh target/release/quorate target/acceptance-jobs {{SIZES}}

# How a node of ten million entries differs from one of a hundred thousand. Most of an hour, 12 GB.
bench-growth ENGINE="fjall" SIZES="100000 1000000 3000000 10000000":
    cargo build --release
    bash tests/bench/growth.sh target/release/quorate target/bench/growth {{ENGINE}} "{{SIZES}}"

# What the processors do while four validators take all they can, as a flame graph. Needs `perf`, `perl`, and `inferno` on the path.
bench-flame ENGINE="fjall" RATE="5000":
    cargo build --release --target-dir target/flame --config "target.'cfg(unix)'.rustflags=['-Cforce-frame-pointers=yes']"
    bash tests/bench/flame.sh target/flame/release/quorate target/bench/flame {{ENGINE}} {{RATE}}

# The time the hot rooms take, one body of work each; `just bench-time merkle` for some of them.
bench-time NAME="":
    cargo bench -p bench --bench time -- {{NAME}}

# The gate: instructions of the hot rooms under valgrind, compared with tests/bench/instructions.txt. UPDATE=1 rewrites it.
bench-instructions:
    cargo bench -p bench --bench instructions

# A storm over real processes, drawn from SEED; `just chaos 7 7 600` is a long one over seven validators.
chaos SEED="1" NODES="4" SECONDS="300":
    CHAOS_SEED={{SEED}} CHAOS_NODES={{NODES}} CHAOS_SECONDS={{SECONDS}} \
        cargo test --release -p cli --test chaos storm::a_storm -- --ignored --nocapture

# Measure: how long a network of N is silent after each fault.
silence N="4":
    CHAOS_NODES={{N}} cargo test --release -p cli --test chaos figures -- --ignored --nocapture

# All that a submission has to pass, from the tools on.
ci:
    bash .ci/run

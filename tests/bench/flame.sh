#!/usr/bin/env bash
# What four validators spend their processors on while they take all they can: a flame graph (DIR/flame.svg) and the share of
# each thread (DIR/threads.txt).
#
#   bash tests/bench/flame.sh QUORATE DIR [ENGINE [RATE]]
#
# QUORATE is a binary with frame pointers, DIR a folder to work in; it is emptied. Needs `perf`, and `inferno` (`cargo install
# inferno`) on the path. All processes of the machine are sampled for 5 s of a load of RATE (5000) submissions a second of 514
# bytes; those of `quorate` count, the load's own among them.
set -euo pipefail
quorate=$(realpath "$1") dir=$2 engine=${3:-fjall} rate=${4:-5000}
rm -rf "$dir"
mkdir -p "$dir"
cd "$dir"
"$quorate" testnet init --dir net --port 7870 >init.log
for config in net/v*/config.toml; do printf '\n[storage]\nengine = "%s"\n' "$engine" >>"$config"; done
trap '"$quorate" testnet stop --dir net >stop.log 2>&1 || true' EXIT
"$quorate" testnet start --dir net >start.log
"$quorate" bench submit --net net --keys 1000 --kind attestation --bytes 231 --warmup 2s --duration 20s --rates "$rate" >bench.log 2>&1 &
load=$!
sleep 8
perf record --all-cpus --freq 499 --call-graph fp --output perf.data -- sleep 5 2>perf.log
wait "$load" || true
perf report --input perf.data --no-children --sort comm --stdio 2>>perf.log | grep -v '^#' | grep '%' | grep -v -- '--' >threads.txt
perf script --input perf.data 2>>perf.log | inferno-collapse-perf >stacks.txt 2>>perf.log
# Without its script: a picture, the same in every viewer.
grep -v '^swapper;' stacks.txt | inferno-flamegraph --deterministic --title "four validators and their load, ${rate}/s offered, $engine" \
    --subtitle 'the width is processor time; the lowest line is the thread' --minwidth 0.5 |
    perl -0pe 's/<script.*?<\/script>//s; s/ onload="[^"]*"//' >flame.svg

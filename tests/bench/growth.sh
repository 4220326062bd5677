#!/usr/bin/env bash
# How a node of many entries differs from one of few: latency, throughput, memory, disk and restart, a line for each size in
# DIR/table.md and a picture in DIR/growth.svg.
#
#   bash tests/bench/growth.sh QUORATE DIR [ENGINE [SIZES]]
#
# QUORATE is the binary, DIR a folder to work in; it is emptied. One validator keeps its log with ENGINE (fjall) and is filled
# with submissions of 514 bytes, each signed by one of 1,000 keys, up to each of SIZES (100000 1000000 3000000 10000000: most
# of an hour and 12 GB). At each size it is offered 1,000/s for 10 s, then more than it can take for as long, and is started anew.
set -euo pipefail
quorate=$(realpath "$1") drawing=$(realpath "$(dirname "$0")/growth.awk")
dir=$2 engine=${3:-fjall} sizes=${4:-100000 1000000 3000000 10000000}
rm -rf "$dir"
mkdir -p "$dir"
cd "$dir"
"$quorate" testnet init --dir net --validators 1 --port 7770 >init.log
printf '\n[storage]\nengine = "%s"\n' "$engine" >>net/v1/config.toml
trap '"$quorate" testnet stop --dir net >stop.log 2>&1 || true' EXIT
"$quorate" testnet start --dir net >start.log
leaves() { curl -fsS http://127.0.0.1:7770/v1/status | grep -o '"tree_size":[0-9]*' | cut -d : -f 2; }
# What is offered is more than what is held, so `bench` ends with a refusal: the figures count.
offer() { "$quorate" bench submit --net net --keys 1000 --kind attestation --bytes 231 "$@" 2>&1 | tee -a bench.log || true; }
figure() { grep -m 1 "$1" | grep -o "$2 [0-9.]*" | cut -d ' ' -f 2; }

# Fills the log up to so many leaves.
fill() {
    local found seconds
    while found=$(leaves) && [ "$found" -lt "$1" ]; do
        seconds=$((($1 - found) / 6000 + 1))
        offer --warmup 0s --duration "$((seconds < 300 ? seconds : 300))s" --rates 6000 --receipts 0 >/dev/null
    done
}

# A line of the table.
measure() {
    local found calm full bytes begun ready again
    found=$(leaves)
    calm=$(offer --warmup 2s --duration 10s --rates 1000)
    full=$(offer --warmup 2s --duration 10s --rates 12000)
    bytes=$(($(du -sm net/v1/data | cut -f 1) * 1048576 / $(leaves)))
    "$quorate" testnet stop --dir net >stop.log
    begun=$(date +%s%N)
    "$quorate" testnet start --dir net >start.log
    ready=$((($(date +%s%N) - begun) / 1000000))
    again=$(offer --warmup 0s --duration 2s --rates 100)
    echo "| $found | $(figure 'to final' p50 <<<"$calm") / $(figure 'to final' p99 <<<"$calm") |" \
        "$(grep -m 1 finalized <<<"$full" | grep -o '[0-9.]*/s' | cut -d / -f 1) | $(figure 'v1 ' memory <<<"$full") |" \
        "$bytes | $ready | $(figure 'v1 ' memory <<<"$again") |"
}

{
    echo "| leaves | final p50 / p99 at 1,000/s, ms | final/s at most | memory, MiB | disk a leaf, bytes | restart, ms | memory then, MiB |"
    echo "|---|---|---|---|---|---|---|"
    for size in $sizes; do
        fill "$size"
        measure
    done
} | tee table.md
awk -f "$drawing" table.md >growth.svg

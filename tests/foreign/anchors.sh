#!/usr/bin/env bash
# A node has its checkpoints anchored by programs of others, and others check what it got: openssl, rfc3161-client and
# python-opentimestamps. Arguments: the binary, a Python that has them, a folder for everything.
set -euo pipefail
quorate=$1 python=$2 net=$(realpath -m "$3")
rm -rf "$net"; mkdir -p "$net"
"$quorate" testnet init --dir "$net/testnet" --validators 1 --port 7470
"$python" tests/foreign/anchors.py --serve --dir "$net/outside" &
outside=$!
trap 'kill $outside 2>/dev/null || true' EXIT
for _ in $(seq 100); do [ -e "$net/outside/ready" ] && break; sleep 0.1; done
from=$(cat "$net/outside/ready")
printf '\n[anchors]\nservices = ["rfc3161 tsa %s/tsr %s/outside/roots.pem 1.2.3.4.1", "ots cal %s"]\nevery_s = 5\n' "$from" "$net" "$from" >> "$net/testnet/v1/config.toml"
"$quorate" testnet start --dir "$net/testnet"
export QUORATE_CONFIG_DIR="$net/config"
"$quorate" keys new
"$quorate" submit README.md --url http://127.0.0.1:7470
for _ in $(seq 100); do "$quorate" anchor status --url http://127.0.0.1:7470 --output json | grep -q confirmed && break; sleep 0.2; done
"$quorate" anchor status --url http://127.0.0.1:7470
"$quorate" anchor get --dir "$net/files" --url http://127.0.0.1:7470
ask() { "$quorate" anchor request --kind ots --from "$from" --checkpoint "$net/files/checkpoint.txt" --out "$net/files/asked.ots"; }
ask; ask
"$quorate" anchor request --kind rfc3161 --from "$from/tsr" --checkpoint "$net/files/checkpoint.txt" --roots "$net/outside/roots.pem" --out "$net/files/asked.tsr"
"$quorate" anchor verify "$net/files/asked.ots" --checkpoint "$net/files/checkpoint.txt" --headers "$net/outside/headers.txt"
"$quorate" anchor verify "$net/files/tsa.tsr" --checkpoint "$net/files/checkpoint.txt" --roots "$net/outside/roots.pem"
status=0; "$quorate" anchor verify "$net/files/cal.ots" --checkpoint "$net/files/checkpoint.txt" || status=$?
test $status = 3
"$python" tests/foreign/anchors.py --dir "$net/outside" --files "$net/files"
"$quorate" testnet stop --dir "$net/testnet"

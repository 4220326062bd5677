#!/usr/bin/env bash
# Starts a network of its own, has evidence of a job made, and has it judged by programs that know nothing of Quorate; by the
# JavaScript client, with each byte of the artifacts turned; then by `quorate verify-evidence`, which must name the artifact of
# which a byte is turned.
#
#   bash tests/foreign/evidence.sh QUORATE PYTHON CLIENT DIR
#
# QUORATE is the binary, PYTHON one that has cryptography and pymerkle, CLIENT the JavaScript client with its packages
# installed, DIR a folder to work in; it is emptied.
set -euo pipefail
quorate=$(realpath "$1") python=$(realpath -s "$2") client=$(realpath "$3") dir=$4 here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
. "$here/network.sh"
network "$quorate" "$dir"
"$python" "$here/evidence.py" --url "$url" --other "$other" --dir files
node "$client/tests/judged.js" files
judge() { "$quorate" verify-evidence files/record.json --trust-root files/trust-root.json --trust-bundle files/trust-bundle.json --checkpoint kept.json; }
judge | tail -1
printf 'x' | dd of=files/results.json bs=1 seek=3 conv=notrunc status=none
status=0; said=$(judge) || status=$?
test $status = 1
grep -q 'the file "results.json" has the digest' <<<"$said"
echo "a turned byte: $(tail -1 <<<"$said")"

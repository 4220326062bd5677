#!/usr/bin/env bash
# Starts a development network and lets ProofNest's own client, as it is published, work with it.
#
#   bash tests/foreign/proofnest.sh QUORATE PYTHON PACKAGE DIR
#
# QUORATE is the binary, PYTHON one that has httpx and dilithium-py, PACKAGE where the client was put, DIR a folder to work
# in; it is emptied.
set -euo pipefail
quorate=$(realpath "$1") python=$(realpath -s "$2") package=$(realpath "$3") dir=$4
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
. "$here/network.sh"
network "$quorate" "$dir"
"$python" "$here/proofnest.py" --package "$package" --url "$url"

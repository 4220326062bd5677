#!/usr/bin/env bash
# Starts a network, and walks through three services as their clients would: by one node, checked at another.
#
#   bash tests/foreign/services.sh QUORATE PYTHON DIR
#
# QUORATE is the binary, PYTHON one that has cryptography and dilithium-py, DIR a folder to work in; it is emptied.
set -euo pipefail
quorate=$(realpath "$1") python=$(realpath -s "$2") dir=$3 here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
. "$here/network.sh"
network "$quorate" "$dir"
"$python" "$here/services.py" --at "$url" --other "$other"

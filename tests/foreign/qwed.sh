#!/usr/bin/env bash
# Starts a network of its own, and has its attestations judged by programs that know nothing of Quorate.
#
#   bash tests/foreign/qwed.sh QUORATE PYTHON DIR
#
# QUORATE is the binary, PYTHON one that has PyJWT, httpx and qwed, DIR a folder to work in; it is emptied.
set -euo pipefail
quorate=$(realpath "$1") python=$(realpath -s "$2") dir=$3 here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
. "$here/network.sh"
network "$quorate" "$dir"
"$python" "$here/qwed.py" "$url"

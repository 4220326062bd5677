#!/usr/bin/env bash
# Changes keys on a network of its own, and gives what it publishes of them to programs that know nothing of Quorate.
#
#   bash tests/foreign/keys.sh QUORATE PYTHON DIR
#
# QUORATE is the binary, PYTHON one that has jwcrypto, DIR a folder to work in; it is emptied.
set -euo pipefail
quorate=$(realpath "$1") python=$(realpath -s "$2") dir=$3 here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
. "$here/network.sh"
network "$quorate" "$dir"
export QUORATE_CONFIG_DIR="$PWD/config" QUORATE_URL=$url

"$quorate" keys new
"$quorate" keys new second
"$quorate" keys new pq --scheme ml-dsa-65
"$quorate" keys new next
"$quorate" keys register
"$quorate" keys add second
"$quorate" keys add pq
"$quorate" keys rotate next
"$quorate" keys revoke second --key next --from-size 5 --reason stolen
did=$("$quorate" keys show --output json | grep -o 'did:key:[A-Za-z0-9]*' | head -1)
curl -fsS "$QUORATE_URL/.well-known/jwks.json" -o network.jwks
curl -fsS "$QUORATE_URL/.well-known/did.json" -o network.did
curl -fsS "$QUORATE_URL/v1/identities/$did/jwks.json" -o identity.jwks
curl -fsS "$QUORATE_URL/v1/identities/$did/did.json" -o identity.did
curl -fsS "$QUORATE_URL/v1/keys/history?identity=$did" -o identity.history
# One that nobody registered stands for itself.
curl -fsS "$QUORATE_URL/v1/identities/did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK/did.json" -o stranger.did
"$python" "$here/keys.py" --jwks network.jwks --jwks identity.jwks --did network.did --did identity.did \
    --did stranger.did --history identity.history

#!/usr/bin/env bash
# Registers what others signed on a network of its own, and gives what comes back to programs that know nothing of Quorate.
#
#   bash tests/foreign/statements.sh QUORATE PYTHON JAVASCRIPT DIR
#
# QUORATE is the binary, PYTHON one that has what requirements.txt names, JAVASCRIPT the folder `javascript` with its
# packages installed, DIR a folder to work in; it is emptied. QUORATE_VECTORS is where the public vectors lie.
set -euo pipefail
quorate=$(realpath "$1") python=$(realpath -s "$2") javascript=$(realpath "$3") dir=$4
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
signed=$here/../vectors/statement
rm -rf "$dir"
mkdir -p "$dir"
cd "$dir"
"$quorate" testnet init --dir net --validators 4 --port 7270 >init.log
trap '"$quorate" testnet stop --dir net >stop.log 2>&1 || true' EXIT
"$quorate" testnet start --dir net
url=$(grep -o -m 1 'http://[0-9.]*:[0-9]*' init.log || grep -rho -m 1 'http://127[0-9.]*:[0-9]*' net | head -1)
export QUORATE_CONFIG_DIR="$PWD/config" QUORATE_URL=$url
curl -fsS "$url/v1/policy" -o policy.txt

# A JWS by jose, and one of each envelope that our own code made.
node "$javascript/jose.mjs" make by-jose.jws
"$quorate" submit statement by-jose.jws --receipt by-jose.json --timeout 60s
for name in jws-ed25519.jws jws-ml-dsa-65.jws jws-json.json http-ed25519.json cose-ed25519.cose cose-ml-dsa-65.cose; do
    "$quorate" submit statement "$signed/$name" --receipt "$name.receipt" --timeout 60s
done
id=$(sha256sum "$signed/cose-ed25519.cose" | cut -d ' ' -f 1)
curl -fsS -H 'accept: application/scitt-statement+cose' "$url/entries/$id" -o transparent.cose
curl -fsS "$url/checkpoint" -o checkpoint
curl -fsS "$url/.well-known/jwks.json" -o network.jwks
"$quorate" keys new
"$quorate" keys new pq --scheme ml-dsa-65
"$quorate" keys register
"$quorate" keys add pq
did=$("$quorate" keys show --output json | grep -o 'did:key:[A-Za-z0-9]*' | head -1)
curl -fsS "$url/v1/identities/$did/jwks.json" -o identity.jwks
curl -fsS "$url/v1/keys/history?identity=$did" -o identity.history
"$quorate" tiles publish --to published

node "$javascript/jose.mjs" check --jwks network.jwks identity.jwks --jws "$signed/jws-ed25519.jws" "$signed/jws-json.json" \
    --receipt by-jose.json by-jose.jws jws-ed25519.jws.receipt "$signed/jws-ed25519.jws" \
    jws-json.json.receipt "$signed/jws-json.json"
node "$javascript/noble.mjs" --checkpoint policy.txt checkpoint --receipt jws-ml-dsa-65.jws.receipt "$signed/jws-ml-dsa-65.jws"
issuer=did:key:z6Mkg2eqFY7DbQ9UfJtbRPiqjeAcWSSk3YJcfkukdgG6yxbQ
"$python" "$here/transparent.py" --transparent transparent.cose --statement "$signed/cose-ed25519.cose" \
    --issuer "$issuer" --policy policy.txt
"$python" "$here/root.py" published --receipt by-jose.json --receipt jws-json.json.receipt
"$python" "$here/canonical.py" --vectors "$QUORATE_VECTORS/json-canonicalization" network.jwks identity.jwks identity.history

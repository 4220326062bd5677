#!/usr/bin/env bash
# Starts a network of its own with every surface open, and asks it what its OpenAPI document says can be asked, and what it
# says cannot: no answer is a 5xx, and each has a status, a type and a shape that the document gives it.
#
#   bash tests/foreign/openapi.sh QUORATE SCHEMATHESIS DIR [EXAMPLES]
#
# QUORATE is the binary, SCHEMATHESIS the program of that name, DIR a folder to work in; it is emptied. EXAMPLES are made at
# most of each operation besides those at the bounds of its schema; the seed is fixed, so a finding comes again. One worker:
# of two that read source code at a time, CPython 3.11 loses count.
set -euo pipefail
quorate=$(realpath "$1") schemathesis=$(realpath -s "$2") dir=$3 examples=${4:-10}
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
. "$here/network.sh"
network "$quorate" "$dir"
# Of a network that has never attested anything there are no keys to tell of: that is a 503, and said elsewhere.
curl -fsS "$url/verify/math" -H 'content-type: application/json' \
    -d '{"expression":"2+2=4","include_attestation":true}' -o attested.json
grep -q '"status":"VERIFIED"' attested.json
PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 "$schemathesis" --config-file "$here/openapi.toml" run "$url/openapi.json" \
    --max-examples "$examples" --workers 1 --no-color --warnings off
curl -fsS "$url/readyz" -o ready.json

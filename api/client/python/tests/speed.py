"""``python tests/speed.py POLICY RECEIPT [SECONDS]``: how long a receipt takes; the policy read once, and read each time."""

import statistics
import sys
import time
from pathlib import Path

from quorate import Policy, verify_receipt


def measure(name: str, policy: bytes | Policy, receipt: bytes, seconds: float) -> None:
    until = time.perf_counter() + seconds
    times = []
    cpu = time.process_time()
    while (begin := time.perf_counter()) < until:
        assert verify_receipt(policy, receipt).verified
        times.append(1_000 * (time.perf_counter() - begin))
    cpu = 1_000 * (time.process_time() - cpu) / len(times)
    print(f"{name}: median {statistics.median(times):.2f} ms, {cpu:.2f} ms of processor each, of {len(times)}")


def main() -> None:
    policy, receipt = (Path(name).read_bytes() for name in sys.argv[1:3])
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 3.0
    measure("policy read once", Policy.parse(policy), receipt, seconds)
    measure("policy read each time", policy, receipt, seconds)


if __name__ == "__main__":
    main()

"""How long artifacts take: to commit and give, to list, to fetch; the same with few and with many.

    python3 tests/acceptance/artifacts.py URL [--token TOKEN] [--of 1000,10000] [--bytes 4096]

URL is a node that signs for its callers, such as `quorate dev` starts; it is given as many artifacts as the largest number
says. Prints medians and the slowest of a hundred, and fails if a list of many takes more than three times as long as one of few.
"""

import argparse
import concurrent.futures
import hashlib
import http.client
import json
import os
import statistics
import sys
import threading
import time
import urllib.parse

LOCAL = threading.local()


def ask(node, method, path, body=None, headers=None):
    """One request on this thread's own connection."""
    for attempt in range(2):
        connection = getattr(LOCAL, "connection", None)
        if connection is None:
            connection = LOCAL.connection = http.client.HTTPConnection(node.netloc, timeout=120)
        try:
            connection.request(method, path, body, {**HEADERS, **(headers or {})})
            response = connection.getresponse()
            answer = response.read()
            return response.status, answer
        except (http.client.HTTPException, OSError):
            connection.close()
            LOCAL.connection = None
            if attempt:
                raise


def put(node, content):
    """Commits to bytes and gives them: the id, and the seconds that giving took."""
    digest = hashlib.sha256(content).hexdigest()
    operation = {"type": "artifact.commit", "address": digest, "content_bytes": len(content)}
    order = json.dumps({"operation": operation, "wait": "committed", "timeout_ms": 60000})
    while True:
        status, answer = ask(node, "POST", "/v1/entries", order, {"content-type": "application/json"})
        if status not in (429, 503):
            break
        time.sleep(0.5)
    assert status in (200, 201, 202), answer
    name = json.loads(answer)["id"]
    begun = time.perf_counter()
    status, answer = ask(
        node, "POST", f"/v1/artifacts/{name}/bytes", content, {"content-type": "application/octet-stream"}
    )
    assert status == 201, answer
    return name, time.perf_counter() - begun


def timed(samples):
    samples = sorted(1000 * sample for sample in samples)
    return statistics.median(samples), samples[-1]


def seconds(deed):
    begun = time.perf_counter()
    deed()
    return time.perf_counter() - begun


def measure(node, names):
    """Medians of lists and downloads, in milliseconds."""
    pages, cursor = [], ""
    while True:
        begun = time.perf_counter()
        status, answer = ask(node, "GET", f"/v1/artifacts?limit=50{cursor}")
        pages.append(time.perf_counter() - begun)
        assert status == 200, answer
        page = json.loads(answer)
        cursor = f"&cursor={page['next_cursor']}"
        if not page["next_cursor"]:
            break
    picked = names[:: max(1, len(names) // 100)][:100]

    def fetch(name):
        status, answer = ask(node, "GET", f"/v1/artifacts/{name}/bytes")
        assert status == 200, answer

    first = [seconds(lambda: ask(node, "GET", "/v1/artifacts?limit=50")) for _ in range(100)]
    report = [seconds(lambda: ask(node, "GET", "/v1/retention/report")) for _ in range(100)]
    return {
        "first page": timed(first),
        "any page": timed(pages),
        "report": timed(report),
        "download": timed([seconds(lambda name=name: fetch(name)) for name in picked]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--token")
    parser.add_argument("--of", default="1000,10000")
    parser.add_argument("--bytes", type=int, default=4096)
    arguments = parser.parse_args()
    if arguments.token:
        HEADERS["authorization"] = f"Bearer {arguments.token}"
    node = urllib.parse.urlsplit(arguments.url)
    names, first = [], None
    with concurrent.futures.ThreadPoolExecutor(16) as many:
        for wanted in map(int, arguments.of.split(",")):
            begun = time.perf_counter()
            made = list(many.map(lambda _: put(node, os.urandom(arguments.bytes)), range(wanted - len(names))))
            took = time.perf_counter() - begun
            names += [name for name, _ in made]
            found = measure(node, names)
            found["upload"] = timed([seconds for _, seconds in made])
            print(f"{len(names)} artifacts of {arguments.bytes} bytes; {len(made) / took:.0f}/s committed and given, 16 at once")
            for name, (median, worst) in sorted(found.items()):
                print(f"  {name:12} median {median:8.2f} ms, slowest {worst:8.2f} ms")
            first = first or found
            flat = found["first page"][0] <= 3 * first["first page"][0] + 2
            assert flat, "a list of many takes longer than one of few"


HEADERS = {}
if __name__ == "__main__":
    sys.exit(main())

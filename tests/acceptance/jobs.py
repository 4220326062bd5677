"""Evidence of many jobs: what each thing costs while there are few of them, and when there are many.

    python3 tests/acceptance/jobs.py QUORATE NET [--of 1000,10000] [--clients 24] [--each 100]

QUORATE is the binary, NET the folder of a `quorate testnet` that runs on this machine. Jobs are opened, given five artifacts
each, completed, and their evidence is asked for until it is there. At each number of jobs it is measured how long one more
bundle takes to be packaged, a page of every list that the node's OpenAPI document names to be read, and the evidence of
single jobs to be fetched and verified, by the node and offline; how much memory the nodes hold, and how much disk. It prints
a table with the ratio of the last number to the first, and fails when a figure that should be flat is not.
"""

import argparse
import base64
import concurrent.futures
import hashlib
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse

ARTIFACTS = 5
ARTIFACT_BYTES = 64
#: Longest that anything may take, in seconds.
PATIENCE = 120
#: A time is flat while it is at most so many times what it was, and so many milliseconds more.
RATIO_MAX, SLACK_MS = 2.0, 2.0
#: The same of memory.
MEMORY_RATIO_MAX, MEMORY_SLACK_MIB = 2.0, 64.0
#: What a list wants to be asked that tells of nothing else.
QUESTIONS = {"/v1/search": "subject=job_000000&"}


class Node:
    """A node, asked over one connection for each thread."""

    def __init__(self, url, token):
        self.netloc = urllib.parse.urlsplit(url).netloc
        self.headers = {"authorization": f"Bearer {token}"}
        self.local = threading.local()

    def call(self, method, path, body=None, kind="application/json"):
        body = json.dumps(body) if body is not None and kind == "application/json" else body
        headers = self.headers | ({"content-type": kind} if body is not None else {})
        until = time.monotonic() + PATIENCE
        while True:
            connection = getattr(self.local, "connection", None)
            if connection is None:
                connection = self.local.connection = http.client.HTTPConnection(self.netloc, timeout=PATIENCE)
            try:
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                status, answer = response.status, response.read()
            except (http.client.HTTPException, OSError):
                # The node closes connections that rest; what is asked here can be asked again.
                connection.close()
                self.local.connection = None
                status, answer = None, b"the connection was lost"
            # Busy, or a connection lost: said again, by the rules of the surface the same thing.
            if status not in (None, 429, 503) or time.monotonic() > until:
                return status, answer
            time.sleep(0.2)

    def want(self, method, path, body=None, statuses=(200,), kind="application/json"):
        status, answer = self.call(method, path, body, kind)
        if status not in statuses:
            sys.exit(f"{method} {path}: {status} {answer[:400]!r}")
        return answer


def operation(members):
    return {"operation": members, "wait": "committed", "timeout_ms": 60_000}


def give(node, name):
    """An artifact: committed to, and its bytes given; what a job says of it."""
    content = os.urandom(ARTIFACT_BYTES)
    digest = hashlib.sha256(content).hexdigest()
    commit = {"type": "artifact.commit", "address": digest, "content_bytes": len(content)}
    entry = json.loads(node.want("POST", "/v1/entries", operation(commit), (200, 201, 202)))
    node.want("POST", f"/v1/artifacts/{entry['id']}/bytes", content, (200, 201), "application/octet-stream")
    return {"name": name, "hash": f"sha256:{digest}", "size_bytes": len(content), "content_type": "application/octet-stream"}


def complete(node, job):
    """A job from its opening to its end."""
    plan = {"job_id": job, "backend": {"id": "sim", "provider": "Simulated", "qubits": 5}, "shots_requested": 1000}
    # 409: an earlier attempt was answered on a connection that was lost.
    node.want("POST", "/api/v2/jobs", plan, (201, 409))
    node.want("POST", f"/api/v2/jobs/{job}/state", {"status": "running"}, (200, 409))
    names = ["results.json", *(f"part-{n}.bin" for n in range(1, ARTIFACTS))]
    done = {"status": "completed", "execution": {"shots_completed": 1000, "success_rate": 0.987}}
    done["artifacts"] = [give(node, name) for name in names]
    node.want("POST", f"/api/v2/jobs/{job}/state", done, (200, 409))


def packaged(node, job, pause):
    """Asks for the evidence of a completed job until it is there; the seconds that took."""
    begun = time.perf_counter()
    while True:
        status, answer = node.call("GET", f"/api/v2/jobs/{job}/evidence")
        took = time.perf_counter() - begun
        if status == 200:
            return took
        if status != 202 or took > PATIENCE:
            sys.exit(f"evidence of {job}: {status} {answer[:400]!r} after {took:.1f} s")
        time.sleep(pause)


def name_of(number):
    return f"job_{number:06}"


def load(node, clients, numbers):
    """Jobs with their evidence, by so many clients at once."""

    def one(number):
        complete(node, name_of(number))
        packaged(node, name_of(number), 0.05)

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        for _ in pool.map(one, numbers):
            pass


def lists(node):
    """Every list: a path without names in it that takes a limit."""
    document = json.loads(node.want("GET", "/openapi.json"))
    for path, verbs in sorted(document["paths"].items()):
        named = {parameter.get("name") for parameter in verbs.get("get", {}).get("parameters", [])}
        if "limit" in named and "{" not in path:
            yield path


def timed(deed, count):
    """Median and slowest of so many, in milliseconds."""
    taken = []
    for number in range(count):
        begun = time.perf_counter()
        deed(number)
        taken.append(1000 * (time.perf_counter() - begun))
    return statistics.median(taken), max(taken)


def pages(node, each):
    """One page of each list; of the lists of this surface the last one too, which is furthest from where reading begins."""
    found, passed_over = {}, []
    for path in lists(node):
        first = f"{path}?{QUESTIONS.get(path, '')}limit=50"
        status, answer = node.call("GET", first)
        if status != 200:
            passed_over.append(f"{path} ({status})")
            continue
        found[f"GET {path}"] = timed(lambda _, first=first: node.want("GET", first), each)
        page, last = json.loads(answer), None
        while path.startswith("/api/") and page.get("next_cursor"):
            last = f"{path}?limit=200&cursor={page['next_cursor']}"
            page = json.loads(node.want("GET", last))
        if last:
            found[f"GET {path}, the last page"] = timed(lambda _, last=last: node.want("GET", last), each)
    return found, passed_over


def verified(node, request):
    answer = json.loads(node.want("POST", "/api/v2/evidence/verify", request))
    if answer["valid"] is not True:
        sys.exit(f"evidence that was sealed is not valid: {answer}")


def fetched(node, jobs, folder):
    """Bundles and records of jobs, downloaded and verified by the node; the records are left in the folder."""
    bundles, records = {}, {}

    def download(number):
        bundles[number] = json.loads(node.want("GET", f"/api/v2/jobs/{jobs[number]}/evidence/bundle"))

    def export(number):
        text = node.want("GET", f"/api/v2/jobs/{jobs[number]}/evidence/record")
        (folder / f"{jobs[number]}.json").write_bytes(text)
        records[number] = json.loads(text)

    def by_hash(number):
        signature = bundles[number]["signature"]
        asked = {"bundle_hash": f"sha256:{records[number]['bundle_hash']}", "signature": signature["value"]}
        verified(node, asked | {"key_id": signature["key_id"]})

    found = {
        "a bundle downloaded": timed(download, len(jobs)),
        "a record downloaded": timed(export, len(jobs)),
        "a bundle verified the first time (a commit)": timed(by_hash, len(jobs)),
        "a bundle verified again": timed(by_hash, len(jobs)),
        "a record verified": timed(lambda n: verified(node, {"record": records[n]}), len(jobs)),
        "the artifacts of a job": timed(lambda n: node.want("GET", f"/api/v2/jobs/{jobs[n]}/artifacts"), len(jobs)),
    }
    return found


def offline(quorate, node, folder, count):
    """`quorate verify-evidence` over the folder, in milliseconds for each record."""
    root, bundle = folder.with_suffix(".root.json"), folder.with_suffix(".bundle.json")
    root.write_bytes(node.want("GET", "/api/v1/kms/trust-root"))
    bundle.write_bytes(node.want("GET", "/api/v1/kms/trust-bundle"))
    command = [quorate, "verify-evidence", folder, "--trust-root", root, "--trust-bundle", bundle, "--output", "json"]
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        said = subprocess.run(command, capture_output=True, check=False)
        taken.append(1000 * (time.perf_counter() - begun) / count)
        if said.returncode or json.loads(said.stdout)["records"] != count:
            sys.exit(f"verify-evidence: {said.returncode} {said.stdout[:400]!r} {said.stderr[:400]!r}")
    return statistics.median(taken), max(taken)


def memory(pids):
    """Resident memory now and at most, of the node that has most, in MiB."""
    found = {"VmRSS": 0.0, "VmHWM": 0.0}
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            name, _, rest = line.partition(":")
            if name in found:
                found[name] = max(found[name], int(rest.split()[0]) / 1024)
    return found


def disk(directory):
    """Bytes that a node's files take up: most are small, and take a block each."""
    return sum(file.lstat().st_blocks * 512 for file in directory.rglob("*"))


def measure(quorate, node, net, count, each, fresh):
    """All figures of a node with so many jobs, by name: median and slowest."""
    each = min(each, count)
    jobs = [name_of(count * n // each) for n in range(each)]
    folder = net.parent / f"records-{count}"
    folder.mkdir()
    found = {}
    # Alone, so that nothing waits for anything else; each from when its job is completed.
    waited = []
    for number in fresh:
        complete(node, name_of(number))
        waited.append(1000 * packaged(node, name_of(number), 0.002))
    found["a bundle packaged"] = statistics.median(waited), max(waited)
    found |= fetched(node, jobs, folder)
    found["a record verified offline"] = offline(quorate, node, folder, len(jobs))
    shown, passed_over = pages(node, each)
    return found | shown, passed_over


def told(figures, sizes):
    """The table, and which of its lines are not flat."""
    first, last = sizes[0], sizes[-1]
    print(f"| | {first:,} jobs | {last:,} jobs | ratio |\n|---|---|---|---|")
    broken = []
    for name, few in figures[first]["times"].items():
        many = figures[last]["times"].get(name)
        if many is None:
            continue
        ratio = many[0] / few[0]
        cells = [f"{median:.2f} / {slowest:.1f}" for median, slowest in (few, many)]
        print(f"| {name}, ms: median / slowest | {' | '.join(cells)} | {ratio:.2f} |")
        if many[0] > RATIO_MAX * few[0] + SLACK_MS:
            broken.append(name)
    for name in ("VmRSS", "VmHWM"):
        few, many = figures[first]["memory"][name], figures[last]["memory"][name]
        print(f"| {name} of a node, MiB | {few:.0f} | {many:.0f} | {many / few:.2f} |")
        if name == "VmRSS" and many > MEMORY_RATIO_MAX * few + MEMORY_SLACK_MIB:
            broken.append(name)
    few, many = (figures[size]["rate"] for size in (first, last))
    print(f"| jobs with evidence a second, while they came | {few:.1f} | {many:.1f} | {many / few:.2f} |")
    few, many = (figures[size]["disk"] / 1024 / size for size in (first, last))
    print(f"| disk for each job, KiB | {few:.1f} | {many:.1f} | {many / few:.2f} |")
    if many > RATIO_MAX * few:
        broken.append("disk")
    return broken


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("quorate")
    parser.add_argument("net", type=pathlib.Path)
    parser.add_argument("--of", default="1000,10000")
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--each", type=int, default=100, help="how often each thing is measured")
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.of.split(",")]
    status = [arguments.quorate, "testnet", "status", "--dir", arguments.net, "--output", "json"]
    nodes = json.loads(subprocess.run(status, capture_output=True, check=True).stdout)["nodes"]
    token = (arguments.net / "token").read_text(encoding="utf-8").strip()
    node, pids = Node(nodes[0]["rpc"], token), [it["pid"] for it in nodes]
    home = arguments.net / nodes[0]["name"]
    figures, there, probes = {}, 0, 900_000
    for size in sizes:
        begun = time.perf_counter()
        load(node, arguments.clients, range(there, size))
        rate = (size - there) / (time.perf_counter() - begun)
        said = f"{size} jobs with {ARTIFACTS * size} artifacts and their evidence"
        print(f"{said}; {rate:.1f} jobs/s, {arguments.clients} clients", flush=True)
        # Those that are measured come on top: 50 are enough.
        fresh = range(probes, probes + min(50, arguments.each))
        times, passed_over = measure(arguments.quorate, node, arguments.net, size, arguments.each, fresh)
        figures[size] = {"times": times, "memory": memory(pids), "disk": disk(home), "rate": rate}
        for line in passed_over:
            print(f"passed over: {line}")
        there, probes = size, fresh.stop
    broken = told(figures, sizes)
    if broken:
        sys.exit(f"not flat: {', '.join(broken)}")


if __name__ == "__main__":
    main()

"""Random requests, made from the proxy's own OpenAPI document: `python schema.py COUNT`.

No answer of the proxy's may be a fault of its own, be late, or differ from what the document says.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2

from conftest import TOKEN, Proxy
from stub import Stub

# A hang, for a program that has nothing to wait for.
REQUEST_TIMEOUT_S = 10

# The routes that take a body share the requests; the others have next to nothing to vary.
ROUTES = 3

# `allow_header_conformance` wants an Allow header on each answer to OPTIONS, where browsers want
# the headers of CORS.
CHECKS = ["--checks", "all", "--exclude-checks", "allow_header_conformance"]


def main(count):
    stub = Stub()
    unlimited = {
        f"HOLDPOINT_{name}": "0" for name in ["RATE", "ADDRESS_RATE", "STREAMS", "ADDRESS_STREAMS"]
    }
    proxy = Proxy(stub.base, **unlimited)
    try:
        with tempfile.TemporaryDirectory() as directory:
            asked, started, seed = 0, time.monotonic(), 4711
            # Schemathesis stops early where it finds nothing new: it is asked again, otherwise.
            while asked < count:
                asked += run(proxy, Path(directory), (count - asked) // ROUTES + 1, seed)
                seed += 1
        counts = served(proxy)
    finally:
        proxy.stop()
    faults = {key: number for key, number in counts.items() if key[0] >= 500}
    assert not faults, f"the proxy failed: {faults}"
    assert sum(counts.values()) >= count, f"{counts} are fewer than {count}"
    statuses = sorted({status for status, _ in counts})
    seconds = time.monotonic() - started
    print(f"{sum(counts.values())} requests in {seconds:.0f} s, answered by {statuses}: no fault")


def run(proxy, directory, examples, seed):
    """Runs Schemathesis once and gives the number of requests that the proxy had from it."""
    before = sum(served(proxy).values())
    command = [
        Path(sys.executable).with_name("schemathesis"),
        "run",
        f"{proxy.base}/openapi.json",
        f"--max-examples={examples}",
        f"--seed={seed}",
        f"--request-timeout={REQUEST_TIMEOUT_S}",
        f"--header=Authorization: Bearer {TOKEN}",
        "--generation-database=none",
        "--suppress-health-check=all",
        "--no-color",
        "--warnings=off",
        *CHECKS,
    ]
    subprocess.run(command, check=True, cwd=directory)
    return sum(served(proxy).values()) - before


def served(proxy):
    """Requests by status and code, as the proxy counts them."""
    counts = {}
    for line in httpx2.get(f"{proxy.base}/metrics").text.splitlines():
        if line.startswith("holdpoint_requests_total{"):
            labels, number = line.removeprefix("holdpoint_requests_total{").rsplit("} ", 1)
            labels = dict(label.split("=", 1) for label in labels.split(","))
            key = (int(json.loads(labels["status"])), json.loads(labels["code"]))
            counts[key] = counts.get(key, 0) + int(number)
    return counts


if __name__ == "__main__":
    main(int(sys.argv[1]))

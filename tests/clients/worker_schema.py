"""Random requests to the worker, made from its own OpenAPI document: `python worker_schema.py COUNT`.

No answer may be a fault of its own, be late, or differ from what the document says. Jobs are made
first, so that part of the requests is about jobs, approvals and links that exist.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2

from schema import CHECKS, REQUEST_TIMEOUT_S
from transfer import TOOL

TOKENS = {name: f"{name}-token-0123456789" for name in ["ann", "ben"]}

# Each is decided once at most; there are enough for those that are approved and those that are not.
JOBS = 40

# How many operations share the requests of one run.
OPERATIONS = 15


class World(BaseHTTPRequestHandler):
    """The tool, and the receiver of notices; a notice has the links."""

    links = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/notices":
            links = body["data"].get("links", [])
            self.links.extend(link["url"].rsplit("/", 1)[1] for link in links)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Worker:
    """The program, on a store of its own; it does not outlive the test."""

    def __init__(self, directory, world):
        config = Path(directory, "worker.toml")
        config.write_text((FILE + TOOL).replace("WORLD", f"http://127.0.0.1:{world.server_port}"))
        env = {
            "HOLDPOINT_ADDR": "127.0.0.1:0",
            "HOLDPOINT_UPSTREAM": "demo",
            "HOLDPOINT_DEMO_PACE": "0",
            "HOLDPOINT_DATABASE_URL": f"sqlite://{directory}/db?mode=rwc",
            "HOLDPOINT_WORKER_CONFIG": str(config),
            "HOLDPOINT_WORKER_TOKENS": ",".join(f"{k}={v}" for k, v in TOKENS.items()),
            "HOLDPOINT_SIGNING_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "RUST_LOG": "error",
        }
        limits = ["RATE", "ADDRESS_RATE", "STREAMS", "ADDRESS_STREAMS"]
        env |= {f"HOLDPOINT_{name}": "0" for name in limits}
        program = os.environ["HOLDPOINT_WORKER"]
        self.process = subprocess.Popen([program], env=env, stdout=subprocess.PIPE)
        line = self.process.stdout.readline().decode()
        assert line.startswith("holdpoint-worker listening on "), line
        self.base = line.split()[-1].rstrip("/")

    def stop(self):
        self.process.terminate()
        assert self.process.wait(timeout=30) == 0


def main(count):
    world = ThreadingHTTPServer(("127.0.0.1", 0), World)
    threading.Thread(target=world.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as directory:
        worker = Worker(directory, world)
        try:
            known = Path(directory, "known.json")
            asked, started, seed = 0, time.monotonic(), 4711
            # Schemathesis stops early where it finds nothing new: it is asked again, otherwise.
            while asked < count:
                known.write_text(json.dumps(fill(worker)))
                examples = max(10, (count - asked) // OPERATIONS)
                asked += run(worker, directory, known, min(examples, EXAMPLES_MAX), seed)
                seed += 1
        finally:
            worker.stop()
            world.shutdown()
    print(f"{asked} requests in {time.monotonic() - started:.0f} s: no fault")


def fill(worker):
    """Makes jobs, waits until each asks for an approval, and gives what can be named of them."""
    headers = {"authorization": f"Bearer {TOKENS['ben']}"}
    made = len(World.links) + 2 * JOBS
    for amount in range(JOBS):
        body = {"workflow": "invoice", "input": {"amount": 200 + amount, "supplier": "Alice"}}
        assert httpx2.post(f"{worker.base}/v1/jobs", json=body, headers=headers).status_code == 202
    while len(World.links) < made:
        jobs = httpx2.get(f"{worker.base}/v1/jobs", headers=headers).json()["jobs"]
    approvals = httpx2.get(f"{worker.base}/v1/approvals", headers=headers).json()["approvals"]
    return {
        "jobs": [job["id"] for job in jobs],
        "approvals": [[approval["id"], approval["digest"]] for approval in approvals],
        "links": World.links[-made:],
    }


def run(worker, directory, known, examples, seed):
    """Runs Schemathesis once and gives the number of requests that it made."""
    here = Path(__file__).parent
    command = [
        Path(sys.executable).with_name("schemathesis"),
        f"--config-file={here / 'worker_schema.toml'}",
        "run",
        f"{worker.base}/openapi.json",
        f"--max-examples={examples}",
        f"--seed={seed}",
        f"--request-timeout={REQUEST_TIMEOUT_S}",
        f"--header=Authorization: Bearer {TOKENS['ann']}",
        # It goes on until the caller leaves; the tests of the worker read it.
        "--exclude-path=/v1/events",
        "--generation-database=none",
        "--suppress-health-check=all",
        "--no-color",
        "--warnings=off",
        *CHECKS,
    ]
    env = os.environ | {"SCHEMATHESIS_HOOKS": "worker_hooks", "PYTHONPATH": str(here)}
    env["HOLDPOINT_KNOWN"] = str(known)
    done = subprocess.run(command, cwd=directory, env=env, stdout=subprocess.PIPE, text=True)
    print(done.stdout)
    assert done.returncode == 0, f"seed {seed}: a fault"
    return int(re.search(r"(\d+) generated", done.stdout)[1])


EXAMPLES_MAX = 300

FILE = """
[[approver]]
id = "ann"

[[channel]]
name = "ops"
kind = "webhook"
url = "WORLD/notices"

[[channel]]
name = "push"
kind = "push"
contact = "mailto:ops@example.com"
services = ["WORLD"]

[[approver]]
id = "ben"

[[workflow]]
name = "invoice"
model = "stand-in"
prompt = "Please transfer {amount} to {supplier}"
channels = ["ops"]
approvers = ["ann", "ben"]

[workflow.input_schema]
type = "object"
required = ["amount", "supplier"]
properties.amount = { type = "number", exclusiveMinimum = 0 }
properties.supplier = { type = "string", pattern = "^\\\\p{L}+$" }
"""

if __name__ == "__main__":
    main(int(sys.argv[1]))

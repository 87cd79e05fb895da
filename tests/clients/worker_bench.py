"""The worker beside DBOS on one PostgreSQL, in one run: `python worker_bench.py [JOBS]`.

The workflow is the same: a job comes in, a model proposes a call, a person is told and waited for,
the call is made. Three figures, for 1, 2 and 4 processes each, on a database of their own:

- accepted: jobs per second that are durable, by CLIENTS that each wait for their answer. The worker
  is asked over HTTP, checks the input and begins a run; DBOS' own client inserts a row.
- halted: jobs per second from the first request until a person was told of the last one.
- resumed: milliseconds from the decision until the tool is called, one job at a time.

DBOS' model is a function that returns at once, which is the worker's stand-in too, without the way
through a stream. Neither is told to keep less than it does by default.
"""

import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2

from transfer import TOOL

CLIENTS = 16
DECISIONS = 100
TOKEN = "ann-token-0123456789"
HERE = Path(__file__).parent


class Postgres:
    """A server of the bench's own, on a socket in a temporary directory, as it comes."""

    def __init__(self, directory):
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        initdb = found[-1] if found else Path(shutil.which("initdb"))
        self.bin, self.directory = initdb.parent, Path(directory, "postgres")
        self.directory.mkdir()
        # The server does not run as root; `nobody` can.
        self.user = {"user": 65534, "group": 65534} if os.getuid() == 0 else {}
        if self.user:
            os.chmod(directory, 0o755)
            os.chown(self.directory, 65534, 65534)
        data = str(self.directory / "data")
        self.run("initdb", "-D", data, "-U", "holdpoint", "-A", "trust", "-E", "UTF8")
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.directory}'"
        log = str(self.directory / "log")
        self.run("pg_ctl", "-D", data, "-w", "-l", log, "-o", f"{options} -c max_connections=300", "start")

    def run(self, program, *arguments):
        command = [self.bin / program, *arguments]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(command, check=True, cwd=self.directory, **self.user, **quiet)

    def database(self, name):
        self.run("createdb", "-h", str(self.directory), "-U", "holdpoint", name)
        return f"postgresql://holdpoint@localhost/{name}?host={self.directory}"

    def stop(self):
        self.run("pg_ctl", "-D", str(self.directory / "data"), "-m", "immediate", "stop")


def started(command, env=None):
    """A program that prints its address as the last word of its first line."""
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, cwd=HERE)
    line = process.stdout.readline().decode()
    assert "http://" in line, f"{command}: {line!r}"
    return process, line.split()[-1].rstrip("/")


class Holdpoint:
    """Worker processes."""

    def __init__(self, database, world, directory, count):
        config = Path(directory, "worker.toml")
        config.write_text((FILE + TOOL).replace("WORLD", world))
        env = {
            "HOLDPOINT_ADDR": "127.0.0.1:0",
            "HOLDPOINT_UPSTREAM": "demo",
            "HOLDPOINT_DEMO_PACE": "0",
            "HOLDPOINT_DATABASE_URL": database,
            "HOLDPOINT_WORKER_CONFIG": str(config),
            "HOLDPOINT_WORKER_TOKENS": f"ann={TOKEN}",
            "HOLDPOINT_SIGNING_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "RUST_LOG": "error",
        }
        self.processes = [started([os.environ["HOLDPOINT_WORKER"]], env) for _ in range(count)]
        bases = [base for _, base in self.processes]
        headers = {"authorization": f"Bearer {TOKEN}"}
        self.clients = [httpx2.Client(base_url=base, headers=headers, timeout=60) for base in bases]

    def ask(self, number):
        body = {"workflow": "invoice", "input": {"amount": number + 1, "supplier": "Alice"}}
        client = self.clients[number % len(self.clients)]
        answer = client.post("/v1/jobs", json=body)
        assert answer.status_code == 202, answer.text

    def decide(self, halted):
        approval = halted["data"]["approval"]
        body = {"decision": "approve", "digest": approval["digest"]}
        answer = self.clients[0].post(f"/v1/approvals/{approval['id']}/decision", json=body)
        assert answer.status_code == 200, answer.text

    def stop(self):
        for process, _ in self.processes:
            process.terminate()
        for process, _ in self.processes:
            process.wait(timeout=60)


class Peer:
    """DBOS processes."""

    def __init__(self, database, world, directory, count):
        from dbos import DBOSClient

        database = database.replace("postgresql://", "postgresql+psycopg://")
        command = [sys.executable, __file__, "peer", database, world]
        self.processes = [started([*command, str(index)]) for index in range(count)]
        self.client = DBOSClient(system_database_url=database, system_database_pool_size=CLIENTS)

    def ask(self, number):
        options = {"queue_name": "jobs", "workflow_name": "invoice"}
        self.client.enqueue(options, number + 1, "Alice")

    def decide(self, halted):
        self.client.send(halted["data"]["workflow"], "approve", "decision")

    def stop(self):
        for process, _ in self.processes:
            process.kill()
            process.wait()
        self.client.destroy()


def peer(database, world, index):
    """One DBOS process."""
    from dbos import DBOS

    DBOS(config={"name": "bench", "system_database_url": database, "executor_id": index,
                 "application_version": "1", "log_level": "ERROR"})
    http = httpx2.AsyncClient(base_url=world, timeout=60)

    @DBOS.step()
    async def ask_model(amount, supplier):
        return {"tool": "transfer", "arguments": {"amount": amount, "recipient": supplier}}

    @DBOS.step()
    async def tell(kind, workflow):
        await http.post("/notices", json={"type": kind, "data": {"workflow": workflow}})

    @DBOS.step()
    async def call(arguments):
        return (await http.post("/tool", json={"arguments": arguments})).text

    @DBOS.workflow(name="invoice")
    async def invoice(amount, supplier):
        proposed = await ask_model(amount, supplier)
        await tell("approval.requested", DBOS.workflow_id)
        if await DBOS.recv_async("decision", timeout_seconds=86400) == "approve":
            await call(proposed["arguments"])
        await ask_model(amount, supplier)
        await tell("job.completed", DBOS.workflow_id)

    DBOS.launch()
    # By default it looks once a second.
    DBOS.register_queue("jobs", polling_interval_sec=0.1, on_conflict="always_update")
    print("peer on http://", flush=True)
    sys.stdin.read()
    time.sleep(86400)


def world():
    """The tool and the receiver of notices, in a process of their own: what came when."""
    import uvicorn

    events = []

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if scope["method"] == "POST":
            events.append((time.monotonic(), scope["path"], json.loads(body)))
            answer = b"{}"
        else:
            since = int(scope["query_string"] or 0)
            answer = json.dumps(events[since:]).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    listener = socket.create_server(("127.0.0.1", 0))
    print(f"world on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    # A connection that waits while the jobs are asked for is not closed.
    config = uvicorn.Config(
        app, log_level="error", access_log=False, lifespan="off", timeout_keep_alive=600
    )
    uvicorn.Server(config).run([listener])


class Seen:
    """What the world saw, from now on."""

    def __init__(self, base):
        self.client, self.events = httpx2.Client(base_url=base, timeout=60), []
        self.read = len(self.client.get("/").json())

    def until(self, count, wanted):
        """Waits until there are so many events that are wanted; the clock is the world's."""
        while True:
            new = self.client.get(f"/?{self.read}").json()
            self.read += len(new)
            self.events += [event for event in new if wanted(*event[1:])]
            if len(self.events) >= count:
                return self.events
            # Looking more often would take the processor from what is measured.
            time.sleep(0.02)


def is_halt(path, body):
    return body.get("type") == "approval.requested"


def is_call(path, body):
    return path.startswith("/tool")


def measure(make, base, jobs):
    with contextlib.closing(Closing(make)) as system:
        halts = Seen(base)
        # The first ones find connections and plans that are not there yet.
        for number in range(CLIENTS):
            system.ask(number)
        halts.until(CLIENTS, is_halt)
        halts.events = []
        began = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(system.ask, range(jobs)))
        accepted = jobs / (time.monotonic() - began)
        halted = halts.until(jobs, is_halt)
        halts_per_second = jobs / (max(event[0] for event in halted) - began)
        waits = []
        for event in halted[:DECISIONS]:
            calls, decided = Seen(base), time.monotonic()
            system.decide(event[2])
            waits.append(1000 * (calls.until(1, is_call)[0][0] - decided))
    waits.sort()
    return accepted, halts_per_second, statistics.median(waits), waits[int(len(waits) * 0.95)]


class Closing:
    """A system that is stopped however the measuring ends."""

    def __init__(self, make):
        self.system = make()
        self.ask, self.decide = self.system.ask, self.system.decide

    def close(self):
        self.system.stop()


def main(jobs):
    print(f"{jobs} jobs, {CLIENTS} clients, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print(f"{'':10} processes  accepted/s  halted/s  resumed ms (median, 95 %)")
    with tempfile.TemporaryDirectory() as directory:
        postgres = Postgres(directory)
        process, base = started([sys.executable, __file__, "world"])
        try:
            for count in [1, 2, 4]:
                for system in [Holdpoint, Peer]:
                    name = f"{system.__name__.lower()}{count}"
                    database = postgres.database(name)
                    make = lambda: system(database, base, directory, count)
                    accepted, halted, median, late = measure(make, base, jobs)
                    shown = "holdpoint" if system is Holdpoint else "dbos"
                    print(f"{shown:10} {count:9}  {accepted:10.0f}  {halted:8.0f}  {median:.1f}, {late:.1f}", flush=True)
        finally:
            process.kill()
            process.wait()
            postgres.stop()


FILE = """
[[approver]]
id = "ann"

[[channel]]
name = "ops"
kind = "webhook"
url = "WORLD/notices"

[[workflow]]
name = "invoice"
model = "stand-in"
prompt = "Please transfer {amount} to {supplier}"
channels = ["ops"]
approvers = ["ann"]

[workflow.input_schema]
type = "object"
required = ["amount", "supplier"]
properties.amount = { type = "number", exclusiveMinimum = 0 }
properties.supplier = { type = "string" }
"""

if __name__ == "__main__":
    if sys.argv[1:2] == ["world"]:
        world()
    elif sys.argv[1:2] == ["peer"]:
        peer(*sys.argv[2:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)

"""The stub, the proxy before it, and the two ways to the same answer."""

import os
import subprocess

import pytest

from stub import KEY, Stub

TOKEN = "token-of-the-clients-0123456789"


class Proxy:
    """The program, towards an upstream; it does not outlive the session."""

    def __init__(self, upstream, **variables):
        program = os.environ["HOLDPOINT_PROXY"]
        env = {
            "HOLDPOINT_ADDR": "127.0.0.1:0",
            "HOLDPOINT_UPSTREAM": upstream + "/v1",
            "HOLDPOINT_UPSTREAM_KEY": KEY,
            "HOLDPOINT_TOKENS": f"clients={TOKEN}",
            "RUST_LOG": "error",
        }
        self.process = subprocess.Popen([program], env=env | variables, stdout=subprocess.PIPE)
        line = self.process.stdout.readline().decode()
        assert line.startswith("holdpoint-proxy listening on "), line
        self.base = line.split()[-1].rstrip("/")

    def stop(self):
        stopped(self.process)


def stopped(process):
    process.terminate()
    assert process.wait(timeout=30) == 0


@pytest.fixture(scope="session")
def stub():
    return Stub()


@pytest.fixture(scope="session")
def proxy(stub):
    proxy = Proxy(stub.base)
    yield proxy
    proxy.stop()


@pytest.fixture(scope="session")
def ways(stub, proxy):
    """The base URL and the key of a client: past the proxy, and through it."""
    return {"direct": (stub.base, KEY), "proxied": (proxy.base, TOKEN)}

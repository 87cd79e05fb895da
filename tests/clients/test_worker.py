"""The worker, and others' code for what it speaks: Standard Webhooks in Python and in Node, Slack's
own library, a mail server with a reader of mail, and readers of Web Push and of its tokens."""

import base64
import datetime
import json
import os
import pathlib
import ssl
import subprocess
import time
import urllib.parse

import httpx2
import jwt
import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from slack_sdk.models.blocks import Block
from slack_sdk.signature import SignatureVerifier
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from conftest import stopped
from world import PATIENCE_S, Postbox, World

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SENDER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
SLACK = "8f742231b10e8888abcd99yyyzzz85a5"
TOKEN = "token-of-ann-archer-0123456789"
HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture(scope="module")
def postbox():
    return Postbox()


@pytest.fixture(scope="module")
def worker(world, postbox, tmp_path_factory):
    """Where the program is reached; it does not outlive the tests."""
    smtp = f"smtp://127.0.0.1:{postbox.port}"
    process, base = started(world, tmp_path_factory.mktemp("worker"), smtp)
    yield base
    stopped(process)


def started(world, home, smtp, stderr=None, **more):
    config = home / "worker.toml"
    config.write_text((HERE / "worker.toml").read_text().replace("WORLD", world.base))
    env = {
        "HOLDPOINT_ADDR": "127.0.0.1:0",
        "HOLDPOINT_UPSTREAM": "demo",
        "HOLDPOINT_DEMO_PACE": "0",
        "HOLDPOINT_WORKER_CONFIG": str(config),
        "HOLDPOINT_DATABASE_URL": f"sqlite://{home / 'db'}?mode=rwc",
        "HOLDPOINT_SIGNING_SECRET": SECRET,
        "HOLDPOINT_WEBHOOK_SECRETS": f"shop={SENDER}",
        "HOLDPOINT_WORKER_TOKENS": f"ann={TOKEN}",
        "HOLDPOINT_SLACK_TOKEN": "xoxb-1",
        "HOLDPOINT_SLACK_SIGNING_SECRET": SLACK,
        "HOLDPOINT_SMTP_URL": smtp,
        "RUST_LOG": "error",
    }
    program = os.environ["HOLDPOINT_WORKER"]
    process = subprocess.Popen(
        [program], env=env | more, stdout=subprocess.PIPE, stderr=stderr, text=True
    )
    line = process.stdout.readline()
    assert line.startswith("holdpoint-worker listening on "), line
    return process, line.split()[-1].rstrip("/")


def job(amount):
    return json.dumps({"workflow": "invoice", "input": {"amount": amount, "supplier": "Alice"}})


def signed_in_python(secret, id, body):
    return Webhook(secret).sign(id, datetime.datetime.now(datetime.timezone.utc), body)


def verified_in_python(secret, body, headers):
    Webhook(secret).verify(body, headers)


def node(what, script="webhook.mjs", **given):
    if "HOLDPOINT_WEBHOOKS" not in os.environ:
        pytest.skip("others' libraries for Node are not installed")
    command = ["node", str(HERE / "webhooks" / script), what]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True)
    if done.returncode != 0:
        refusal = "WebhookVerificationError" if script == "webhook.mjs" else "unable to authenticate"
        assert refusal in done.stderr, done.stderr
        raise WebhookVerificationError(done.stderr)
    return done.stdout


def signed_in_node(secret, id, body):
    return node("sign", secret=secret, id=id, body=body)


def verified_in_node(secret, body, headers):
    headers = {name.lower(): value for name, value in headers.items()}
    node("verify", secret=secret, body=body, headers=headers)


def send_job(worker, id, body, signature):
    headers = {
        "webhook-id": id,
        "webhook-timestamp": str(int(time.time())),
        "webhook-signature": signature,
    }
    return httpx2.post(f"{worker}/v1/jobs", content=body, headers=headers)


@pytest.mark.parametrize("sign", [signed_in_python, signed_in_node])
def test_job_signed_by_others_is_taken_and_an_altered_one_is_not(worker, world, sign):
    body, id = job(50), f"msg_{sign.__name__}"
    # The signature is of a second; where the request is of the next one, it is made again.
    for _ in range(5):
        taken = send_job(worker, id, body, sign(SENDER, id, body))
        if taken.status_code == 202:
            break
    assert taken.status_code == 202, taken.text
    altered = send_job(worker, id, job(51), sign(SENDER, id, body))
    assert (altered.status_code, altered.json()["error"]["code"]) == (401, "signature_invalid")
    world.notice("job.completed")


@pytest.mark.parametrize("verify", [verified_in_python, verified_in_node])
def test_notices_and_calls_verify_by_others_and_altered_ones_do_not(worker, world, verify):
    answer = httpx2.post(
        f"{worker}/v1/jobs", content=job(60), headers={"authorization": f"Bearer {TOKEN}"}
    )
    assert answer.status_code == 202, answer.text
    for _, headers, text in [world.next("tools"), world.notice("job.completed")]:
        verify(SECRET, text, headers)
        for secret, body in [(SECRET, text.replace("Alice", "Mallory")), (SENDER, text)]:
            assert (secret, body) != (SECRET, text)
            with pytest.raises(WebhookVerificationError):
                verify(secret, body, headers)


def ask(worker, world):
    """A job that waits, and its message in Slack."""
    answer = httpx2.post(
        f"{worker}/v1/jobs", content=job(500), headers={"authorization": f"Bearer {TOKEN}"}
    )
    id = answer.json()["id"]
    wanted = lambda body: any(block["type"] == "actions" for block in body["blocks"])
    return id, json.loads(world.next("api", wanted)[2])


def button(message, action):
    """What a button of a message carries."""
    actions = [block for block in message["blocks"] if block["type"] == "actions"]
    buttons = {button["action_id"]: button["value"] for button in actions[0]["elements"]}
    return buttons[action]


def pressed(worker, world, message, action, signer, alter=lambda body: body):
    value = button(message, action)
    payload = {
        "type": "block_actions",
        "user": {"id": "U1", "team_id": "T1"},
        "team": {"id": "T1"},
        "container": {"channel_id": "C1", "message_ts": "1700000000.1"},
        "response_url": f"{world.base}/api/respond",
        "actions": [{"action_id": action, "value": value}],
    }
    body = urllib.parse.urlencode({"payload": json.dumps(payload)})
    at = str(int(time.time()))
    headers = {
        "x-slack-request-timestamp": at,
        "x-slack-signature": signer.generate_signature(timestamp=at, body=body),
    }
    assert signer.is_valid_request(body, headers)
    return httpx2.post(f"{worker}/v1/slack/interactions", content=alter(body), headers=headers)


def test_press_that_slacks_own_library_signs_is_taken_and_an_altered_one_is_not(worker, world):
    id, message = ask(worker, world)
    signer = SignatureVerifier(SLACK)
    other = SignatureVerifier("another secret")
    altered = lambda body: body.replace("U1", "U2")
    for answer in [
        pressed(worker, world, message, "holdpoint_approve", signer, altered),
        pressed(worker, world, message, "holdpoint_approve", other),
    ]:
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "signature_invalid")
    answer = pressed(worker, world, message, "holdpoint_approve", signer)
    assert answer.status_code == 200, answer.text
    notice = json.loads(world.notice("job.completed")[2])
    assert notice["data"]["id"] == id


def test_messages_are_what_slacks_own_library_takes(worker, world):
    _, message = ask(worker, world)
    blocks = Block.parse_all(message["blocks"])
    assert [block.type for block in blocks] == [b["type"] for b in message["blocks"]]
    for block in blocks:
        block.validate_json()
    assert pressed(worker, world, message, "holdpoint_deny", SignatureVerifier(SLACK)).is_success


def test_mail_arrives_at_anothers_server_and_its_link_decides(worker, world, postbox):
    id, asked = ask(worker, world)
    digest = button(asked, "holdpoint_deny").split("|")[0]
    to, message = postbox.next("Approval needed: Transfer", digest[:8])
    assert to == ["ann@example.com"]
    assert message["to"] == "Ann Archer <ann@example.com>"
    assert message["message-id"].endswith("@example.com>")
    assert not message.defects and not any(part.defects for part in message.walk())
    plain = message.get_body(("plain",)).get_content()
    html = message.get_body(("html",)).get_content()
    link = next(line for line in plain.splitlines() if "/approve/" in line)
    assert link in html and "amount: 500" in plain
    page = worker + link[link.index("/approve/") :]
    shown = httpx2.get(page)
    assert shown.status_code == 200 and "Approve" in shown.text
    form = {"decision": "approve", "digest": digest}
    assert httpx2.post(page, data=form).status_code == 401
    assert httpx2.post(page, data=form | {"access": TOKEN}).status_code == 200
    _, message = postbox.next("Done: invoice", id)
    assert "Done: 500 to Alice." in message.get_body(("plain",)).get_content()


@pytest.mark.parametrize("way", ["smtps://localhost:{}", "smtp://localhost:{}?tls=required"])
def test_mail_goes_to_a_server_that_is_vouched_for_and_to_no_other(world, tmp_path, way):
    known, unknown = trustme.CA(), trustme.CA()
    known.cert_pem.write_to_path(tmp_path / "known.pem")
    trusted = {"SSL_CERT_FILE": str(tmp_path / "known.pem"), "RUST_LOG": "warn"}
    for ca in [known, unknown]:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert("localhost").configure_cert(tls)
        postbox = Postbox(tls) if way.startswith("smtps") else Postbox(starttls=tls)
        home = tmp_path / str(postbox.port)
        home.mkdir()
        smtp = way.format(postbox.port)
        process, base = started(world, home, smtp, stderr=subprocess.PIPE, **trusted)
        try:
            ask(base, world)
            if ca is known:
                postbox.next("Approval needed: Transfer", "amount: 500")
            else:
                failure = next(
                    line
                    for line in process.stderr
                    if "a notice failed" in line and "mail|ann" in line
                )
                assert postbox.letters.empty(), failure
        finally:
            stopped(process)


class Browser:
    """A browser's half of a subscription."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = text_of(os.urandom(16))

    def subscription(self, endpoint):
        point = Encoding.X962, PublicFormat.UncompressedPoint
        public = self.key.public_key().public_bytes(*point)
        page = "https://shop.example/"
        return {
            "endpoint": endpoint,
            "p256dh": text_of(public),
            "auth": self.auth,
            "page": page,
        }

    def read(self, sealed):
        """What a message says, by the library of those who wrote the encoding down."""
        secret = text_of(self.key.private_numbers().private_value.to_bytes(32, "big"))
        sealed = text_of(sealed)
        return node("read", script="push.mjs", secret=secret, auth=self.auth, sealed=sealed)


def text_of(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes_of(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_push_is_signed_for_its_service_and_read_by_its_browser_alone(worker, world):
    headers = {"authorization": f"Bearer {TOKEN}"}
    browser = Browser()
    path = f"{worker}/v1/push/subscriptions"
    given = browser.subscription(f"{world.base}/push/1")
    kept = httpx2.post(path, json=given, headers=headers)
    assert kept.status_code == 200, kept.text
    key = httpx2.get(f"{worker}/v1/push/key", headers=headers).json()["key"]
    ask(worker, world)
    _, got, sealed = world.got["push"].get(timeout=PATIENCE_S)
    got = {name.lower(): value for name, value in got.items()}
    scheme, _, fields = got["authorization"].partition(" ")
    fields = dict(field.strip().split("=", 1) for field in fields.split(","))
    assert (scheme, fields["k"]) == ("vapid", key)
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes_of(key))
    verify = lambda **more: jwt.decode(fields["t"], algorithms=["ES256"], **more)
    claims = verify(key=public, audience=world.base)
    assert claims["sub"] == "mailto:ops@example.com"
    assert 0 < claims["exp"] - time.time() <= 24 * 60 * 60
    with pytest.raises(jwt.InvalidAudienceError):
        verify(key=public, audience="https://push.example")
    with pytest.raises(jwt.InvalidSignatureError):
        verify(key=browser.key.public_key(), audience=world.base)
    assert got["content-encoding"] == "aes128gcm" and got["urgency"] == "high"
    assert len(got["topic"]) <= 32 and int(got["ttl"]) > 0 and len(sealed) <= 4096
    told = json.loads(browser.read(sealed))["holdpoint"]
    assert told["title"] == "Approval needed: Transfer"
    assert told["body"].startswith("Asked because the amount is 100 or more.")
    assert told["url"] == "https://shop.example/"
    with pytest.raises(WebhookVerificationError):
        Browser().read(sealed)
    removed = httpx2.delete(f"{path}/{kept.json()['id']}", headers=headers)
    assert removed.status_code == 200, removed.text

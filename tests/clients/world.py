"""What is around a worker: tools, a receiver of notices, Slack's methods, a push service, and a mail server that
others wrote. Each puts what it gets on a queue."""

import asyncio
import email
import email.policy
import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.smtp import SMTP

PATIENCE_S = 60


class World(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.got = {name: queue.Queue() for name in ["tools", "notices", "api", "push"]}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def base(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def next(self, name, fits=lambda body: True):
        """The next request to one of them that fits: its path, headers and text."""
        while True:
            path, headers, text = self.got[name].get(timeout=PATIENCE_S)
            if fits(json.loads(text)):
                return path, headers, text

    def notice(self, kind):
        return self.next("notices", lambda body: body["type"] == kind)


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        text = self.rfile.read(int(self.headers["content-length"]))
        name = self.path.split("/")[1]
        if name != "push":
            text = text.decode()
        self.server.got[name].put((self.path, dict(self.headers), text))
        if name == "push":
            self.send_response(201)
            self.end_headers()
            return
        body = json.loads(text)
        answer = {"ok": True, "channel": body.get("channel"), "ts": body.get("ts", "1700000000.1")}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())


class Postbox:
    """A server that takes mail; where it has a certificate, at once or after STARTTLS."""

    def __init__(self, tls=None, starttls=None):
        self.letters = queue.Queue()
        started = queue.Queue()

        def serve():
            loop = asyncio.new_event_loop()
            smtp = lambda: SMTP(self, loop=loop, tls_context=starttls)
            server = loop.create_server(smtp, "127.0.0.1", 0, ssl=tls)
            started.put(loop.run_until_complete(server).sockets[0].getsockname()[1])
            loop.run_forever()

        threading.Thread(target=serve, daemon=True).start()
        self.port = started.get(timeout=PATIENCE_S)

    async def handle_DATA(self, _server, _session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.letters.put((envelope.rcpt_tos, message))
        return "250 taken"

    def next(self, subject, part):
        """The next letter of this subject that has a part in its text."""
        while True:
            to, message = self.letters.get(timeout=PATIENCE_S)
            text = message.get_body(("plain",)).get_content()
            if message["subject"].startswith(subject) and part in text:
                return to, message

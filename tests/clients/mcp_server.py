"""An MCP server made with the Python SDK, for the tests of the worker and of the widget:
`python mcp_server.py [changed] [more] [json] [cors] [blind] [token]`.

It prints its address, keeps what it was called with in `/calls`, and ends when its input does.
`changed`: a tool takes something else. `more`: it has tools more, whose answers come late, and keeps
what it said for who comes back to it. `json`: it answers in JSON and not in streams. `cors`: pages of
any origin may call it; `blind`: but not read the header with its session. `token`: it wants to know its
callers.
"""

import functools
import os
import socket
import sys
import threading

import uvicorn
from mcp.server import NotificationOptions
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.streamable_http import EventMessage, EventStore
from mcp.types import ToolAnnotations
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse

CHANGED = "changed" in sys.argv

server = MCPServer("bank", log_level="ERROR")
calls = []


def note(tool: str, context: Context) -> None:
    meta = context.request_context.meta or {}
    calls.append({"tool": tool, "call": meta.get("holdpoint/call")})


# The hints of this one are a lie.
@server.tool(annotations=ToolAnnotations(read_only_hint=True, idempotent_hint=True))
def transfer(amount: int, recipient: str, context: Context) -> dict[str, int]:
    """Sends money."""
    note("transfer", context)
    if amount == 13:
        raise ValueError("that is too unlucky")
    if amount == 666:
        # Gone in the middle of the call.
        os._exit(1)
    return {"transferred": amount}


def check_balance(context: Context) -> str:
    """Says what is left."""
    note("check_balance", context)
    return "1000"


def check_balance_of(context: Context, account: str = "main") -> str:
    """Says what is left."""
    note("check_balance", context)
    return "1000"


server.add_tool(
    check_balance_of if CHANGED else check_balance,
    name="check_balance",
    annotations=ToolAnnotations(destructive_hint=True),
)


async def deposit(amount: int, context: Context) -> dict[str, int]:
    """Pays money in."""
    note("deposit", context)
    # The answer comes by another connection, as after one that broke.
    await context.close_sse_stream()
    return {"deposited": amount}


async def open_account(context: Context) -> str:
    """Opens an account, after which there is a tool more."""
    note("open_account", context)
    server.add_tool(check_balance_of, name="check_account")
    await context.session.send_tool_list_changed()
    return "opened"


if "more" in sys.argv:
    server.add_tool(deposit)
    server.add_tool(open_account)


@server.custom_route("/calls", methods=["GET"])
async def called(_: Request) -> JSONResponse:
    return JSONResponse(calls)


class Events(EventStore):
    """What was said in each stream, for who comes back to it."""

    def __init__(self):
        self.said = []

    async def store_event(self, stream_id, message):
        self.said.append((stream_id, message))
        return str(len(self.said) - 1)

    async def replay_events_after(self, last_event_id, send_callback):
        last = int(last_event_id)
        stream = self.said[last][0]
        for index, (of, message) in enumerate(self.said[last + 1 :], last + 1):
            if of == stream and message is not None:
                await send_callback(EventMessage(message, str(index)))
        return stream


def known(app):
    async def guarded(scope, receive, send):
        if scope["type"] == "http" and scope["method"] != "OPTIONS":
            given = Request(scope).headers.get("authorization", "")
            if not given.startswith("Bearer sesame "):
                return await JSONResponse({}, status_code=401)(scope, receive, send)
        return await app(scope, receive, send)

    return guarded


def main():
    # The SDK has no other way to say that the tools may change.
    lowlevel = server._lowlevel_server
    lowlevel.create_initialization_options = functools.partial(
        lowlevel.create_initialization_options, NotificationOptions(tools_changed=True)
    )
    kept = {"event_store": Events(), "retry_interval": 10} if "more" in sys.argv else {}
    app = server.streamable_http_app(json_response="json" in sys.argv, **kept)
    if "token" in sys.argv:
        app = known(app)
    if "cors" in sys.argv:
        exposed = [] if "blind" in sys.argv else ["mcp-session-id"]
        app = CORSMiddleware(
            app,
            allow_origins=["*"],
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["*"],
            expose_headers=exposed,
        )
    listener = socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "0"))))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run([listener])


if __name__ == "__main__":
    main()

"""An upstream that speaks the three wire formats, written apart from the proxy and its stand-in.

What it answers follows from the `model` of the request: see `ANSWERS`. It takes one key.
"""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "sk-upstream-of-the-clients"

TEXT = ["Good ", "morning, ", "Zoë ☀."]
ARGUMENTS = ['{"city": ', '"Zür', 'ich"}']


class Stub(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = {}
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def base(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def count(self, name):
        """How often this has been asked before."""
        with self.lock:
            before = self.asked.get(name, 0)
            self.asked[name] = before + 1
            return before


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        wire = WIRES.get(self.path)
        keys = [self.headers.get("x-api-key"), self.headers.get("authorization")]
        if wire is None:
            return self.refuse(404, "not_found_error", "no such path")
        if KEY not in keys and f"Bearer {KEY}" not in keys:
            return self.refuse(401, "authentication_error", "invalid key")
        if wire is messages and not self.headers.get("anthropic-version"):
            return self.refuse(400, "invalid_request_error", "no anthropic-version")
        model = str(body.get("model"))
        if model.startswith("refuse-"):
            return self.refuse(int(model.removeprefix("refuse-")), "api_error", "as was asked for")
        if model.startswith("flaky-") and self.server.count(model) == 0:
            return self.refuse(429, "rate_limit_error", "once", {"retry-after": "0"})
        answer, events = wire(model, body)
        if not body.get("stream"):
            return self.whole(200, answer)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        if model == "cut":
            events = events[: len(events) // 2]
        for event in events:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
        if model == "cut":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self.wfile.write(b"0\r\n\r\n")

    def refuse(self, status, kind, message, headers=None):
        if status == 429 and headers is None:
            headers = {"retry-after": "7"}
        error = {"type": kind, "code": None, "param": None, "message": message}
        self.whole(status, {"type": "error", "error": error}, headers or {})

    def whole(self, status, answer, headers=None):
        body = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def event(data, name=None):
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def responses(model, body):
    message = {
        "type": "message",
        "id": "msg_1",
        "status": "completed",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "".join(TEXT), "annotations": []}],
    }
    call = {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "call_1",
        "name": "weather",
        "arguments": "".join(ARGUMENTS),
        "status": "completed",
    }
    output = [call if model == "tool" else message]
    if model == "json":
        message["content"][0]["text"] = '{"city": "Zürich", "degrees": 21}'
    answer = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": "completed",
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": body.get("tools") or [],
        "text": body.get("text") or {"format": {"type": "text"}},
        "usage": {
            "input_tokens": 11,
            "input_tokens_details": {"cached_tokens": 3},
            "output_tokens": 5,
            "output_tokens_details": {"reasoning_tokens": 2},
            "total_tokens": 16,
        },
    }
    begun = answer | {"status": "in_progress", "output": [], "usage": None}
    steps = [("response.created", {"response": begun})]
    place = {"item_id": output[0]["id"], "output_index": 0}
    steps.append(
        (
            "response.output_item.added",
            {
                "output_index": 0,
                "item": (call | {"arguments": "", "status": "in_progress"})
                if model == "tool"
                else (message | {"content": [], "status": "in_progress"}),
            },
        )
    )
    if model == "tool":
        for piece in ARGUMENTS:
            steps.append(("response.function_call_arguments.delta", place | {"delta": piece}))
        done = {"arguments": call["arguments"], "name": "weather"}
        steps.append(("response.function_call_arguments.done", place | done))
    else:
        place |= {"content_index": 0}
        empty = {"type": "output_text", "text": "", "annotations": []}
        steps.append(("response.content_part.added", place | {"part": empty}))
        text = message["content"][0]["text"]
        for piece in TEXT if model != "json" else [text[:9], text[9:]]:
            steps.append(("response.output_text.delta", place | {"delta": piece, "logprobs": []}))
        steps.append(("response.output_text.done", place | {"text": text, "logprobs": []}))
        part = {"part": message["content"][0]}
        steps.append(("response.content_part.done", place | part))
    steps.append(("response.output_item.done", {"output_index": 0, "item": output[0]}))
    if model == "error":
        error = {"code": "server_error", "message": "it broke", "param": None}
        steps.append(("error", error | {"error": error}))
    else:
        steps.append(("response.completed", {"response": answer}))
    events = [
        event({"type": name, "sequence_number": number} | data, name)
        for number, (name, data) in enumerate(steps)
    ]
    return answer, events


def chat(model, body):
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "weather", "arguments": "".join(ARGUMENTS)},
    }
    text = '{"city": "Zürich", "degrees": 21}' if model == "json" else "".join(TEXT)
    message = {"role": "assistant", "content": text, "refusal": None}
    if model == "tool":
        message |= {"content": None, "tool_calls": [call]}
    usage = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}
    finish = "tool_calls" if model == "tool" else "stop"
    common = {"id": "chatcmpl_1", "created": 1_700_000_000, "model": model}
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
    answer = common | {"object": "chat.completion", "choices": [choice], "usage": usage}
    if model == "tool":
        first = {"index": 0} | call | {"function": {"name": "weather", "arguments": ""}}
        deltas = [{"role": "assistant", "content": None, "tool_calls": [first]}]
        for piece in ARGUMENTS:
            deltas.append({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
    else:
        deltas = [{"role": "assistant", "content": ""}]
        deltas += [{"content": piece} for piece in (TEXT if model != "json" else [text])]
    chunk = common | {"object": "chat.completion.chunk"}
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": finish})
    # A comment and an empty line more than is needed: some servers send them.
    events = [b": PROCESSING\n\n"]
    events += [event(chunk | {"choices": [choice]}) for choice in choices]
    if model == "error":
        events[-1] = event({"error": {"message": "it broke", "type": "server_error"}})
        return answer, events
    if (body.get("stream_options") or {}).get("include_usage"):
        events.append(event(chunk | {"choices": [], "usage": usage}))
    events.append(b"data: [DONE]\n\n")
    return answer, events


def messages(model, body):
    text = {"type": "text", "text": "".join(TEXT)}
    use = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Zürich"}}
    thought = {"type": "thinking", "thinking": "Morning or evening?", "signature": "c2ln"}
    content = [thought, use] if model == "tool" else [text]
    usage = {"input_tokens": 11, "cache_read_input_tokens": 2, "output_tokens": 5}
    answer = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": "tool_use" if model == "tool" else "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }
    begun = answer | {"content": [], "stop_reason": None, "usage": usage | {"output_tokens": 1}}
    steps = [("message_start", {"message": begun}), ("ping", {})]
    for index, block in enumerate(content):
        if block["type"] == "text":
            start = block | {"text": ""}
            deltas = [{"type": "text_delta", "text": piece} for piece in TEXT]
        elif block["type"] == "thinking":
            start = block | {"thinking": "", "signature": ""}
            deltas = [
                {"type": "thinking_delta", "thinking": block["thinking"]},
                {"type": "signature_delta", "signature": block["signature"]},
            ]
        else:
            start = block | {"input": {}}
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ARGUMENTS]
        steps.append(("content_block_start", {"index": index, "content_block": start}))
        steps += [("content_block_delta", {"index": index, "delta": delta}) for delta in deltas]
        steps.append(("content_block_stop", {"index": index}))
    if model == "error":
        error = {"type": "overloaded_error", "message": "it broke"}
        steps.append(("error", {"error": error}))
    else:
        delta = {"stop_reason": answer["stop_reason"], "stop_sequence": None}
        steps.append(("message_delta", {"delta": delta, "usage": {"output_tokens": 5}}))
        steps.append(("message_stop", {}))
    return answer, [event({"type": name} | data, name) for name, data in steps]


WIRES = {
    "/v1/responses": responses,
    "/v1/chat/completions": chat,
    "/v1/messages": messages,
}

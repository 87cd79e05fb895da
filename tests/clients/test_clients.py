"""The providers' own clients see no difference between an upstream and the proxy before it."""

import asyncio
import typing

import anthropic
import httpx2
import openai
import pydantic
import pytest
from anthropic.types import message_create_params as messages_params
from openai.types.chat import completion_create_params as chat_params
from openai.types.responses import response_create_params as responses_params

from stub import TEXT

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
HELLO = [{"role": "user", "content": "Good morning? ☀"}]


class Forecast(pydantic.BaseModel):
    city: str
    degrees: int


def of_openai(way, **options):
    base, key = way
    return openai.OpenAI(base_url=f"{base}/v1", api_key=key, **{"max_retries": 0} | options)


def of_anthropic(way, **options):
    base, key = way
    return anthropic.Anthropic(base_url=base, api_key=key, **{"max_retries": 0} | options)


def plain(value):
    """What a client gave, as data that can be compared."""
    if isinstance(value, pydantic.BaseModel):
        return value.model_dump(mode="json", warnings=False)
    return value


# Responses


def responses_whole(way):
    answer = of_openai(way).responses.create(
        model="text", input=HELLO, instructions="Be kind", temperature=0.5, store=False
    )
    assert answer.output_text == "".join(TEXT) and answer.usage.total_tokens == 16
    return answer


def responses_events(way):
    events = list(of_openai(way).responses.create(model="text", input="hello", stream=True))
    assert [event.type for event in events][-1] == "response.completed"
    return events


def responses_stream_helper(way):
    tool = {"type": "function", "name": "weather", "parameters": WEATHER, "strict": True}
    with of_openai(way).responses.stream(model="tool", input="hello", tools=[tool]) as stream:
        events = [event.type for event in stream]
        answer = stream.get_final_response()
    assert answer.output[0].arguments == '{"city": "Zürich"}'
    return events, answer


def responses_parsed(way):
    answer = of_openai(way).responses.parse(model="json", input="hello", text_format=Forecast)
    assert answer.output_parsed == Forecast(city="Zürich", degrees=21)
    return answer


def responses_error_event(way):
    return list(of_openai(way).responses.create(model="error", input="hello", stream=True))


def responses_cut(way):
    return list(of_openai(way).responses.create(model="cut", input="hello", stream=True))


def responses_refused(status):
    return lambda way: of_openai(way).responses.create(model=f"refuse-{status}", input="hello")


def responses_retried(way):
    # Each way has a model of its own, which is refused once.
    model = f"flaky-responses-{way[0]}"
    answer = of_openai(way, max_retries=2).responses.create(model=model, input="hello")
    return answer.output_text


# Chat Completions


def chat_whole(way):
    answer = of_openai(way).chat.completions.create(
        model="text", messages=HELLO, max_completion_tokens=50, stop=["\n"], seed=7
    )
    assert answer.choices[0].message.content == "".join(TEXT)
    return answer


def chat_events(way):
    chunks = list(of_openai(way).chat.completions.create(model="text", messages=HELLO, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "".join(TEXT)
    return chunks


def chat_usage(way):
    chunks = list(
        of_openai(way).chat.completions.create(
            model="text", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].usage.total_tokens == 16
    return chunks


def chat_tools(way):
    function = {"name": "weather", "parameters": WEATHER, "strict": True}
    with of_openai(way).chat.completions.stream(
        model="tool", messages=HELLO, tools=[{"type": "function", "function": function}]
    ) as stream:
        events = [event.type for event in stream]
        answer = stream.get_final_completion()
    call = answer.choices[0].message.tool_calls[0]
    assert call.function.arguments == '{"city": "Zürich"}'
    return events, answer


def chat_parsed(way):
    answer = of_openai(way).chat.completions.parse(
        model="json", messages=HELLO, response_format=Forecast
    )
    assert answer.choices[0].message.parsed == Forecast(city="Zürich", degrees=21)
    return answer


def chat_error_event(way):
    return list(of_openai(way).chat.completions.create(model="error", messages=HELLO, stream=True))


def chat_cut(way):
    return list(of_openai(way).chat.completions.create(model="cut", messages=HELLO, stream=True))


def chat_refused(status):
    return lambda way: of_openai(way).chat.completions.create(
        model=f"refuse-{status}", messages=HELLO
    )


def chat_async(way):
    base, key = way

    async def run():
        async with openai.AsyncOpenAI(base_url=f"{base}/v1", api_key=key) as client:
            stream = await client.chat.completions.create(
                model="text", messages=HELLO, stream=True
            )
            return [chunk async for chunk in stream]

    return asyncio.run(run())


# Messages


def messages_whole(way):
    answer = of_anthropic(way).messages.create(
        model="text", max_tokens=100, messages=HELLO, system="Be kind", stop_sequences=["\n"]
    )
    assert answer.content[0].text == "".join(TEXT)
    return answer


def messages_events(way):
    events = list(
        of_anthropic(way).messages.create(
            model="text", max_tokens=100, messages=HELLO, stream=True
        )
    )
    assert events[-1].type == "message_stop"
    return events


def messages_stream_helper(way):
    tool = {"name": "weather", "input_schema": WEATHER}
    with of_anthropic(way).messages.stream(
        model="tool",
        max_tokens=2000,
        messages=HELLO,
        tools=[tool],
        thinking={"type": "enabled", "budget_tokens": 1024},
    ) as stream:
        events = [event.type for event in stream]
        answer = stream.get_final_message()
    thought, use = answer.content
    assert thought.signature == "c2ln" and use.input == {"city": "Zürich"}
    assert answer.usage.output_tokens == 5
    return events, answer


def messages_error_event(way):
    return list(
        of_anthropic(way).messages.create(
            model="error", max_tokens=100, messages=HELLO, stream=True
        )
    )


def messages_cut(way):
    return list(
        of_anthropic(way).messages.create(model="cut", max_tokens=100, messages=HELLO, stream=True)
    )


def messages_refused(status):
    return lambda way: of_anthropic(way).messages.create(
        model=f"refuse-{status}", max_tokens=100, messages=HELLO
    )


def messages_retried(way):
    model = f"flaky-messages-{way[0]}"
    client = of_anthropic(way, max_retries=2)
    answer = client.messages.create(model=model, max_tokens=100, messages=HELLO)
    return answer.content[0].text


def messages_async(way):
    base, key = way

    async def run():
        async with anthropic.AsyncAnthropic(base_url=base, api_key=key) as client:
            async with client.messages.stream(
                model="text", max_tokens=100, messages=HELLO
            ) as stream:
                return [text async for text in stream.text_stream]

    return asyncio.run(run())


ANSWERED = [
    responses_whole,
    responses_events,
    responses_stream_helper,
    responses_parsed,
    responses_retried,
    chat_whole,
    chat_events,
    chat_usage,
    chat_tools,
    chat_parsed,
    chat_async,
    messages_whole,
    messages_events,
    messages_stream_helper,
    messages_retried,
    messages_async,
]

BROKEN = [
    responses_error_event,
    responses_cut,
    chat_error_event,
    chat_cut,
    messages_error_event,
    messages_cut,
]

REFUSED = {"responses": responses_refused, "chat": chat_refused, "messages": messages_refused}


@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case.__name__)
def test_answer_is_the_same(ways, case):
    direct, proxied = (case(ways[way]) for way in ("direct", "proxied"))
    compare = pydantic.TypeAdapter(typing.Any).dump_python
    assert compare(plain(proxied), mode="json") == compare(plain(direct), mode="json")
    assert direct


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.__name__)
def test_broken_stream_raises_the_same(ways, case):
    direct, proxied = (fault(case, ways[way]) for way in ("direct", "proxied"))
    assert type(proxied) is type(direct)
    assert getattr(proxied, "message", None) == getattr(direct, "message", None)
    assert getattr(proxied, "body", None) == getattr(direct, "body", None)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429, 500, 503, 529])
@pytest.mark.parametrize("wire", REFUSED)
def test_refusal_raises_the_same(ways, wire, status):
    case = REFUSED[wire](status)
    direct, proxied = (fault(case, ways[way]) for way in ("direct", "proxied"))
    assert type(proxied) is type(direct)
    assert proxied.status_code == direct.status_code == status
    waits = [error.response.headers.get("retry-after") for error in (direct, proxied)]
    assert waits == ["7" if status == 429 else None] * 2
    # What the upstream said stays in the proxy's log: the client has the proxy's own words.
    error = proxied.response.json()["error"]
    assert error["code"].startswith("upstream_") and error["message"] in str(proxied)
    assert proxied.response.headers["x-request-id"]


@pytest.mark.parametrize("of", [of_openai, of_anthropic], ids=["openai", "anthropic"])
def test_caller_without_a_valid_token_is_told_as_by_a_provider(ways, of):
    def ask(way):
        client = of((way[0], "not-the-token"))
        if of is of_openai:
            return client.responses.create(model="text", input="hello")
        return client.messages.create(model="text", max_tokens=1, messages=HELLO)

    direct, proxied = (fault(ask, ways[way]) for way in ("direct", "proxied"))
    assert type(proxied) is type(direct)
    assert proxied.status_code == direct.status_code == 401
    assert proxied.body and "token" in str(proxied)


def test_field_of_a_client_passes_or_is_withheld_on_purpose(ways):
    document = httpx2.get(ways["proxied"][0] + "/openapi.json").json()
    withheld = {
        "access_programs",
        "background",
        "background_options",
        "conversation",
        "image",
        "user_profile_id",
        "workspace_id",
    }
    for path, params in {
        "/v1/responses": responses_params.ResponseCreateParamsStreaming,
        "/v1/chat/completions": chat_params.CompletionCreateParamsStreaming,
        "/v1/messages": messages_params.MessageCreateParamsStreaming,
    }.items():
        body = document["paths"][path]["post"]["requestBody"]
        known = body["content"]["application/json"]["schema"]["properties"].keys()
        fields = set(params.__required_keys__ | params.__optional_keys__)
        assert len(fields) > 15 and fields - withheld <= known, (path, fields - withheld - known)
        assert not withheld & known


def fault(case, way):
    with pytest.raises(Exception) as raised:
        case(way)
    return raised.value

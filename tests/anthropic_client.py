#!/usr/bin/env python3
"""The official `anthropic` Python client against `malmoi serve`. Usage: anthropic_client.py MALMOI FOLDER. Exits 77 (skipped)
where the package cannot be imported."""
import pathlib
import sys
import urllib.request

import serve_support

try:
    import anthropic
except ImportError:
    print("skipped: the Python package anthropic is not installed")
    sys.exit(77)

QUESTION = [{"role": "user", "content": "오늘 날씨는?"}]


def refused(kind, call, says=""):
    try:
        call()
    except kind as error:
        assert says in str(error), error
        return error
    raise AssertionError(f"not refused: {kind.__name__}")


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


def messages(client, model):
    asked = {"model": model, "system": "짧게.", "messages": QUESTION, "max_tokens": 20, "extra_body": {"seed": 4, "temperature": 0.8}}
    whole = client.messages.create(**asked)
    assert whole.type == "message" and whole.role == "assistant" and whole.model == model and whole.id.startswith("msg_"), whole
    assert whole.stop_reason in ("max_tokens", "end_turn") and 0 < whole.usage.output_tokens <= 20, whole
    with client.messages.stream(**asked) as stream:
        pieces = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert pieces == text_of(final) == text_of(whole), (pieces, whole)
    assert final.stop_reason == whole.stop_reason and final.usage.output_tokens == whole.usage.output_tokens
    assert final.usage.input_tokens + final.usage.cache_read_input_tokens == whole.usage.input_tokens + whole.usage.cache_read_input_tokens
    counted = client.messages.count_tokens(model=model, system="짧게.", messages=QUESTION).input_tokens
    assert counted == whole.usage.input_tokens + whole.usage.cache_read_input_tokens, (counted, whole.usage)
    again = QUESTION + [{"role": "assistant", "content": whole.content}, {"role": "user", "content": [{"type": "text", "text": "왜?", "cache_control": {"type": "ephemeral"}}]}]
    client.messages.create(model=model, messages=again, max_tokens=3)
    mark = [c for c in text_of(whole) if c.isprintable() and c not in " \ufffd"][-1]
    stopped = client.messages.create(stop_sequences=[mark], **asked)
    assert stopped.stop_reason == "stop_sequence" and stopped.stop_sequence == mark, stopped
    assert text_of(stopped) == text_of(whole).split(mark)[0], (stopped, whole)
    begun = QUESTION + [{"role": "assistant", "content": "오늘 날씨가"}]
    assert client.messages.create(model=model, messages=begun, max_tokens=3).content
    client.messages.create(model=model, messages=QUESTION, max_tokens=2, thinking={"type": "disabled"}, metadata={"user_id": "u"}, service_tier="auto")
    schema = {"format": {"type": "json_schema", "schema": {"enum": ["좋다", "춥다"]}}}
    held = client.messages.create(model=model, messages=QUESTION, max_tokens=40, extra_body={"output_config": schema})
    assert text_of(held) in ('"좋다"', '"춥다"') and held.stop_reason == "end_turn", held


def tools(client, model):
    places = {"type": "object", "properties": {"to": {"enum": ["집", "학교"]}}, "required": ["to"], "additionalProperties": False}
    functions = [{"name": "walk", "description": "Walks.", "input_schema": places}]
    go = [{"role": "user", "content": "Go."}]
    asked = {"model": model, "messages": go, "tools": functions, "max_tokens": 200, "extra_body": {"seed": 3}}
    for choice in ({"type": "any", "disable_parallel_tool_use": True}, {"type": "tool", "name": "walk"}):
        whole = client.messages.create(tool_choice=choice, **asked)
        assert whole.stop_reason == "tool_use" and [block.type for block in whole.content] == ["tool_use"], whole
        call = whole.content[0]
        assert call.name == "walk" and call.input["to"] in ("집", "학교"), call
    with client.messages.stream(tool_choice=choice, **asked) as stream:
        kinds = [event.type for event in stream]
        streamed = stream.get_final_message()
    assert streamed.content[0].input == call.input and streamed.stop_reason == "tool_use", streamed
    assert kinds[0] == "message_start" and kinds[-1] == "message_stop" and "input_json" in kinds, kinds
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "done"}], "is_error": False}
    answered = go + [{"role": "assistant", "content": whole.content}, {"role": "user", "content": [result]}]
    client.messages.create(model=model, messages=answered, tools=functions, max_tokens=5)
    assert client.messages.count_tokens(model=model, messages=answered, tools=functions).input_tokens > client.messages.count_tokens(model=model, messages=answered).input_tokens
    refused(anthropic.BadRequestError, lambda: client.messages.create(model=model, messages=go, tools=functions, max_tokens=5, tool_choice={"type": "tool", "name": "fly"}), "tool_choice.name")


def errors(client, model):
    refused(anthropic.NotFoundError, lambda: client.messages.create(model="claude-none", messages=QUESTION, max_tokens=1), "not_found_error")
    refused(anthropic.NotFoundError, lambda: client.models.retrieve("claude-none"))
    image = [{"role": "user", "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}]}]
    refused(anthropic.BadRequestError, lambda: client.messages.create(model=model, messages=image, max_tokens=1), "messages[0].content[0].type")
    refused(anthropic.BadRequestError, lambda: client.messages.create(model=model, messages=[{"role": "user", "content": "말" * 1000}], max_tokens=1), "context")
    searching = [{"type": "web_search_20250305", "name": "web_search"}]
    error = refused(anthropic.BadRequestError, lambda: client.messages.create(model=model, messages=QUESTION, tools=searching, max_tokens=1), "tools[0].type")
    assert error.body["type"] == "error" and error.body["error"]["type"] == "invalid_request_error", error.body


malmoi, folder = sys.argv[1:]
key_file = pathlib.Path(folder) / "keys"
key_file.parent.mkdir(parents=True, exist_ok=True)
key_file.write_text("# keys of the test\nsecret\n")
with serve_support.server(malmoi, folder, "--name", "tiny", "--api-key-file", key_file) as url:
    client = anthropic.Anthropic(base_url=url, api_key="secret", max_retries=0, timeout=60)
    assert [model.id for model in client.models.list()] == ["tiny"]
    shown = client.models.retrieve("tiny")
    assert shown.type == "model" and shown.display_name == "tiny" and shown.created_at.year >= 2020, shown
    messages(client, "tiny")
    errors(client, "tiny")
    wrong = anthropic.Anthropic(base_url=url, api_key="wrong", max_retries=0)
    refused(anthropic.AuthenticationError, lambda: wrong.messages.create(model="tiny", messages=QUESTION, max_tokens=1), "authentication_error")
    for name, value in (("x-api-key", "secret"), ("Authorization", "Bearer secret")):  # older clients send the first, newer ones the second
        assert urllib.request.urlopen(urllib.request.Request(url + "v1/models", headers={name: value})).status == 200
with serve_support.server(malmoi, folder, "--name", "caller", template=serve_support.CALLS) as url:
    tools(anthropic.Anthropic(base_url=url, api_key="unused", max_retries=0, timeout=60), "caller")
print(f"anthropic {anthropic.__version__}: messages, streams, tools, counts, errors, keys")

#!/usr/bin/env python3
"""The official `openai` Python client against `malmoi serve`. Usage: openai_client.py MALMOI FOLDER. Exits 77 (skipped)
where the package cannot be imported."""
import json
import sys
import urllib.parse
import urllib.request

import serve_support

try:
    import openai
except ImportError:
    print("skipped: the Python package openai is not installed")
    sys.exit(77)


def refused(kind, call, code=None):
    try:
        call()
    except kind as error:
        assert code is None or error.code == code, error
        return error
    raise AssertionError(f"not refused: {kind.__name__}")


def completions(client, model):
    whole = client.completions.create(model=model, prompt="오늘 날씨가", max_tokens=30, temperature=0, logprobs=3)
    choice = whole.choices[0]
    assert "너무" in choice.text, choice.text
    assert whole.usage.completion_tokens == 30 and choice.finish_reason == "length"
    assert len(choice.logprobs.tokens) == 30 and len(choice.logprobs.top_logprobs[0]) <= 3
    pieces = list(client.completions.create(model=model, prompt="오늘 날씨가", max_tokens=30, temperature=0, stream=True, stream_options={"include_usage": True}))
    assert "".join(p.choices[0].text for p in pieces if p.choices) == choice.text
    assert pieces[-1].usage.total_tokens == whole.usage.total_tokens
    several = client.completions.create(model=model, prompt=["The", "오늘"], n=2, max_tokens=5, seed=1)
    assert [c.index for c in several.choices] == [0, 1, 2, 3]
    assert several.choices[0].text == client.completions.create(model=model, prompt=["The", "오늘"], n=2, max_tokens=5, seed=1).choices[0].text
    stopped = client.completions.create(model=model, prompt="오늘 날씨가", max_tokens=60, temperature=0, stop=["."], echo=True)
    assert stopped.choices[0].finish_reason == "stop" and "." not in stopped.choices[0].text and stopped.choices[0].text.startswith("오늘")
    scored = client.completions.create(model=model, prompt=[84, 104, 101], max_tokens=0, temperature=0, echo=True, logprobs=1).choices[0]
    assert scored.text == "The" and scored.logprobs.tokens == ["T", "h", "e"], scored
    assert scored.logprobs.token_logprobs[0] is None and max(scored.logprobs.top_logprobs[2].values()) >= scored.logprobs.token_logprobs[2], scored
    banned = {str(byte): -100 for byte in range(32, 127)}
    assert not any(" " <= c <= "~" for c in client.completions.create(model=model, prompt="The", max_tokens=20, logit_bias=banned).choices[0].text)
    client.completions.create(model=model, prompt=[84, 104, 101], max_tokens=2, extra_body={"top_k": 5, "min_p": 0.1, "repetition_penalty": 1.2})


def chat(client, model):
    messages = [{"role": "system", "content": "짧게."}, {"role": "user", "content": "오늘 날씨는?"}]
    whole = client.chat.completions.create(model=model, messages=messages, max_completion_tokens=20, seed=4, logprobs=True, top_logprobs=2)
    assert whole.choices[0].message.role == "assistant" and whole.usage.prompt_tokens > 10
    assert len(whole.choices[0].logprobs.content[0].top_logprobs) == 2
    assert bytes(whole.choices[0].logprobs.content[0].bytes)
    pieces = list(client.chat.completions.create(model=model, messages=messages, max_completion_tokens=20, seed=4, stream=True))
    assert "".join(p.choices[0].delta.content or "" for p in pieces) == whole.choices[0].message.content
    assert pieces[0].choices[0].delta.role == "assistant" and pieces[-1].choices[0].finish_reason == whole.choices[0].finish_reason
    refused(openai.BadRequestError, lambda: client.chat.completions.create(model=model, messages=messages, tools=[{"type": "function", "function": {"name": "f"}}]), "unsupported_parameter")
    kind = {"type": "json_schema", "json_schema": {"name": "weather", "strict": True, "schema": {"enum": ["좋다", "춥다"]}}}
    held = client.chat.completions.create(model=model, messages=messages, response_format=kind, max_completion_tokens=40)
    assert held.choices[0].message.content in ('"좋다"', '"춥다"') and held.choices[0].finish_reason == "stop", held
    refused(openai.BadRequestError, lambda: client.chat.completions.create(model=model, messages=messages, response_format={"type": "yaml"}))
    image = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]
    refused(openai.BadRequestError, lambda: client.chat.completions.create(model=model, messages=image), "unsupported_parameter")


def tools(client, model):
    places = {"type": "object", "properties": {"to": {"enum": ["집", "학교"]}}, "required": ["to"], "additionalProperties": False}
    functions = [{"type": "function", "function": {"name": "walk", "description": "Walks.", "parameters": places}}]
    messages = [{"role": "user", "content": "Go."}]
    asked = {"model": model, "tools": functions, "tool_choice": "required", "seed": 3}
    whole = client.chat.completions.create(messages=messages, **asked).choices[0]
    assert whole.finish_reason == "tool_calls" and whole.message.content is None, whole
    call = whole.message.tool_calls[0]
    assert call.function.name == "walk" and json.loads(call.function.arguments)["to"] in ("집", "학교"), call
    calls = [c for p in client.chat.completions.create(messages=messages, stream=True, **asked) for c in p.choices[0].delta.tool_calls or []]
    assert [(c.index, c.function.name, c.function.arguments) for c in calls] == [(0, "walk", call.function.arguments)], calls
    messages += [whole.message, {"role": "tool", "tool_call_id": call.id, "content": "done"}]
    client.chat.completions.create(model=model, messages=messages, tools=functions, max_completion_tokens=5)
    named = {"type": "function", "function": {"name": "fly"}}
    assert refused(openai.BadRequestError, lambda: client.chat.completions.create(model=model, messages=messages, tools=functions, tool_choice=named)).param == "tool_choice.function.name"


def errors(client, model):
    refused(openai.NotFoundError, lambda: client.completions.create(model="gpt-none", prompt="a"), "model_not_found")
    refused(openai.NotFoundError, lambda: client.models.retrieve("gpt-none"), "model_not_found")
    refused(openai.BadRequestError, lambda: client.completions.create(model=model, prompt="말" * 1000), "context_length_exceeded")
    assert refused(openai.BadRequestError, lambda: client.completions.create(model=model, prompt="a", temperature=-1)).param == "temperature"
    assert refused(openai.BadRequestError, lambda: client.completions.create(model=model, prompt="a", logit_bias={"99999999": 1})).param == "logit_bias"
    refused(openai.NotFoundError, lambda: client.embeddings.create(model=model, input="a"), "unknown_url")


malmoi, folder = sys.argv[1:]
key_file = serve_support.pathlib.Path(folder) / "keys"
key_file.parent.mkdir(parents=True, exist_ok=True)
key_file.write_text("# keys of the test\nsecret\n")
with serve_support.server(malmoi, folder, "--name", "조직/말모이") as url:
    client = openai.OpenAI(base_url=url + "v1", api_key="unused", max_retries=0, timeout=60)
    assert client.models.retrieve("조직/말모이").id == "조직/말모이"
    for safe in ("/", ""):
        assert urllib.request.urlopen(url + "v1/models/" + urllib.parse.quote("조직/말모이", safe=safe)).status == 200
    assert client.completions.create(model="조직/말모이", prompt="a", max_tokens=1).model == "조직/말모이"
with serve_support.server(malmoi, folder, "--name", "tiny", "--api-key-file", key_file) as url:
    client = openai.OpenAI(base_url=url + "v1", api_key="secret", max_retries=0, timeout=60)
    names = [m.id for m in client.models.list()]
    assert names == ["tiny"], names
    completions(client, "tiny")
    chat(client, "tiny")
    errors(client, "tiny")
    refused(openai.AuthenticationError, lambda: openai.OpenAI(base_url=url + "v1", api_key="wrong", max_retries=0).models.list(), "invalid_api_key")
with serve_support.server(malmoi, folder, "--name", "caller", template=serve_support.CALLS_TEMPLATE) as url:
    tools(openai.OpenAI(base_url=url + "v1", api_key="unused", max_retries=0, timeout=60), "caller")
print(f"openai {openai.__version__}: completions, chat, tools, streams, errors, keys")

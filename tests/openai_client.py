#!/usr/bin/env python3
"""The official `openai` Python client against `malmoi serve`. Usage: openai_client.py MALMOI FOLDER. Exits 77 (skipped)
where the package cannot be imported."""
import json
import sys
import typing
import urllib.parse
import urllib.request

import serve_support

try:
    import openai
    import pydantic
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
    best = client.completions.create(model=model, prompt="오늘", best_of=4, max_tokens=5, seed=1)
    assert len(best.choices) == 1 and best.usage.completion_tokens > 5, best
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


def checked(model):
    """What the client made without looking, if it has all fields of its type."""
    type(model).model_validate(model.to_dict())
    return model


class Weather(pydantic.BaseModel):
    today: typing.Literal["좋다", "춥다"]


def responses(client, model):
    asked = {"model": model, "input": "오늘 날씨는?", "instructions": "짧게.", "max_output_tokens": 20, "extra_body": {"seed": 4}}
    whole = checked(client.responses.create(metadata={"a": "b"}, store=False, include=["message.output_text.logprobs"], top_logprobs=2, **asked))
    assert whole.status in ("completed", "incomplete") and whole.metadata == {"a": "b"} and whole.instructions == "짧게.", whole
    assert whole.usage.input_tokens > 10 and 0 < whole.usage.output_tokens <= 20
    message = whole.output[0]
    assert message.role == "assistant" and message.content[0].text == whole.output_text
    assert len(message.content[0].logprobs) == whole.usage.output_tokens and len(message.content[0].logprobs[0].top_logprobs) == 2
    events = [checked(event) for event in client.responses.create(stream=True, **asked)]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events[:4]] == ["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"]
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == whole.output_text
    assert events[-1].type == "response." + whole.status and events[-1].response.output_text == whole.output_text
    form = {"model": model, "input": "오늘 날씨는?", "text_format": Weather, "extra_body": {"seed": 3}}
    parsed = client.responses.parse(**form)
    assert parsed.output_parsed.today in ("좋다", "춥다") and parsed.status == "completed", parsed
    with client.responses.stream(**form) as stream:
        kinds = {event.type for event in stream}
        assert "response.output_text.done" in kinds and stream.get_final_response().output_parsed == parsed.output_parsed, kinds
    history = [{"role": "user", "content": "a"}, *whole.output, {"role": "user", "content": [{"type": "input_text", "text": "b"}]}]
    client.responses.create(model=model, input=history, max_output_tokens=3)
    image = [{"role": "user", "content": [{"type": "input_image", "image_url": "data:,"}]}]
    refused(openai.BadRequestError, lambda: client.responses.create(model=model, input=image), "unsupported_parameter")
    assert refused(openai.BadRequestError, lambda: client.responses.create(model=model, input="a", previous_response_id=whole.id)).param == "previous_response_id"
    refused(openai.BadRequestError, lambda: client.responses.create(model=model, input="a", tools=[{"type": "web_search"}]), "unsupported_parameter")
    refused(openai.NotFoundError, lambda: client.responses.create(model="gpt-none", input="a"), "model_not_found")


def responses_tools(client, model):
    places = {"type": "object", "properties": {"to": {"enum": ["집", "학교"]}}, "required": ["to"], "additionalProperties": False}
    functions = [{"type": "function", "name": "walk", "description": "Walks.", "parameters": places, "strict": True}]
    asked = {"model": model, "tools": functions, "tool_choice": {"type": "function", "name": "walk"}, "input": "Go.", "extra_body": {"seed": 3}}
    [call] = checked(client.responses.create(**asked)).output
    assert call.type == "function_call" and call.name == "walk" and json.loads(call.arguments)["to"] in ("집", "학교"), call
    done = [checked(event) for event in client.responses.create(stream=True, **asked) if event.type == "response.function_call_arguments.done"]
    assert [event.arguments for event in done] == [call.arguments], done
    items = [{"role": "user", "content": "Go."}, call, {"type": "function_call_output", "call_id": call.call_id, "output": "done"}]
    client.responses.create(model=model, tools=functions, input=items, max_output_tokens=5)


def errors(client, model):
    refused(openai.NotFoundError, lambda: client.completions.create(model="gpt-none", prompt="a"), "model_not_found")
    refused(openai.NotFoundError, lambda: client.models.retrieve("gpt-none"), "model_not_found")
    refused(openai.BadRequestError, lambda: client.completions.create(model=model, prompt="말" * 1000), "context_length_exceeded")
    assert refused(openai.BadRequestError, lambda: client.completions.create(model=model, prompt="a", temperature=-1)).param == "temperature"
    assert refused(openai.BadRequestError, lambda: client.completions.create(model=model, prompt="a", logit_bias={"99999999": 1})).param == "logit_bias"
    refused(openai.NotFoundError, lambda: client.embeddings.create(model="gpt-none", input="a"), "model_not_found")
    refused(openai.NotFoundError, lambda: client.moderations.create(input="a"), "unknown_url")


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b))


def embeddings(client, model):
    texts = ["오늘 날씨가 너무 좋다.", "The weather today is fine."]
    packed = client.embeddings.create(model=model, input=texts)  # the client asks for base64 and unpacks it
    assert [d.index for d in packed.data] == [0, 1] and packed.usage.total_tokens == sum(len(t.encode()) for t in texts), packed.usage
    plain = client.embeddings.create(model=model, input=texts, encoding_format="float")
    for a, b in zip(packed.data, plain.data):
        assert len(a.embedding) == 64 and abs(cosine(a.embedding, a.embedding) - 1) < 1e-5
        assert all(abs(x - y) < 1e-6 for x, y in zip(a.embedding, b.embedding))
    assert packed.data[0].embedding != packed.data[1].embedding
    ids = client.embeddings.create(model=model, input=[[84, 104, 101], [104, 105]], dimensions=8)
    assert [len(d.embedding) for d in ids.data] == [8, 8] and ids.usage.prompt_tokens == 5
    assert refused(openai.BadRequestError, lambda: client.embeddings.create(model=model, input="")).param == "input"
    assert refused(openai.BadRequestError, lambda: client.embeddings.create(model=model, input="a", dimensions=65)).param == "dimensions"


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
    embeddings(client, "tiny")
    responses(client, "tiny")
    errors(client, "tiny")
    refused(openai.AuthenticationError, lambda: openai.OpenAI(base_url=url + "v1", api_key="wrong", max_retries=0).models.list(), "invalid_api_key")
with serve_support.server(malmoi, folder, "--name", "caller", template=serve_support.CALLS) as url:
    client = openai.OpenAI(base_url=url + "v1", api_key="unused", max_retries=0, timeout=60)
    tools(client, "caller")
    responses_tools(client, "caller")
print(f"openai {openai.__version__}: completions, chat, embeddings, responses, tools, streams, errors, keys")

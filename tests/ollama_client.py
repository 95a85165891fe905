#!/usr/bin/env python3
"""The official `ollama` Python client against `malmoi serve`. Usage: ollama_client.py MALMOI FOLDER. Exits 77 (skipped)
where the package cannot be imported."""
import importlib.metadata
import json
import sys
import urllib.request

import serve_support

try:
    import ollama
except ImportError:
    print("skipped: the Python package ollama is not installed")
    sys.exit(77)


def refused(call, status):
    try:
        call()
    except ollama.ResponseError as error:
        assert error.status_code == status and isinstance(error.error, str), error
        return error.error
    raise AssertionError("not refused")


def generate(client):
    asked = {"model": "tiny", "prompt": "오늘 날씨가", "raw": True, "options": {"temperature": 0, "num_predict": 30}}
    whole = client.generate(**asked, logprobs=True, top_logprobs=2)
    assert "너무" in whole.response and whole.done and whole.done_reason == "length", whole
    assert whole.eval_count == 30 and whole.prompt_eval_count > 0 and whole.eval_duration > 0, whole
    assert len(whole.logprobs) == 30 and len(whole.logprobs[0].top_logprobs) == 2, whole.logprobs
    pieces = list(client.generate(**asked, stream=True))
    assert "".join(p.response for p in pieces) == whole.response
    assert [p.done for p in pieces] == [False] * (len(pieces) - 1) + [True] and pieces[-1].eval_count == 30
    stopped = client.generate(**{**asked, "options": ollama.Options(temperature=0, num_predict=60, stop=["."], num_ctx=256)})
    assert stopped.done_reason == "stop" and "." not in stopped.response, stopped
    assert client.generate(model="tiny:latest", prompt="말", system="짧게", options={"num_predict": 3}).eval_count <= 3
    assert client.generate(model="tiny").done_reason == "load"


def chat(client):
    messages = [{"role": "system", "content": "짧게."}, {"role": "user", "content": "오늘 날씨는?"}]
    asked = {"model": "tiny", "messages": messages, "options": {"seed": 4, "num_predict": 20}}
    whole = client.chat(**asked, think=False)
    assert whole.message.role == "assistant" and whole.prompt_eval_count > 10, whole
    pieces = list(client.chat(**asked, stream=True))
    assert "".join(p.message.content for p in pieces) == whole.message.content
    assert pieces[-1].done and pieces[-1].done_reason == whole.done_reason
    held = client.chat(model="tiny", messages=messages, format={"enum": ["좋다", "춥다"]}, options={"num_predict": 40})
    assert held.message.content in ('"좋다"', '"춥다"') and held.done_reason == "stop", held
    assert client.chat(model="tiny").done_reason == "load"


def embed(client):
    both = client.embed(model="tiny", input=["오늘 날씨가", "너무"], truncate=True, options={"temperature": 0, "num_ctx": 256})
    assert both.model == "tiny" and both.prompt_eval_count > 1 and both.total_duration > 0 and both.load_duration == 0, both
    assert len(both.embeddings) == 2 and all(abs(sum(x * x for x in vector) - 1) < 1e-4 for vector in both.embeddings), both
    assert client.embed(model="tiny:latest", input="너무").embeddings == both.embeddings[1:]
    assert len(client.embed(model="tiny", input="너무", dimensions=4).embeddings[0]) == 4
    assert client.embeddings(model="tiny", prompt="너무").embedding == both.embeddings[1]
    assert list(client.embed(model="tiny", input="").embeddings) == []


def models(client):
    listed, loaded, shown = client.list().models, client.ps().models, client.show("tiny")
    assert [m.model for m in listed] == ["tiny:latest"] and listed[0].modified_at.year > 2000, listed
    assert loaded[0].context_length == 512 and loaded[0].expires_at.year == 2300, loaded
    assert shown.modelinfo["llama.context_length"] == 512 and shown.capabilities == ["completion"], shown
    assert shown.details.family == "llama", shown


def errors(client):
    refused(lambda: client.generate(model="none", prompt="a"), 404)
    refused(lambda: client.show("none"), 404)
    refused(lambda: client.pull("none"), 404)
    refused(lambda: client.embed(model="none", input="a"), 404)
    assert "input" in refused(lambda: client.embed(model="tiny", input="말" * 2000), 400)
    assert "options.temperature" in refused(lambda: client.generate(model="tiny", prompt="a", options={"temperature": -1}), 400)
    assert "num_ctx" in refused(lambda: client.generate(model="tiny", prompt="a", options={"num_ctx": 4096}), 400)
    assert "images" in refused(lambda: client.generate(model="tiny", prompt="a", images=[b"x"]), 400)
    assert "think" in refused(lambda: client.generate(model="tiny", prompt="a", think=True), 400)
    assert "tools" in refused(lambda: client.chat(model="tiny", messages=[{"role": "user", "content": "a"}], tools=[walk]), 400)
    refused(lambda: list(client.chat(model="tiny", messages=[{"role": "user", "content": "말" * 1000}], stream=True)), 400)


# As Hermes and Qwen write calls.
TEMPLATE = """{{ tools | tojson }}
{% for m in messages %}{{ m.role }}: {{ m.content }}
{% for call in m.tool_calls or [] %}<tool_call>{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}</tool_call>
{% endfor %}{% endfor %}assistant: """


def walk(to: str) -> str:
    """Walks.

    Args:
        to: Where to.
    """
    return to


def tools(client, url):
    assert client.show("caller").capabilities == ["completion", "tools"]
    messages = [{"role": "user", "content": "Go."}]
    client.chat(model="caller", messages=messages, tools=[walk], options={"num_predict": 5})
    places = {"type": "object", "properties": {"to": {"enum": ["집", "학교"]}}, "required": ["to"], "additionalProperties": False}
    functions = [{"type": "function", "function": {"name": "walk", "parameters": places}}]
    body = {"model": "caller", "messages": messages, "tools": functions, "tool_choice": "required", "stream": False}
    reply = json.load(urllib.request.urlopen(url + "api/chat", json.dumps(body).encode()))  # declared as a form, as by curl -d
    made = ollama.ChatResponse(**reply)
    call = made.message.tool_calls[0].function
    assert call.name == "walk" and call.arguments["to"] in ("집", "학교") and made.done_reason == "stop", made
    messages += [made.message, {"role": "tool", "tool_name": "walk", "content": "done"}]
    client.chat(model="caller", messages=messages, tools=functions, options={"num_predict": 5})


malmoi, folder = sys.argv[1:]
key_file = serve_support.pathlib.Path(folder) / "ollama_keys"
key_file.parent.mkdir(parents=True, exist_ok=True)
key_file.write_text("secret\n")
with serve_support.server(malmoi, folder, "--name", "tiny", "--api-key-file", key_file) as url:
    client = ollama.Client(host=url, headers={"Authorization": "Bearer secret"}, timeout=60)
    generate(client)
    chat(client)
    embed(client)
    models(client)
    errors(client)
    refused(lambda: ollama.Client(host=url, headers={"Authorization": "Bearer wrong"}).list(), 401)
with serve_support.server(malmoi, folder, "--name", "caller", template=TEMPLATE) as url:
    tools(ollama.Client(host=url, timeout=60), url)
print(f"ollama {importlib.metadata.version('ollama')}: generate, chat, embed, tools, streams, models, errors, keys")

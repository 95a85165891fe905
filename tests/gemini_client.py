#!/usr/bin/env python3
"""The official `google-genai` Python client against `malmoi serve`. Usage: gemini_client.py MALMOI FOLDER. Exits 77 (skipped)
where the package cannot be imported."""
import enum
import json
import sys

import serve_support

try:
    from google import genai
    from google.genai import errors, types
except ImportError:
    print("skipped: the Python package google-genai is not installed")
    sys.exit(77)


def client_of(url, key="unused", version=None):
    options = types.HttpOptions(base_url=url, timeout=60000)
    if version:
        options.api_version = version
    return genai.Client(api_key=key, http_options=options)


def config(**fields):
    return types.GenerateContentConfig(**fields)


def refused(kind, status, call):
    try:
        call()
    except kind as error:
        assert error.status == status, error
        return error
    raise AssertionError(f"not refused: {kind.__name__}")


def answers(client, model):
    asked = dict(model=model, contents="오늘 날씨는?", config=config(system_instruction="짧게.", max_output_tokens=20, seed=4, candidate_count=2))
    whole = client.models.generate_content(**asked)
    assert len(whole.candidates) == 2 and whole.candidates[1].index == 1 and whole.model_version == model, whole
    assert whole.candidates[0].content.role == "model" and whole.response_id
    usage = whole.usage_metadata
    assert usage.prompt_token_count > 10 and usage.total_token_count == usage.prompt_token_count + usage.candidates_token_count, usage
    pieces = list(client.models.generate_content_stream(**asked))
    texts = ["", ""]
    for piece in pieces:
        for candidate in piece.candidates:
            texts[candidate.index] += "".join(part.text for part in candidate.content.parts)
    assert texts == ["".join(p.text for p in c.content.parts) for c in whole.candidates], texts
    assert [c.finish_reason for c in pieces[-1].candidates] == [c.finish_reason for c in whole.candidates]
    assert pieces[-1].usage_metadata.total_token_count == usage.total_token_count
    asked = dict(model=model, contents="The weather", config=config(max_output_tokens=2, temperature=0, response_logprobs=True, logprobs=3))
    scored = client.models.generate_content(**asked)
    short = scored.candidates[0]
    assert len(short.logprobs_result.chosen_candidates) == scored.usage_metadata.candidates_token_count, scored
    best = short.logprobs_result.top_candidates[0].candidates
    assert len(best) == 3 and best[0].token_id == short.logprobs_result.chosen_candidates[0].token_id and short.avg_logprobs <= 0, scored
    streamed = [c for p in client.models.generate_content_stream(**asked) for c in p.candidates if c.logprobs_result]
    assert [t.token_id for c in streamed for t in c.logprobs_result.chosen_candidates] == [t.token_id for t in short.logprobs_result.chosen_candidates]
    alone = client.models.count_tokens(model=model, contents="오늘 날씨는?").total_tokens
    assert alone == client.models.generate_content(model=model, contents="오늘 날씨는?", config=config(max_output_tokens=1)).usage_metadata.prompt_token_count


def forms(client, model):
    class Weather(enum.Enum):
        FINE = "좋다"
        COLD = "춥다"

    held = client.models.generate_content(model=model, contents="a", config=config(response_mime_type="text/x.enum", response_schema=Weather))
    assert held.text in ("좋다", "춥다") and held.candidates[0].finish_reason == types.FinishReason.STOP, held
    schema = {"type": "OBJECT", "properties": {"b": {"type": "INTEGER", "minimum": 1, "maximum": 3}, "a": {"type": "STRING", "enum": ["x", "y"]}},
              "required": ["a", "b"], "propertyOrdering": ["a", "b"]}
    held = client.models.generate_content(model=model, contents="a", config=config(response_mime_type="application/json", response_schema=schema))
    assert list(json.loads(held.text)) == ["a", "b"] and 1 <= json.loads(held.text)["b"] <= 3, held
    held = client.models.generate_content(model=model, contents="a", config=config(response_mime_type="application/json", response_json_schema={"enum": [7]}))
    assert json.loads(held.text) == 7, held


def chats(client, model):
    chat = client.chats.create(model=model, config=config(max_output_tokens=5))
    for piece in chat.send_message_stream("The weather"):
        assert piece.candidates[0].content.parts
    chat.send_message("today")
    assert [content.role for content in chat.get_history(curated=True) if content.role == "user"] == ["user", "user"], "no turn counts as broken"


def tools(client, model):
    places = {"type": "OBJECT", "properties": {"to": {"type": "STRING", "enum": ["집", "학교"]}}, "required": ["to"]}
    walk = types.Tool(function_declarations=[types.FunctionDeclaration(name="walk", description="Walks.", parameters=places)])
    must = types.ToolConfig(function_calling_config=types.FunctionCallingConfig(mode="ANY", allowed_function_names=["walk"]))
    asked = dict(model=model, config=config(tools=[walk], tool_config=must, seed=3))
    whole = client.models.generate_content(contents="Go.", **asked)
    call = whole.function_calls[0]
    assert call.name == "walk" and call.args["to"] in ("집", "학교") and call.id, whole
    calls = [c for p in client.models.generate_content_stream(contents="Go.", **asked) for c in p.function_calls or []]
    assert [(c.name, c.args) for c in calls] == [("walk", call.args)], calls
    history = [types.Content(role="user", parts=[types.Part(text="Go.")]), whole.candidates[0].content,
               types.Content(role="user", parts=[types.Part.from_function_response(name="walk", response={"output": "done"})])]
    client.models.generate_content(model=model, contents=history, config=config(tools=[walk], max_output_tokens=5))
    python = client.models.generate_content(model=model, contents="Go.", config=config(tools=[stroll], tool_config=types.ToolConfig(
        function_calling_config=types.FunctionCallingConfig(mode="ANY")), automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True)))
    assert python.function_calls[0].name == "stroll", python


def stroll(far: bool) -> str:
    """Strolls."""
    return "far" if far else "near"


def failures(client, model):
    refused(errors.ClientError, "NOT_FOUND", lambda: client.models.generate_content(model="gemini-none", contents="a"))
    refused(errors.ClientError, "NOT_FOUND", lambda: client.models.get(model="gemini-none"))
    wrong = refused(errors.ClientError, "INVALID_ARGUMENT", lambda: client.models.generate_content(model=model, contents="a", config=config(temperature=-1)))
    assert wrong.code == 400 and "generationConfig.temperature" in wrong.message, wrong
    refused(errors.ClientError, "INVALID_ARGUMENT", lambda: client.models.generate_content(model=model, contents="말" * 1000))
    image = types.Part.from_bytes(data=b"x", mime_type="image/png")
    assert "inlineData" in refused(errors.ClientError, "INVALID_ARGUMENT", lambda: client.models.generate_content(model=model, contents=[image])).message
    search = config(tools=[types.Tool(google_search=types.GoogleSearch())])
    assert "googleSearch" in refused(errors.ClientError, "INVALID_ARGUMENT", lambda: list(client.models.generate_content_stream(model=model, contents="a", config=search))).message


malmoi, folder = sys.argv[1:]
key_file = serve_support.pathlib.Path(folder) / "gemini_keys"
key_file.parent.mkdir(parents=True, exist_ok=True)
key_file.write_text("secret\n")
with serve_support.server(malmoi, folder, "--name", "조직/말모이") as url:
    for version in ("v1", "v1beta"):
        client = client_of(url, version=version)
        assert client.models.generate_content(model="조직/말모이", contents="a", config=config(max_output_tokens=1)).model_version == "조직/말모이"
        shown = client.models.get(model="models/조직/말모이")
        assert shown.name == "models/조직/말모이" and shown.input_token_limit > 0 and "generateContent" in shown.supported_actions, shown
with serve_support.server(malmoi, folder, "--name", "tiny", "--api-key-file", key_file) as url:
    client = client_of(url, "secret")
    assert [model.name for model in client.models.list()] == ["models/tiny"]
    answers(client, "tiny")
    forms(client, "tiny")
    chats(client, "tiny")
    failures(client, "tiny")
    stranger = client_of(url, "wrong")  # a client that nothing holds closes itself
    refused(errors.ClientError, "UNAUTHENTICATED", lambda: stranger.models.generate_content(model="tiny", contents="a"))
with serve_support.server(malmoi, folder, "--name", "caller", template=serve_support.CALLS) as url:
    client = client_of(url)
    tools(client, "caller")
print(f"google-genai {genai.__version__}: answers, streams, forms, chats, tools, errors, keys")

#!/usr/bin/env python3
"""The server against its own description: the examples of /openapi.json are answered, and requests that schemathesis makes of
its schemas, true to them and not, bring no 5xx and no response that contradicts it. Usage: openapi.py MALMOI FOLDER [DOCUMENT];
DOCUMENT: a file in place of what the server tells. Exits 77 (skipped) where schemathesis cannot be imported."""
import importlib.util
import json
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request

import serve_support

# What the examples of the document call the model.
NAME = "first"
# What the examples of paths get that this server does not answer with 200: the tiny model fills no gaps and has no labels, the
# server shows no runs and asks for no keys.
OTHERWISE = {"/infill": 400, "/explore/fill": 400, "/explore/classify": 400, "/login": 400, "/logout": 204}
SHOWN_ELSEWHERE = ("/runs", "/data")
SECONDS = 30
EXAMPLES = 8  # of each operation, beside the edges of its schema
CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance", "response_headers_conformance", "negative_data_rejection", "unsupported_method"]
CONFIG = """
[checks]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "413", "415", "422", "431"]
"""


def answer(url, method, path, body, kind):
    data = None if body is None else json.dumps(body).encode() if kind == "application/json" else body.encode()
    request = urllib.request.Request(url.rstrip("/") + path, data, {"Content-Type": kind}, method=method)
    try:
        return urllib.request.urlopen(request, timeout=60).status
    except urllib.error.HTTPError as error:
        return error.code


def check_examples(url, document):
    """A reader copies them: each must be a request that is answered."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            kind, content = next(iter(operation.get("requestBody", {}).get("content", {}).items()), ("application/json", {}))
            body = content.get("example")
            assert method == "get" or body is not None, f"{path} has no example"
            status = answer(url, method.upper(), path.replace("{name}", NAME), body, kind)
            wanted = 404 if path.startswith(SHOWN_ELSEWHERE) else OTHERWISE.get(path, 200)
            assert status == wanted, f"{method} {path}: {status}"


def check_schemas(url, file, folder):
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", config, "run", file, "--url", url, "--seed", "1", "--max-examples", str(EXAMPLES),
               "--max-time", str(SECONDS), "--phases", "examples,coverage,fuzzing", "--checks", ",".join(CHECKS), "--continue-on-failure", "--no-shrink",
               "--warnings", "off", "--no-color", "--request-timeout", "60"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS * 6, cwd=folder)
    told = "\n".join(line[:2000] for line in done.stdout.splitlines())  # a request may have megabytes
    assert done.returncode == 0, told[-20000:] + done.stderr[-2000:]
    return told[told.index("Test cases:"):].splitlines()[1].strip()


if importlib.util.find_spec("schemathesis") is None:
    print("skipped: the Python package schemathesis is not installed")
    sys.exit(77)
malmoi, folder = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
# Few answers at once: a request for very many is refused rather than waited for.
with serve_support.server(malmoi, folder, "--name", NAME, "--max-requests", "8") as url:
    text = pathlib.Path(sys.argv[3]).read_text() if len(sys.argv) > 3 else urllib.request.urlopen(url + "openapi.json").read().decode()
    document = json.loads(text)
    if len(sys.argv) > 3:
        del document["paths"]["/openapi.json"]  # of a program that may not have it
    file = folder / "openapi.json"
    file.write_text(json.dumps(document))
    check_examples(url, document)
    print(f"{len(document['paths'])} paths:", check_schemas(url, file, folder))

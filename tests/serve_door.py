#!/usr/bin/env python3
"""The door of `malmoi serve` from outside: keys that `malmoi key` makes and takes back while the server runs, their limits, the
access log, TLS with a certificate that is renewed, and what wrong options are told. Usage: serve_door.py MALMOI FOLDER"""
import json
import os
import pathlib
import re
import shutil
import ssl
import stat
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import serve_support

malmoi, folder = sys.argv[1:]
BODY = {"prompt": "오늘", "max_tokens": 4, "ignore_eos": True}


def run(*arguments):
    return subprocess.run([malmoi, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def ask(url, path="v1/completions", key=None, body=BODY, context=None, **fields):
    """(status, header fields, JSON)."""
    headers = {"Content-Type": "application/json", **fields}
    if key:
        headers["Authorization"] = "Bearer " + key
    request = urllib.request.Request(url + path, json.dumps(body).encode() if body is not None else None, headers)
    try:
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, error.headers, json.load(error)


def until(what, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def key_command(scratch):
    file = scratch / "made" / "keys.json"
    made = run("key", "create", "ci", "--keys", file, "--scope", "embed", "--scope", "generate", "--requests-per-minute", 2, "--expires", "2099-01-31")
    assert made.returncode == 0, made.stderr
    key = made.stdout.strip()
    assert re.fullmatch(r"malmoi_[\w-]{43}", key), made.stdout
    assert key not in made.stderr and "once" in made.stderr, made.stderr
    assert key not in file.read_text() and stat.S_IMODE(file.stat().st_mode) == 0o600
    listed = json.loads(run("key", "list", "--keys", file, "--json").stdout)["keys"]
    assert [entry["name"] for entry in listed] == ["ci"] and listed[0]["scopes"] == ["generate", "embed"], listed
    assert listed[0]["expires"] == "2099-01-31T00:00:00Z" and "sha256" not in listed[0], listed
    shown = run("key", "list", "--keys", file).stdout
    assert "2 requests/min" in shown and "until 2099-01-31" in shown, shown
    for wrong, code, says in ((("create", "ci"), 2, "already"), (("create", "a b"), 2, "name"), (("create", "b", "--expires", "2001-01-01"), 2, "passed"),
                              (("create", "b", "--expires", "soon"), 2, "--expires"), (("create", "b", "--scope", "root"), 2, "--scope"),
                              (("create", "b", "--concurrency", 0), 2, "--concurrency"), (("remove", "nobody"), 1, "nobody")):
        told = run("key", *wrong, "--keys", file)
        assert told.returncode == code and says in told.stderr and told.stderr.count("\n") == 1, (wrong, told.stderr)
    in_home = subprocess.run([malmoi, "key", "create", "home", "--json"], env={**os.environ, "MALMOI_HOME": str(scratch / "home")}, capture_output=True, text=True)
    assert json.loads(in_home.stdout)["key"].startswith("malmoi_") and (scratch / "home" / "keys.json").exists(), in_home.stderr
    return file, key


def keys_and_log(scratch):
    file, key = key_command(scratch)
    log = scratch / "access.jsonl"
    with serve_support.server(malmoi, folder, "--keys", file, "--access-log", log) as url:
        assert ask(url)[0] == 401
        status, fields, _ = ask(url, key=key, **{"X-Request-Id": "door-1"})
        assert status == 200 and fields["x-ratelimit-remaining-requests"] == "1" and fields["X-Request-Id"] == "door-1", fields
        assert ask(url, "tokenize", key, {"content": "a"})[0] == 403
        assert ask(url, "v1/models", key, None)[0] == 200
        status, fields, told = ask(url, key=key)
        assert status == 429 and 1 <= int(fields["Retry-After"]) <= 30 and told["error"]["code"] == "rate_limit_exceeded", told
        second = run("key", "create", "page", "--keys", file).stdout.strip()
        until(lambda: ask(url, key=second)[0] == 200)
        status, fields, told = ask(url, "login", body={"key": second})
        assert status == 200 and "HttpOnly" in fields["Set-Cookie"], fields
        cookie = {"Cookie": fields["Set-Cookie"].split(";")[0]}
        assert ask(url, **cookie)[0] == 403
        assert ask(url, **cookie, **{"X-Malmoi-CSRF": told["csrf"]})[0] == 200
        assert run("key", "remove", "page", "--keys", file).returncode == 0
        until(lambda: ask(url, key=second)[0] == 401)
        assert ask(url, **cookie, **{"X-Malmoi-CSRF": told["csrf"]})[0] == 401
        file.write_text("{")  # whoever writes by hand may be in the middle of it
        time.sleep(1.5)
        assert ask(url, "v1/models", key, None)[0] in (200, 429)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    first = next(line for line in lines if line["request_id"] == "door-1")
    assert first["client"] == "ci" and first["path"] == "/v1/completions" and first["status"] == 200 and first["completion_tokens"] == 4, first
    assert {401, 403, 429} <= {line["status"] for line in lines}
    assert "오늘" not in log.read_text() and second not in log.read_text() and key not in log.read_text()


def certificate(scratch, name):
    """The files of a certificate for localhost that signs itself."""
    files = scratch / (name + ".pem"), scratch / (name + ".key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=" + name,
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


def tls(scratch):
    first, second, used = certificate(scratch, "first"), certificate(scratch, "second"), (scratch / "used.pem", scratch / "used.key")
    for source, target in zip(first, used):
        shutil.copy(source, target)
    with serve_support.server(malmoi, folder, "--tls-certificate", used[0], "--tls-key", used[1]) as url:
        assert url.startswith("https://"), url
        trusted = [ssl.create_default_context(cafile=files[0]) for files in (first, second)]
        status, _, told = ask(url, context=trusted[0])
        assert status == 200 and told["usage"]["completion_tokens"] == 4, told

        def is_renewed():
            try:
                return ask(url, "health", body=None, context=trusted[1])[0] == 200
            except urllib.error.URLError:
                return False

        assert not is_renewed()
        for source, target in zip(second, used):
            shutil.copy(source, target)
        until(is_renewed)


def wrong_options(scratch):
    model = serve_support.tiny_model(malmoi, folder)
    first, second = certificate(scratch, "one"), certificate(scratch, "two")
    for options, code, says in ((("--keys", scratch / "none.json"), 1, "malmoi key create"), (("--tls-certificate", first[0]), 2, "--tls-key"),
                                (("--tls-certificate", first[0], "--tls-key", second[1]), 1, "not the one of the certificate"),
                                (("--log-prompts",), 2, "--access-log"), (("--access-log", scratch / "no" / "log"), 1, "access log")):
        told = run("serve", "--model", model, "--port", 0, *options)
        assert told.returncode == code and says in told.stderr, (options, told.returncode, told.stderr)


with tempfile.TemporaryDirectory() as scratch:
    scratch = pathlib.Path(scratch)
    keys_and_log(scratch)
    if shutil.which("openssl"):
        tls(scratch)
        wrong_options(scratch)
print("the door: keys, scopes, limits, logins, the access log, TLS and its renewal, wrong options")

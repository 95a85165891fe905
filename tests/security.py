#!/usr/bin/env python3
"""What docs/security.md says of the server, tried from outside as an attacker would. Usage: security.py MALMOI FOLDER"""
import gzip
import io
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile

import serve_support

root = pathlib.Path(__file__).resolve().parent.parent
malmoi, folder = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
# The longest that a refusal may take, of what would take for ever where it is not bounded.
SECONDS_TO_REFUSE = 20
MARK = "zebra-7f3a-crossing"  # in prompts and keys, and nowhere else


def raw(url, data, wait=5):
    """The bytes that come back for `data`, sent as it is, until the other side is done."""
    host, port = re.fullmatch(r"http://([\d.]+):(\d+)/", url).groups()
    with socket.create_connection((host, int(port)), timeout=wait) as connection:
        connection.sendall(data if isinstance(data, bytes) else data.encode())
        got = b""
        while piece := connection.recv(65536):
            got += piece
    return got


def get(url, target, fields=""):
    return raw(url, f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n")


def status_of(answer):
    return int(answer.split(b" ", 2)[1])


def post(url, path, body, headers=None):
    """Status and text of an answer."""
    request = urllib.request.Request(url + path.lstrip("/"), json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def posts():
    """Every path that takes a body, of the server's own description."""
    paths = set()
    for piece in sorted((root / "src/serve/openapi").glob("*.json")):
        paths |= {path.replace("{name}", "tiny") for path, operations in json.loads(piece.read_text()).get("paths", {}).items() if "post" in operations}
    assert len(paths) > 20, paths
    return sorted(paths)


def paths_lead_nowhere(url):
    """Nothing that a target names becomes the name of a file."""
    secret = b"root:"
    for target in ("/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/page.js/../../etc/passwd", "/..%5c..%5cetc/passwd", "/page.css%00.js",
                   "/v1/models/../../etc/passwd", "/v1/models/..%2f..%2f..%2fetc%2fpasswd", "/v1beta/models/%2fetc%2fpasswd", "/api/../etc/passwd", "http://localhost/../etc/passwd"):
        answer = get(url, target)
        assert status_of(answer) == 404 and secret not in answer, (target, answer[:200])
    for model in ("../../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "tiny\0", "tiny/../tiny"):
        status, text = post(url, "/v1/completions", {"model": model, "prompt": "a"})
        assert status == 404 and "root:" not in text, (model, text)


def fields_cannot_be_injected(url):
    """What a request has is repeated in a response only whole, on one line, and never as a new field."""
    preflight = "OPTIONS /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: "
    folded = raw(url, preflight + "x-a,\r\n Set-Cookie: stolen=1\r\n\r\n")
    assert b"\r\nset-cookie:" not in folded.lower() and b"\r\n " not in folded, folded
    for byte in ("\r", "\n", "\0"):
        answer = raw(url, preflight + f"x-a{byte}Set-Cookie: stolen=1\r\n\r\n")
        assert b"\r\nset-cookie:" not in answer.lower(), answer
    for target in ("/v1/models/a%0d%0aSet-Cookie:%20stolen=1", "/%0d%0aSet-Cookie:%20stolen=1"):
        assert b"set-cookie:" not in get(url, target).split(b"\r\n\r\n")[0].lower(), target
    # What is no trace and no name of a request is not repeated as one.
    assert b"stolen" not in get(url, "/v1/models", "traceparent: stolen\r\nX-Request-Id: stolen; a=\"b\"\r\n")


def pages_of_other_sites(url):
    """A form or a script of another site can send no more than a page may without asking, and reads nothing."""
    site = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for path in posts():
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "text/plain; application/json"):
            for name, value in site.items():
                assert post(url, path, {"model": "tiny", "prompt": "a"}, {"Content-Type": kind, name: value})[0] == 415, (path, kind, name)
    answer = get(url, "/v1/models", "Origin: https://evil.example\r\n")
    assert b"access-control-allow" not in answer.lower(), answer
    ask = "OPTIONS {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: {}\r\nAccess-Control-Request-Method: POST\r\n\r\n"
    for origin in ("https://evil.example", "null", "http://localhost:8080.evil.example"):
        assert status_of(raw(url, ask.format("/v1/completions", origin))) == 403, origin
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "1.2.3.4"):  # names that an attacker points here
        assert status_of(raw(url, f"GET /v1/models HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")) == 403, host


def nothing_is_fetched(url):
    """An address in a request is text: nobody calls it."""
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.setblocking(False)
        address = f"http://127.0.0.1:{trap.getsockname()[1]}/"
        image = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": address}}]}]
        user = [{"role": "user", "content": "a"}]
        anthropic = [{"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": address}}]}]
        for path, body in (
                ("/v1/chat/completions", {"messages": image}),
                ("/v1/chat/completions", {"messages": user, "max_tokens": 1, "response_format": {"type": "json_schema", "json_schema": {"schema": {"$ref": address}}}}),
                ("/v1/chat/completions", {"messages": user, "max_tokens": 1, "metadata": {"callback": address}}),
                ("/v1/responses", {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": address}]}]}),
                ("/v1/responses", {"input": "a", "tools": [{"type": "mcp", "server_url": address, "server_label": "a"}]}),
                ("/v1/messages", {"messages": anthropic, "max_tokens": 1}),
                ("/v1/messages", {"messages": user, "max_tokens": 1, "mcp_servers": [{"type": "url", "url": address, "name": "a"}]}),
                ("/v1beta/models/tiny:generateContent", {"contents": [{"parts": [{"fileData": {"fileUri": address}}]}]}),
                ("/api/generate", {"model": address, "prompt": "a"}),
                ("/v1/completions", {"model": address, "prompt": "a"})):
            status, text = post(url, path, body)
            assert status in (200, 400, 404), (path, status, text)
        time.sleep(0.3)
        try:
            trap.accept()
        except BlockingIOError:
            return
    raise AssertionError("the server called an address that a request had")


def answers_are_no_pages(url):
    """What a client wrote comes back as JSON that no browser takes for a page."""
    for target in ("/<script>alert(1)</script>", "/v1/models/<script>alert(1)</script>", "/api/<svg/onload=alert(1)>"):
        head = get(url, target).split(b"\r\n\r\n")[0].lower()
        assert b"content-type: application/json" in head and b"x-content-type-options: nosniff" in head, head
    page = get(url, "/").split(b"\r\n\r\n")[0].decode()
    policy = re.search(r"Content-Security-Policy: (.*)\r\n", page)[1]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy and "http" not in policy, policy


def the_page_writes_text_alone():
    """No way of the page's from a text to markup or code: what a model writes is shown as it is."""
    ways = re.compile(r"\{@html|\.(?:innerHTML|outerHTML|srcdoc)\b|\bsrcdoc=|insertAdjacentHTML\(|document\.write|\beval\(|new Function\b|new DOMParser")
    for file in sorted((root / "web/src").rglob("*")):
        if file.suffix in (".svelte", ".js"):
            found = ways.search(file.read_text())
            assert not found, f"{file.relative_to(root)}: {found[0]}"


def stored_settings_change_no_prototype():
    """What stands in the browser's memory, whoever wrote it there."""
    if not shutil.which("node"):
        return
    script = """
        globalThis.localStorage = { getItem: () => '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}', setItem() {} }
        const { load } = await import(process.argv[1])
        Object.assign({}, load('settings', {}))
        if ({}.polluted !== undefined) process.exit(1)"""
    subprocess.run(["node", "--input-type=module", "-e", script, (root / "web/src/lib/store.js").as_uri()], check=True, timeout=60)


def rules_that_cost_much_are_refused(url):
    """Rules for answers that grow without bound where they are followed blindly. Refused or answered, soon, while others are served."""
    nested = {"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}, "required": ["a", "b"]}
    wide = {"allOf": [{"anyOf": [{"properties": {f"k{i}{j}": {"type": "string"}}} for j in range(8)]} for i in range(12)]}
    rules = [{"guided_regex": "((a{1,999}){1,999}){1,999}"}, {"guided_regex": "(a|a|aa)*" * 30 + "b"}, {"guided_regex": "(" * 5000 + "a" + ")" * 5000}, {"guided_regex": "[^a]{0,100000}"},
             {"guided_json": nested}, {"guided_json": wide}, {"guided_json": {"type": "string", "minLength": 10**9}}, {"guided_json": {"type": "array", "minItems": 10**9, "items": {}}},
             {"guided_grammar": "root ::= root root | \"a\" | \"\""}, {"guided_grammar": "root ::= (((\"a\"*)*)*)*"}, {"guided_choice": ["a" * 2000 + str(i) for i in range(2000)]}]
    for rule in rules:
        begun = time.monotonic()
        status, text = post(url, "/v1/completions", {"prompt": "a", "max_tokens": 4, **rule})
        taken = time.monotonic() - begun
        assert status in (200, 400) and taken < SECONDS_TO_REFUSE, (str(rule)[:80], status, text[:200], taken)
        assert urllib.request.urlopen(url + "livez", timeout=5).status == 200
    for depth in (100, 100000):
        answer = raw(url, "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
                     f"Content-Length: {depth * 2 + 12}\r\n\r\n" + '{"prompt": ' + "[" * depth + "]" * depth + "}")
        assert status_of(answer) == 400, depth
    assert post(url, "/v1/completions", {"prompt": "a"}, {"Content-Encoding": "gzip"})[0] == 415, "what unpacks to gigabytes"


def zipped(entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return file.getvalue()


def documents_that_hurt(url):
    """Documents that unpack to gigabytes, nest without end or are none. Refused or read, soon, and the server goes on."""
    samples = root / "tests/data/data/readers"
    parts = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(20000))
    documents = {"bomb.zip": (samples / "bomb.zip").read_bytes(), "zeros.txt.gz": gzip.compress(bytes(200 << 20), 1), "deep.html": b"<div>" * 300000,
                 "deep.docx": zipped([("word/document.xml", b"<w:document>" + b"<w:p>" * 300000)]), "deep.eml": parts, "many.zip": zipped((f"{i}.txt", "a") for i in range(20000)),
                 "broken.pdf": (samples / "broken.pdf").read_bytes(), "noise.pdf": b"%PDF-1.7\n" + bytes(range(256)) * 8000, "../../../etc/passwd": b"a"}
    for name, content in documents.items():
        request = urllib.request.Request(url + "extract?name=" + urllib.parse.quote(name), content, {"Content-Type": "application/octet-stream"})
        begun = time.monotonic()
        try:
            status, text = 200, urllib.request.urlopen(request, timeout=60).read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        assert status in (200, 400) and time.monotonic() - begun < SECONDS_TO_REFUSE and "root:" not in text, (name, status, text[:200])
        assert urllib.request.urlopen(url + "livez", timeout=5).status == 200


def prompts_stay_out_of_logs():
    """Neither what people ask, nor answers, nor keys reach the log, the metrics, or the process list, whatever fails."""
    keys, log = folder / "security_keys", folder / "security.log"
    keys.write_text(MARK + "-key\n")
    model = serve_support.tiny_model(malmoi, folder)
    with log.open("w") as told:
        process = subprocess.Popen([malmoi, "serve", "--model", model, "--name", "tiny", "--port", "0", "--threads", "1", "--dtype", "f32", "--api-key-file", keys], stderr=told, stdout=told)
    try:
        for _ in range(600):
            if found := re.search(r"serving at (http://\S+/)", log.read_text()):
                break
            time.sleep(0.1)
        url, key = found[1], {"Authorization": f"Bearer {MARK}-key"}
        user = [{"role": "user", "content": MARK}]
        for path, body in (("/v1/completions", {"prompt": MARK, "max_tokens": 2}), ("/v1/completions", {"prompt": MARK, MARK: 1}), ("/v1/completions", {"prompt": MARK * 100}),
                           ("/v1/chat/completions", {"messages": user, "max_tokens": 2}), ("/v1/chat/completions", {"messages": user, "model": MARK}),
                           ("/v1/messages", {"messages": user, "max_tokens": 2}), ("/api/chat", {"messages": user, "options": {"num_predict": 2}}), ("/tokenize", {"content": MARK})):
            post(url, path, body, key)
        post(url, "/v1/completions", {"prompt": MARK}, {"Authorization": f"Bearer {MARK}-wrong"})
        raw(url, f"GET /{MARK}?key={MARK} HTTP/1.1\r\nHost: {MARK}\r\nX-{MARK}: {MARK}\r\nConnection: close\r\n\r\n")
        raw(url, f"{MARK}\r\n\r\n")
        metrics = urllib.request.urlopen(urllib.request.Request(url + "metrics", headers=key)).read().decode()
        assert MARK not in metrics, "a client's words became a metric"
        command = pathlib.Path(f"/proc/{process.pid}/cmdline")
        assert not command.exists() or MARK not in command.read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert MARK not in log.read_text(), log.read_text()


def the_document_names_tests_that_are_there():
    sources = "".join(file.read_text() for file in (root / "src").rglob("*_test.cc"))
    units = {f"{suite}.{name}" for suite, name in re.findall(r"^TEST(?:_F|_P)?\((\w+), (\w+)\)", sources, re.M)}
    scripts = "".join((root / "tests" / name).read_text() for name in ("security.py", "serve_rough.py"))
    known = units | set(re.findall(r"^def (\w+)\(", scripts, re.M))
    rows = [line.split("|") for line in (root / "docs/security.md").read_text().splitlines() if line.startswith("| ") and "`" in line]
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row[3])}
    assert len(named) > 20 and named <= known, named - known


the_document_names_tests_that_are_there()
the_page_writes_text_alone()
stored_settings_change_no_prototype()
with serve_support.server(malmoi, folder, "--name", "tiny") as url:
    paths_lead_nowhere(url)
    pages_of_other_sites(url)
    nothing_is_fetched(url)
    answers_are_no_pages(url)
    rules_that_cost_much_are_refused(url)
    documents_that_hurt(url)
with serve_support.server(malmoi, folder, "--name", "tiny", "--cors-origin", "*") as url:
    fields_cannot_be_injected(url)
prompts_stay_out_of_logs()
print("paths, fields, other sites, addresses, markup, costly rules, documents, logs: as docs/security.md says")

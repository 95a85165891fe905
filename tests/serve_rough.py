#!/usr/bin/env python3
"""Rough treatment of `malmoi serve` from outside: many requests at once, clients that go away, crawl or send rubbish, and a
SIGTERM in the middle of a stream. Usage: serve_rough.py MALMOI FOLDER"""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import serve_support

malmoi, folder = sys.argv[1:]


def address(url):
    host, port = re.fullmatch(r"http://([\d.]+):(\d+)/", url).groups()
    return host, int(port)


def post(url, body, timeout=60):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url + "v1/completions", data, {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=timeout))


def refusal(url, body, path="v1/completions"):
    """Status and error object of a request that must be refused."""
    request = urllib.request.Request(url + path, body if isinstance(body, bytes) else json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        told = json.load(error)["error"]
        assert set(told) == {"message", "type", "param", "code"} and "\n" not in told["message"], told
        return error.code, told
    raise AssertionError(f"not refused: {body!r:.100}")


def send_raw(url, data, wait=5):
    """Sends bytes as they are; gives what comes back until the other side is done."""
    with socket.create_connection(address(url), timeout=wait) as connection:
        connection.sendall(data)
        got = b""
        with contextlib.suppress(OSError):
            while piece := connection.recv(65536):
                got += piece
    return got


def completion(body, headers=""):
    text = json.dumps(body)
    return f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n{headers}\r\n{text}".encode()


def running(url):
    """Answers that are decoded or wait, as the server counts them."""
    text = urllib.request.urlopen(url + "metrics", timeout=10).read().decode()
    counts = [float(n) for n in re.findall(r"^malmoi_num_requests_(?:running|waiting)(?:{.*})? (\S+)$", text, re.M)]
    assert len(counts) == 2, text
    return sum(counts)


def many_at_once(url):
    body = lambda i: {"prompt": f"오늘 날씨가 {i % 5}", "max_tokens": 60, "seed": i % 5}
    alone = [post(url, body(i))["choices"][0]["text"] for i in range(5)]
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        together = list(pool.map(lambda i: post(url, body(i))["choices"][0]["text"], range(50)))
    assert together == [alone[i % 5] for i in range(50)], "an answer must not depend on what is served beside it"


def clients_that_go_away(url):
    for _ in range(30):
        connection = socket.create_connection(address(url))
        connection.sendall(completion({"prompt": "a", "max_tokens": 500, "ignore_eos": True, "stream": True}))
        connection.recv(100)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset, not a farewell
        connection.close()
    for _ in range(100):
        if running(url) == 0:
            return
        time.sleep(0.05)
    raise AssertionError(f"{running(url)} answers still run for clients that went away")


def rubbish(url):
    assert b" 400 " in send_raw(url, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20 + b"\r\n\r\n")
    assert b" 400 " in send_raw(url, b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n")
    assert b" 431 " in send_raw(url, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100000 + b"\r\n\r\n")
    assert b" 413 " in send_raw(url, b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n")
    for body in (b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 100000, b'{"prompt": 1e999}', b'{"prompt": "a", "max_tokens": -1}',
                 b'{"prompt": "a", "temperature": "hot"}', b'{"prompt": "a", "max_tokns": 3}', b'{"prompt": [1, 99999999]}', b'{"prompt": "a\\ud800"}',
                 b'{"prompt": "a", "n": 100000}', b'{"prompt": "a", "seed": 1e300}', b'{"prompt": ["a", 3]}'):
        status, told = refusal(url, body)
        assert status == 400, (body[:50], status, told)
    assert refusal(url, {"model": "gpt-9", "prompt": "a"}) [0] == 404
    status, told = refusal(url, {"prompt": "말" * 600})
    assert status == 400 and told["code"] == "context_length_exceeded" and told["param"] == "prompt", told
    assert refusal(url, {}, "v1/nothing")[0] == 404
    assert post(url, {"prompt": "a", "max_tokens": 3})["usage"]["completion_tokens"] == 3


def raw_answer(url, data, half_close=False):
    """All bytes that come back until the server closes."""
    with socket.create_connection(address(url), timeout=60) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        got = b""
        with contextlib.suppress(OSError):
            while piece := connection.recv(65536):
                got += piece
    return got


def what_two_readers_could_read_in_two_ways(url):
    head = b"POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    for fields, status in ((b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", 400), (b"Content-Length: 2\r\nContent-Length: 2\r\n", 400),
                           (b"Transfer-Encoding: xchunked\r\n", 501), (b"Transfer-Encoding: gzip\r\n", 501), (b"Host: localhost\r\n", 400),
                           (b"Content-Length : 2\r\n", 400), (b"Content-Length: 2\nX: y\r\n", 400)):
        got = raw_answer(url, head + fields + b"\r\n{}GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert got.startswith(b"HTTP/1.1 %d " % status), (fields, got[:100])
        assert got.count(b"HTTP/1.1 ") == 1, "what follows such a request is not another one"
    endless = head + b"Transfer-Encoding: chunked\r\n\r\n5;" + b"x" * (4 << 20)
    assert b" 400 " in raw_answer(url, endless)


def bodies_without_a_key(folder_of_keys):
    keys = pathlib.Path(folder_of_keys) / "rough_keys"
    keys.write_text("secret\n")
    with serve_support.server(malmoi, folder, "--api-key-file", keys) as url:
        for method in (b"GET", b"HEAD", b"OPTIONS", b"POST"):
            start = time.monotonic()
            raw_answer(url, method + b" /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000\r\n\r\n" + b"x" * 1000, half_close=True)
            assert time.monotonic() - start < 2, f"{method}: waits for a body that nobody wants"


def half_closed(url):
    for stream in (True, False):
        body = completion({"prompt": "The", "max_tokens": 400, "ignore_eos": True, "stream": stream})
        got = raw_answer(url, body, half_close=True)
        assert got.startswith(b"HTTP/1.1 200 ") and b'"finish_reason":"length"' in got, got[:200]


def early_bytes_hide_nobody(url):
    for early in (b"G", b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        connection = socket.create_connection(address(url))
        connection.sendall(completion({"prompt": "a", "max_tokens": 450, "ignore_eos": True, "n": 64}) + early)
        while running(url) == 0:
            time.sleep(0.01)
        connection.close()
        time.sleep(1.5)
        assert running(url) == 0, "answers go on for a client that left"


def huge_objects(url):
    body = b'{"prompt": "a", "logit_bias": {' + b",".join(b'"%d": 1' % i for i in range(50000)) + b"}}"
    start = time.monotonic()
    status, told = refusal(url, body)
    assert status == 400 and time.monotonic() - start < 1, (status, told, time.monotonic() - start)
    status, told = refusal(url, {"prompt": "a", "logit_bias": {"99999999": 1}})
    assert status == 400 and told["param"] == "logit_bias", told


def a_model_that_changes_under_the_server():
    """A file that is shortened ends its answers, not the process; it is said, and readiness ends."""
    for how in ("shortened", "rewritten"):
        model = pathlib.Path(folder) / "changing"
        shutil.copytree(serve_support.tiny_model(malmoi, folder), model, dirs_exist_ok=True)
        weights = model / "model.safetensors"
        process = subprocess.Popen([malmoi, "serve", "--model", model, "--port", "0", "--dtype", "f32", "--threads", "1"], stderr=subprocess.PIPE, text=True)
        url = next(found[1] for line in process.stderr if (found := re.search(r"serving at (http://\S+/)", line)))
        assert post(url, {"prompt": "a", "max_tokens": 2})
        if how == "shortened":
            os.truncate(weights, 1000)
        else:
            with open(weights, "r+b") as file:
                file.seek(-100, os.SEEK_END)
                file.write(b"\0" * 100)
        for _ in range(100):
            status = refusal(url, {"prompt": "a", "max_tokens": 2}) if not ready(url) else (200, {})
            if status[0] == 500:
                break
            time.sleep(0.05)
        assert status[0] == 500 and "model.safetensors" in str(status[1]), (how, status)
        assert process.poll() is None, how
        process.send_signal(signal.SIGTERM)
        said = process.stderr.read()
        assert process.wait(timeout=60) in (0, 1) and "model.safetensors" in said, (how, said)
        process.stderr.close()


def ready(url):
    try:
        return urllib.request.urlopen(url + "readyz", timeout=10).status == 200
    except urllib.error.HTTPError:
        return False


def stops_in_time_while_it_reads():
    """SIGTERM while large prompts are parsed, cut into tokens and read."""
    model = serve_support.tiny_model(malmoi, folder)
    process = subprocess.Popen([malmoi, "serve", "--model", model, "--port", "0", "--dtype", "f32", "--threads", "1", "--stop-seconds", "0.5"], stderr=subprocess.PIPE, text=True)
    url = next(found[1] for line in process.stderr if (found := re.search(r"serving at (http://\S+/)", line)))
    clients = []
    for _ in range(8):
        connection = socket.create_connection(address(url))
        connection.sendall(completion({"prompt": "말 " * 900000}))
        clients.append(connection)
    process.send_signal(signal.SIGTERM)
    start = time.monotonic()
    code = process.wait(timeout=60)
    assert code == 0 and time.monotonic() - start < 6, (code, time.monotonic() - start)
    process.stderr.close()
    for connection in clients:
        connection.close()


def slow_clients(url):
    """Bytes that come one by one hold nobody else up."""
    request = completion({"prompt": "a", "max_tokens": 2}, "Connection: close\r\n")
    with socket.create_connection(address(url), timeout=30) as slow:
        for i in range(0, len(request) - 20, 20):
            slow.sendall(request[i:i + 20])
            time.sleep(0.01)
            if i % 100 == 0:
                assert post(url, {"prompt": "a", "max_tokens": 1}, timeout=10)
        slow.sendall(request[i + 20:])
        got = b""
        while piece := slow.recv(65536):
            got += piece
    assert b" 200 " in got and b"text_completion" in got


def stops_gracefully(signals):
    """SIGTERM while a stream runs: it ends whole, new requests are refused, and the server ends with 0."""
    model = serve_support.tiny_model(malmoi, folder)
    process = subprocess.Popen([malmoi, "serve", "--model", model, "--port", "0", "--dtype", "f32", "--threads", "1"], stderr=subprocess.PIPE, text=True)
    url = next(found[1] for line in process.stderr if (found := re.search(r"serving at (http://\S+/)", line)))
    with socket.create_connection(address(url), timeout=60) as connection:
        connection.sendall(completion({"prompt": "The", "max_tokens": 450, "ignore_eos": True, "stream": True, "n": 8}, "Connection: close\r\n"))
        got = connection.recv(2000)
        for _ in range(signals):
            process.send_signal(signal.SIGTERM)
            time.sleep(0.02)
        with contextlib.suppress(OSError):
            while piece := connection.recv(65536):
                got += piece
    code = process.wait(timeout=60)
    process.stderr.close()
    if signals == 1:
        assert code == 0 and b"data: [DONE]" in got, (code, got[-200:])
        assert got.count(b'"finish_reason":"length"') == 8, got[-300:]
    else:
        assert code in (0, 143), code  # 0: it was done before the second one


def port_in_use():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        model = serve_support.tiny_model(malmoi, folder)
        result = subprocess.run([malmoi, "serve", "--model", model, "--port", str(taken.getsockname()[1])], capture_output=True, text=True, timeout=60)
        assert result.returncode == 1 and "in use" in result.stderr and "--port" in result.stderr and len(result.stderr.splitlines()) == 1, result


with serve_support.server(malmoi, folder) as url:
    many_at_once(url)
    clients_that_go_away(url)
    rubbish(url)
    slow_clients(url)
    what_two_readers_could_read_in_two_ways(url)
    half_closed(url)
    early_bytes_hide_nobody(url)
    huge_objects(url)
bodies_without_a_key(folder)
a_model_that_changes_under_the_server()
stops_in_time_while_it_reads()
stops_gracefully(1)
stops_gracefully(2)
port_in_use()
print("50 at once, clients that go away, rubbish, slow clients, ambiguous requests, half-closed clients, a model that changes, stops, a port in use")

#!/usr/bin/env python3
"""Several models in one `malmoi serve` from outside: a folder of them, loaded when asked for and given up for one another,
new versions by rename and by SIGHUP, broken ones. Usage: serve_models.py MALMOI FOLDER"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import serve_support

malmoi, folder = sys.argv[1:]
PROMPT, TOKENS = "오늘 ", 24


def with_layers_swapped(data):
    """The bytes of a safetensors file whose first two layers have changed places: another model of the same shape."""
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    for name in [name for name in header if ".layers.0." in name]:
        other = name.replace(".layers.0.", ".layers.1.")
        header[name]["data_offsets"], header[other]["data_offsets"] = header[other]["data_offsets"], header[name]["data_offsets"]
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data[8 + size :]


def replace(path, data):
    """As files under a server are replaced: by a rename."""
    new = path.with_name(".new-" + path.name)
    new.write_bytes(data)
    os.replace(new, path)


def get(url, path):
    return json.load(urllib.request.urlopen(url + path, timeout=60))


def post(url, path, body):
    request = urllib.request.Request(url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=60))


def ask(url, name):
    answer = post(url, "v1/completions", {"model": name, "prompt": PROMPT, "max_tokens": TOKENS, "temperature": 0, "ignore_eos": True})
    assert answer["model"] == name, answer
    return answer["choices"][0]["text"]


def refusal(url, name):
    try:
        return 200, ask(url, name)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["error"]["message"]


def states(url):
    return {model["name"]: model["state"] for model in get(url, "admin/models")["models"]}


def comes(what, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.05)
    return False


def written(model):
    command = [malmoi, "generate", "--model", model, "--prompt", PROMPT, "--max-tokens", str(TOKENS), "--temperature", "0", "--ignore-eos", "--dtype", "f32", "--threads", "1", "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["text"]


@contextlib.contextmanager
def server(*options, codes=(0,)):
    """Gives the process and its URL; what it said is in `process.said` afterwards."""
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen([malmoi, "serve", "--port", "0", "--dtype", "f32", "--threads", "1", *options], stderr=said, text=True)
        try:
            found = None
            while found is None and process.poll() is None:
                time.sleep(0.02)
                said.seek(0)
                found = re.search(r"serving at (http://\S+/)", said.read())
            assert found, "the server did not start"
            yield process, found[1]
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=60)
            said.seek(0)
            process.said = said.read()
            assert code in codes, (code, process.said)


def make_models(place):
    """Folders one and two, and three, whose weights are cut."""
    tiny = serve_support.tiny_model(malmoi, folder)
    weights = (tiny / "model.safetensors").read_bytes()
    for name, data in (("one", weights), ("two", with_layers_swapped(weights)), ("three", weights[: len(weights) // 2])):
        shutil.copytree(tiny, place / name)
        (place / name / "model.safetensors").write_bytes(data)
    return weights


def on_demand(place, want):
    with server("--model", f"one={place / 'one'}", "--model", f"two={place / 'two'}", "--model", f"three={place / 'three'}", "--max-loaded", "1") as (process, url):
        assert [model["id"] for model in get(url, "v1/models")["data"]] == ["one", "two", "three"]
        assert states(url) == {"one": "loaded", "two": "unloaded", "three": "unloaded"}, states(url)
        for name in ("one", "two", "one", "two"):
            assert ask(url, name) == want[name], name
        assert states(url) == {"one": "unloaded", "two": "loaded", "three": "unloaded"}, states(url)
        assert [model["name"] for model in get(url, "api/ps")["models"]] == ["two:latest"]
        code, message = refusal(url, "three")
        assert code == 500 and "'three' cannot be loaded" in message and str(place) not in message, (code, message)
        code, message = refusal(url, "three")
        assert code == 500 and "tried again in" in message, (code, message)
        assert ask(url, "one") == want["one"] and ask(url, "two") == want["two"]
        assert any("'three'" in problem for problem in get(url, "health")["problems"])
        assert states(url)["three"] == "failed"
    assert "the model 'three' cannot be loaded" in process.said and str(place) in process.said, process.said


def new_versions(place, want, weights):
    with server("--model", place / "two", "--models", place, "--load-all") as (process, url):
        assert [model["id"] for model in get(url, "v1/models")["data"]] == ["two", "one", "three"]
        assert comes(lambda: states(url)["two"] == "loaded"), states(url)
        assert ask(url, "two") == want["two"]
        replace(place / "two" / "model.safetensors", weights)
        assert comes(lambda: ask(url, "two") == want["one"]), "a new version was not loaded"
        replace(place / "two" / "model.safetensors", with_layers_swapped(weights))
        process.send_signal(signal.SIGHUP)
        assert comes(lambda: ask(url, "two") == want["two"]), "SIGHUP was not heard"
        config = (place / "two" / "config.json").read_bytes()
        replace(place / "two" / "config.json", b"{")
        assert comes(lambda: "problems" in get(url, "health") and any("'two'" in line for line in get(url, "health")["problems"])), get(url, "health")
        assert ask(url, "two") == want["two"], "the old version is served on"
        replace(place / "two" / "config.json", config)
        assert comes(lambda: not any("'two'" in line for line in get(url, "health").get("problems", [])))
        assert ask(url, "two") == want["two"]
        assert post(url, "admin/models/unload", {"model": "two"})["state"] == "unloaded"
        assert post(url, "admin/models/load", {"model": "two"})["state"] == "loaded"
    assert "the new version of the model 'two' is served" in process.said, process.said


def one_file_is_cut(place, want):
    """A file that is shortened while it is served refuses the requests for its model, and for no other, until a good one stands there."""
    cut = place / "two" / "model.safetensors"
    good = cut.read_bytes()
    with server("--model", place / "one", "--model", place / "two", "--load-all", codes=(0, 1)) as (process, url):
        assert ask(url, "one") == want["one"] and ask(url, "two") == want["two"]
        os.truncate(cut, 1000)
        assert comes(lambda: refusal(url, "two")[0] == 500), refusal(url, "two")
        for _ in range(5):
            code, message = refusal(url, "two")
            assert code == 500 and "the file was shortened" in message and str(place) not in message, (code, message)
            assert ask(url, "one") == want["one"]
        assert any("'two' is refused" in problem for problem in get(url, "readyz")["problems"]), get(url, "readyz")
        assert states(url) == {"one": "loaded", "two": "loaded"}, states(url)
        replace(cut, good)
        assert comes(lambda: refusal(url, "two") == (200, want["two"])), refusal(url, "two")
        assert ask(url, "one") == want["one"] and comes(lambda: "problems" not in get(url, "readyz"))
    assert "requests for the model of this file are refused" in process.said and str(cut) in process.said, process.said


def wrong_options(place):
    one, two = place / "one", place / "two"
    for options, says in (
        ([], "--model"),
        (["--model", f"one={two}", "--models", place], "two models are called 'one'"),
        (["--model", one, "--model", two, "--name", "x"], "NAME=PATH"),
        (["--model", one, "--pin", "two"], "there is no model 'two'"),
        (["--model", one, "--adapter", "one=x"], "two models are called 'one'"),
    ):
        ended = subprocess.run([malmoi, "serve", "--port", "0", *options], capture_output=True, text=True, timeout=60)
        assert ended.returncode == 2 and says in ended.stderr and ended.stderr.count("\n") <= 2, (options, ended)
    ended = subprocess.run([malmoi, "serve", "--port", "0", "--models", place / "one"], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1 and "holds no model" in ended.stderr, ended


with tempfile.TemporaryDirectory() as scratch:
    place = pathlib.Path(scratch).resolve() / "models"
    weights = make_models(place)
    want = {name: written(place / name) for name in ("one", "two")}
    assert want["one"] != want["two"], want
    on_demand(place, want)
    wrong_options(place)
    one_file_is_cut(place, want)
    new_versions(place, want, weights)
print("two models and a broken one: on demand, one for another, a file that is cut, new versions by rename and by SIGHUP, wrong options")

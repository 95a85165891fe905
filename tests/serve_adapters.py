#!/usr/bin/env python3
"""`malmoi serve --adapter` from outside: adapters are listed and chosen by name, answers asked for together are those that
`malmoi generate --adapter` writes, and wrong options and names are said. Usage: serve_adapters.py MALMOI FOLDER"""
import concurrent.futures
import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import serve_support

malmoi, folder = sys.argv[1:]
PROMPT, TOKENS = "오늘 ", 24


def write_adapter(path, modules, seed, rank=2):
    """An adapter of random numbers for modules {name: (out, in)}."""
    numbers, header, data = random.Random(seed), {}, b""
    for name, (out, width) in modules.items():
        for matrix, shape in (("lora_A", (rank, width)), ("lora_B", (out, rank))):
            values = struct.pack(f"<{shape[0] * shape[1]}f", *(numbers.gauss(0, 0.3) for _ in range(shape[0] * shape[1])))
            header[f"base_model.model.{name}.{matrix}.weight"] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
            data += values
    text = json.dumps(header).encode()
    path.mkdir()
    (path / "adapter_model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    (path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": rank, "lora_alpha": 4}))


def ask(url, name):
    body = {"model": name, "prompt": PROMPT, "max_tokens": TOKENS, "temperature": 0, "ignore_eos": True}
    request = urllib.request.Request(url + "v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    answer = json.load(urllib.request.urlopen(request, timeout=60))
    return answer["model"], answer["choices"][0]["text"]


def written(model, *options):
    command = [malmoi, "generate", "--model", model, "--prompt", PROMPT, "--max-tokens", str(TOKENS), "--temperature", "0", "--ignore-eos", "--dtype", "f32", "--threads", "1", "--json", *options]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["text"]


with tempfile.TemporaryDirectory() as scratch:
    scratch = pathlib.Path(scratch)
    model = serve_support.tiny_model(malmoi, folder)
    write_adapter(scratch / "a", {f"model.layers.{i}.self_attn.q_proj": (64, 64) for i in range(2)}, 1)
    write_adapter(scratch / "b", {"model.layers.1.mlp.down_proj": (64, 128)}, 2)
    write_adapter(scratch / "wrong", {"model.layers.7.mlp.down_proj": (64, 128)}, 3)
    want = {"tiny": written(model), "first": written(model, "--adapter", scratch / "a"), "second": written(model, "--adapter", scratch / "b")}
    assert len(set(want.values())) == 3, want
    with serve_support.server(malmoi, folder, "--adapter", f"first={scratch / 'a'}", "--adapter", f"second={scratch / 'b'}") as url:
        listed = json.load(urllib.request.urlopen(url + "v1/models"))["data"]
        assert [entry["id"] for entry in listed] == list(want), listed
        names = list(want) * 4
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            for name, answer in zip(names, pool.map(lambda name: ask(url, name), names)):
                assert answer == (name, want[name]), (name, answer, want[name])
        try:
            ask(url, "third")
            raise AssertionError("a name that no model has was taken")
        except urllib.error.HTTPError as error:
            assert error.code == 404 and "'tiny', 'first', 'second'" in error.read().decode()
    for option, code, says in (("nameless", 2, "NAME=DIR"), ("tiny=" + str(scratch / "a"), 2, "two models are called 'tiny'"), ("a=" + str(scratch / "none"), 1, "there is no adapter"), ("a=" + str(scratch / "wrong"), 1, "belongs to nothing")):
        ended = subprocess.run([malmoi, "serve", "--model", model, "--port", "0", "--adapter", option], capture_output=True, text=True, timeout=60)
        assert ended.returncode == code and says in ended.stderr and ended.stderr.count("\n") <= 2, (option, ended)
print("answers of 3 models over one, together as apart")

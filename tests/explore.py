#!/usr/bin/env python3
"""The server's look into models from outside: attention of a model that writes, and of encoders what `malmoi fill` and
`malmoi classify --explain` say of the same texts. Usage: explore.py MALMOI FOLDER"""
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import serve_support

malmoi, folder = sys.argv[1:]
TEXTS = {"good": ["a good film", "the play is fine", "what a fine day"], "bad": ["a bad film", "the play is dull", "what a dull day"]}


def train(scratch, name, objective, data):
    """A short run of an encoder of bytes: its model's folder."""
    tokenizer = serve_support.byte_tokenizer()
    tokenizer["added_tokens"].append({**tokenizer["added_tokens"][0], "id": 257, "content": "[MASK]"})
    (scratch / "tokenizer").mkdir(exist_ok=True)
    (scratch / "tokenizer" / "tokenizer.json").write_text(json.dumps(tokenizer))
    (scratch / f"{name}.yaml").write_text(json.dumps({
        "objective": {"name": objective}, "tokenizer": str(scratch / "tokenizer"), "data": data, "out": str(scratch / name),
        "model": {"architecture": "bert", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 64},
        "train": {"batch_size": 8, "steps": 60, "dtype": "f32", "optimizer": {"name": "adamw", "lr": 5e-3}}}))
    subprocess.run([malmoi, "train", scratch / f"{name}.yaml", "--threads", "1"], check=True, capture_output=True)
    return scratch / name / "model"


def ask(url, path, **body):
    request = urllib.request.Request(url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        return json.load(urllib.request.urlopen(request, timeout=60))
    except urllib.error.HTTPError as error:
        return json.load(error)


def said(*command, text=None):
    return json.loads(subprocess.run([malmoi, *command, "--threads", "1"], input=text, check=True, capture_output=True, text=True).stdout)


def near(one, other, tolerance=1e-4):
    return abs(one - other) <= tolerance


def classifier(scratch):
    rows = [{"text": text, "label": label} for label, texts in TEXTS.items() for text in texts] * 8
    (scratch / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = train(scratch, "labels", "classification", {"format": "table", "train": [str(scratch / "labels.jsonl")], "valid_fraction": 0.1})
    text = "the film is fine"
    want = said("classify", "--model", model, "--explain", text=text)
    with serve_support.serving(malmoi, model) as url:  # a classifier is read in f32 where nobody says another type
        told = ask(url, "explore/classify", text=text)
        assert told["chosen"] == want["label"], (told, want)
        assert all(near(label["probability"], want["scores"][label["name"]]) for label in told["labels"]), (told, want)
        assert [token["text"] for token in told["tokens"]] == list(text), told
        assert all(near(token["share"], share) for token, (_, share) in zip(told["tokens"], want["tokens"])), (told, want)
        assert near(told["logit_difference"], want["logit_difference"]), (told, want)
        looked = ask(url, "explore/attention", text=text)
        assert len(looked["weights"]) == len(text) and looked["weights"][0][-1] > 0, "an encoder looks both ways"
        assert ask(url, "explore/fill", text=text)["error"]["param"] == "model"
    with serve_support.serving(malmoi, model, "--dtype", "bf16") as url:
        told = ask(url, "explore/classify", text=text)
        assert told["labels"] and "tokens" not in told, told


def gaps(scratch):
    (scratch / "text.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in sum(TEXTS.values(), []) * 20))
    model = train(scratch, "gaps", "masked_lm", {"train": [str(scratch / "text.jsonl")], "valid_fraction": 0.1, "sequence_length": 16})
    text = "a goo[MASK] fi[MASK]m"
    want = said("fill", "--model", model, "--top", "20", "--json", text)
    with serve_support.serving(malmoi, model, "--dtype", "f32") as url:
        told = ask(url, "explore/fill", text=text)
        assert told["mask"] == "[MASK]" and told["text"] == want["text"], (told, want)
        for of_server, of_program in zip(told["gaps"], want["gaps"], strict=True):
            assert [word["id"] for word in of_server] == [word["token"] for word in of_program], (of_server, of_program)
            assert all(near(a["probability"], b["probability"]) for a, b in zip(of_server, of_program)), (of_server, of_program)
        assert ask(url, "explore/fill", text="no gap")["error"]["param"] == "text"
        assert ask(url, "explore/classify", text=text)["error"]["param"] == "model"


def attention():
    with serve_support.server(malmoi, folder) as url:
        told = ask(url, "explore/attention", text="날씨", layer=1, head=-1)
        assert told["layers"] == 2 and told["heads"] == 4 and told["attention_layers"] == [0, 1], told
        assert len(told["weights"]) == len(told["tokens"]), told
        assert bytes(byte for token in told["tokens"] for byte in token["bytes"]).decode() == "날씨", "parts of characters are told by their bytes"
        for i, row in enumerate(told["weights"]):
            assert near(sum(row), 1, 1e-3) and not any(row[i + 1:]), row
        heads = [ask(url, "explore/attention", text="날씨", layer=1, head=head)["weights"] for head in range(4)]
        assert near(sum(head[-1][0] for head in heads) / 4, told["weights"][-1][0], 1e-3), "the mean over the heads"
        for wrong, at_fault in ({"text": "a", "layer": 2}, "layer"), ({"text": "a", "head": 4}, "head"), ({"ids": [10 ** 6]}, "ids"), ({}, "text"), \
                ({"text": "a" * 513}, "text"), ({"text": "a", "kind": "cross"}, "kind"), ({"text": "a", "source": "b"}, "source"):
            assert ask(url, "explore/attention", **wrong)["error"]["param"] == at_fault, wrong


with tempfile.TemporaryDirectory() as scratch:
    classifier(pathlib.Path(scratch))
    gaps(pathlib.Path(scratch))
attention()
print("explore: attention, gaps, labels as the programs tell them")

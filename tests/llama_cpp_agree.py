#!/usr/bin/env python3
"""Holds GGUF files that the program writes to llama.cpp: each golden of tests/data/gguf becomes a folder and a file again, and
both continue a prompt greedily from that one file. So do they with an adapter that was trained here over the same file, exported for
llama.cpp; here it is merged.

usage: llama_cpp_agree.py MALMOI [NAME...]      exits 77 where there is no llama-completion: on PATH, or $LLAMA_COMPLETION
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

MALMOI = sys.argv[1]
COMPLETION = os.environ.get("LLAMA_COMPLETION") or shutil.which("llama-completion")
GOLDENS = pathlib.Path(__file__).parent / "data" / "gguf"
PROMPT = "the quick"
TOKENS = 12
LEAST_FAMILIES = 8
TRIES = 20  # llama-completion now and then ends before it has printed all; another word ends the tries at once
# Adapters: the golden below them, and the section `adapter` that trains one.
ADAPTERS = {
    "lora": ("llama-rope3", {"r": 4, "alpha": 12}),
    "lora-own-heads": ("llama-headdim", {"r": 4, "targets": ["q_proj", "k_proj", "down_proj"]}),
    "rslora": ("qwen2", {"r": 4, "alpha": 6, "rslora": True}),
    "pissa": ("qwen3", {"r": 4, "init": "pissa"}),
    "lora-transposed": ("gpt2", {"r": 4, "alpha": 8}),
}
LEARNED = "the quick brown fox jumps over the lazy dog and naps. "
# What llama.cpp does otherwise than the models' authors, or cannot open.
OTHERWISE = {
    "phi3-longrope": "chooses the factors by the context that it was given, not by the text",
    "exaone4-window": "takes heads of exaone4 to be the width divided by their number",
}


def malmoi(*args):
    done = subprocess.run([MALMOI, *map(str, args)], capture_output=True)
    if done.returncode:
        raise RuntimeError(f"malmoi {args[0]}: {done.stderr.decode().strip()}")
    return done.stdout.decode(errors="replace")


def byte_letters():
    """The letter that stands for each byte in vocabularies of GPT-2's kind."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte if byte in plain else 256 + others.index(byte)) for byte in range(256)]


def put_tokenizer(folder):
    """A token for each byte, as many as the model has words."""
    words = json.loads((folder / "config.json").read_text())["vocab_size"]
    vocabulary = {letter: i for i, letter in enumerate(byte_letters()[:words])}
    bytes_alone = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    for file in folder.glob("*token*"):
        file.unlink()
    (folder / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": bytes_alone, "decoder": bytes_alone,
        "post_processor": None, "model": {"type": "BPE", "vocab": vocabulary, "merges": []}}))


def written_again(golden, folder):
    """The golden as the program writes it."""
    malmoi("convert", golden / "model.gguf", folder / "model", "--dtype", "f32")
    put_tokenizer(folder / "model")
    malmoi("convert", folder / "model", folder / "model.gguf")
    return folder / "model.gguf"


def said_here(model):
    answer = malmoi("generate", "--model", model, "--prompt", PROMPT, "--max-tokens", TOKENS, "--temperature", 0,
                    "--dtype", "f32", "--json")
    return json.loads(answer)["text"].replace("\0", "").strip()  # llama.cpp prints no NUL


def said_there(file, more=()):
    done = subprocess.run([COMPLETION, "-m", file, "-p", PROMPT, "-n", str(TOKENS), "--temp", "0", "-no-cnv",
                           "--no-warmup", "--no-display-prompt", "-fa", "off", "-ctk", "f32", "-ctv", "f32",
                           "--ignore-eos", *map(str, more)], capture_output=True, stdin=subprocess.DEVNULL, timeout=120)
    if done.returncode:
        errors = [line for line in done.stderr.decode(errors="replace").splitlines() if "rror" in line]
        raise RuntimeError(f"llama.cpp: {errors[0] if errors else 'failed'}")
    return done.stdout.decode(errors="replace").strip()


def compare(golden):
    """What differs; nothing where both say the same."""
    with tempfile.TemporaryDirectory() as folder:
        file = written_again(golden, pathlib.Path(folder))
        return differs(said_here(file), file)


def differs(here, file, more=()):
    for _ in range(TRIES):
        there = said_there(file, more)
        if here == there:
            return ""
        if not here.startswith(there.rstrip("\ufffd").rstrip()):  # a character may be cut, too
            break
    return f"{here!r} here, {there!r} there"


def trained(base, adapter, folder):
    """The run of an adapter that learned to say the sentence."""
    (folder / "text.txt").write_text(LEARNED * 60)
    (folder / "run.yaml").write_text(json.dumps({
        "model": {"init_from": str(base)}, "adapter": {"type": "lora", **adapter},
        "data": {"train": [str(folder / "text.txt")], "sequence_length": 24},
        "train": {"batch_size": 8, "steps": 60, "dtype": "f32", "optimizer": {"lr": 2e-2}, "seed": 1}, "out": str(folder / "run")}))
    malmoi("train", folder / "run.yaml")
    return folder / "run"


def compare_adapter(name):
    golden, adapter = ADAPTERS[name]
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        file = written_again(GOLDENS / golden, folder)
        run = trained(folder / "model", adapter, folder)
        malmoi("adapter", "export", "--model", folder / "model", "--adapter", run, "--out", folder / "adapter.gguf")
        malmoi("adapter", "merge", "--model", folder / "model", "--adapter", run, "--out", folder / "merged", "--dtype", "f32")
        here = said_here(folder / "merged")
        if here == said_here(file):
            return f"{here!r} without the adapter, too"
        return differs(here, file, ["--lora", folder / "adapter.gguf"])


if not COMPLETION:
    print("not run: no llama-completion; set LLAMA_COMPLETION to llama.cpp's")
    sys.exit(77)
goldens = {golden.name: golden for golden in sorted(GOLDENS.iterdir())}
wanted = sys.argv[2:] or [*goldens, *ADAPTERS]
if unknown := [name for name in wanted if name not in goldens and name not in ADAPTERS]:
    sys.exit(f"no golden in {GOLDENS}: {' '.join(unknown)}")
failed, same = [], set()
for name in filter(ADAPTERS.get, wanted):
    try:
        problem = compare_adapter(name)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        problem = str(error)
    print(f"adapter {name}: {problem or 'the same'}")
    if problem:
        failed.append(name)
for golden in filter(None, map(goldens.get, wanted)):
    config = json.loads((golden / "fixture.json").read_text())
    if config["kind"] == "encoder":
        print(f"{golden.name}: not compared, an encoder says no words")
        continue
    if golden.name in OTHERWISE:
        print(f"{golden.name}: not compared, llama.cpp {OTHERWISE[golden.name]}")
        continue
    try:
        problem = compare(golden)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        problem = str(error)
    print(f"{golden.name}: {problem or 'the same'}")
    (failed.append if problem else same.add)(config["family"])
print(f"{len(same)} families say the same: {' '.join(sorted(same))}")
sys.exit(1 if failed or (len(sys.argv) == 2 and len(same) < LEAST_FAMILIES) else 0)

#!/usr/bin/env python3
"""Holds GGUF files that the program writes to llama.cpp: each golden of tests/data/gguf becomes a folder and a file again, and
both continue a prompt greedily from that one file.

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


def said_here(file):
    answer = malmoi("generate", "--model", file, "--prompt", PROMPT, "--max-tokens", TOKENS, "--temperature", 0,
                    "--dtype", "f32", "--json")
    return json.loads(answer)["text"].replace("\0", "").strip()  # llama.cpp prints no NUL


def said_there(file):
    done = subprocess.run([COMPLETION, "-m", file, "-p", PROMPT, "-n", str(TOKENS), "--temp", "0", "-no-cnv",
                           "--no-warmup", "--no-display-prompt", "-fa", "off", "-ctk", "f32", "-ctv", "f32",
                           "--ignore-eos"], capture_output=True, stdin=subprocess.DEVNULL, timeout=120)
    if done.returncode:
        errors = [line for line in done.stderr.decode(errors="replace").splitlines() if "rror" in line]
        raise RuntimeError(f"llama.cpp: {errors[0] if errors else 'failed'}")
    return done.stdout.decode(errors="replace").strip()


def compare(golden):
    """What differs; nothing where both say the same."""
    with tempfile.TemporaryDirectory() as folder:
        file = written_again(golden, pathlib.Path(folder))
        here = said_here(file)
        for _ in range(TRIES):
            there = said_there(file)
            if here == there:
                return ""
            if not here.startswith(there.rstrip("\ufffd").rstrip()):  # a character may be cut, too
                break
        return f"{here!r} here, {there!r} there"


if not COMPLETION:
    print("not run: no llama-completion; set LLAMA_COMPLETION to llama.cpp's")
    sys.exit(77)
goldens = {golden.name: golden for golden in sorted(GOLDENS.iterdir())}
wanted = sys.argv[2:] or list(goldens)
if unknown := [name for name in wanted if name not in goldens]:
    sys.exit(f"no golden in {GOLDENS}: {' '.join(unknown)}")
failed, same = [], set()
for golden in map(goldens.get, wanted):
    config = json.loads((golden / "fixture.json").read_text())
    if config["kind"] == "encoder":
        print(f"{golden.name}: not compared, an encoder says no words")
        continue
    if golden.name in OTHERWISE:
        print(f"{golden.name}: not compared, llama.cpp {OTHERWISE[golden.name]}")
        continue
    try:
        differs = compare(golden)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        differs = str(error)
    print(f"{golden.name}: {differs or 'the same'}")
    (failed.append if differs else same.add)(config["family"])
print(f"{len(same)} families say the same: {' '.join(sorted(same))}")
sys.exit(1 if failed or (len(sys.argv) == 2 and len(same) < LEAST_FAMILIES) else 0)

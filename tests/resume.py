#!/usr/bin/env python3
"""Kills training at random moments, also while a checkpoint is written, and resumes it: every line of metrics.jsonl must be
that of a run that was never killed, to the bit, each step once; with dropout and without, and of streams, whose states go on
from step to step. Signals that ask it to stop leave all.

usage: resume.py MALMOI [KILLS]
"""
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

MALMOI, KILLS = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
STEPS = 60
TEXT = "".join(f"말모이 {i} gathers words, {i * 7919 % 1000} 낱말을 모은다. The quick brown fox.\n" for i in range(3000))


def config(folder, out, dropout):
    return {
        "model": {"architecture": "gpt2", "n_embd": 64, "n_layer": 2, "n_head": 4, "resid_pdrop": dropout, "embd_pdrop": dropout,
                  "attn_pdrop": dropout},
        "tokenizer": {"type": "char"},
        "data": {"train": [str(folder / "text.txt")], "valid_fraction": 0.05, "sequence_length": 32},
        "train": {"batch_size": 4, "gradient_accumulation": 2, "steps": STEPS, "dtype": "bf16", "seed": 3, "eval_every": 20,
                  "save_every": 3, "keep": 2, "optimizer": {"name": "adamw", "lr": 1e-3}},
        "out": str(out),
    }


def streams(folder, out, dropout):
    settings = config(folder, out, dropout)
    settings["model"] = {"architecture": "lstm", "embed_size": 48, "hidden_size": 64, "num_layers": 2, "dropout": dropout}
    settings["data"]["order"] = "streams"
    return settings


def train(path, *more):
    return subprocess.Popen([MALMOI, "train", str(path), "--threads", "1", *more], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def lines(out):
    keep = ("step", "loss", "grad_norm", "lr", "tokens", "valid_loss")
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [{k: row[k] for k in keep if k in row} for row in rows]


def check(folder, dropout, settings=config):
    name = f"{settings.__name__}-{dropout}"
    whole, killed = folder / f"whole-{name}", folder / f"killed-{name}"
    for out in (whole, killed):
        (folder / f"{out.name}.yaml").write_text(json.dumps(settings(folder, out, dropout)))
    begin = time.monotonic()
    process = train(folder / f"{whole.name}.yaml")
    assert process.wait(300) == 0, process.stderr.read().decode()
    seconds = time.monotonic() - begin
    done = kills = 0
    for attempt in range(20 * KILLS):
        process = train(folder / f"{killed.name}.yaml", *(["--resume"] if attempt else []))
        if kills >= KILLS:
            assert process.wait(300) == 0, process.stderr.read().decode()
            break
        time.sleep(random.uniform(0.02, max(0.1, seconds * 0.5)))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
        done += 1
    expected, got = lines(whole), lines(killed)
    assert [row["step"] for row in got] == list(range(STEPS)), "each step stands once"
    for a, b in zip(expected, got, strict=True):
        assert a == b, f"{name}: {a} became {b}"
    for file in ("model/model.safetensors", "best/model.safetensors"):
        assert (whole / file).read_bytes() == (killed / file).read_bytes(), f"{name}: {file} differs"
    print(f"{name}: {kills} kills, {STEPS} steps the same to the bit")


def stop_by_signal(folder):
    """Ctrl-C and a batch system's TERM: exit code 130, a whole checkpoint and model, one line that says how to go on."""
    out = folder / "stopped"
    settings = config(folder, out, 0.0)
    settings["train"]["steps"] = 1000000
    (folder / "stopped.yaml").write_text(json.dumps(settings))
    for attempt, signal_sent in enumerate((signal.SIGINT, signal.SIGTERM)):
        process = train(folder / "stopped.yaml", *(["--resume"] if attempt else []))
        before = len(lines(out)) if attempt else 0
        while not (out / "metrics.jsonl").exists() or (out / "metrics.jsonl").read_bytes().count(b"\n") <= before + 5:
            assert process.poll() is None, process.stderr.read().decode()
            time.sleep(0.02)
        process.send_signal(signal_sent)
        error = process.stderr.read().decode().splitlines()[-1]
        assert process.wait(60) == 130, (process.returncode, error)
        assert "everything is saved" in error and "--resume" in error, error
        assert (out / "model" / "model.safetensors").exists()
        assert [row["step"] for row in lines(out)] == list(range(len(lines(out)))), "each step stands once"
    print("stopped by signals, and gone on with")


def two_at_once(folder):
    """A second run in a folder is refused while the first is at work, and its death lets the next one in."""
    out = folder / "twice"
    settings = config(folder, out, 0.0)
    settings["train"]["steps"] = 1000000
    (folder / "twice.yaml").write_text(json.dumps(settings))
    first = train(folder / "twice.yaml")
    while not (out / "metrics.jsonl").exists() or (out / "metrics.jsonl").read_bytes().count(b"\n") <= 5:
        assert first.poll() is None, first.stderr.read().decode()
        time.sleep(0.02)
    second = train(folder / "twice.yaml", "--resume")
    assert second.wait(60) == 2, second.returncode
    assert "another run is at work" in second.stderr.read().decode()
    first.send_signal(signal.SIGKILL)
    first.wait()
    third = train(folder / "twice.yaml", "--resume", "--set", "train.steps=20")
    assert third.wait(60) == 0, third.stderr.read().decode()
    print("one run at a time in a folder")


random.seed(os.getpid())
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    (folder / "text.txt").write_text(TEXT)
    for dropout in (0.0, 0.2):
        check(folder, dropout)
    check(folder, 0.2, streams)
    stop_by_signal(folder)
    two_at_once(folder)

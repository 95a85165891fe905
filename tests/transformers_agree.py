#!/usr/bin/env python3
"""Holds every family of the program to transformers, both ways: a random model of theirs opens here, and a model trained
here, from text or from arrays by each of its objectives, opens there; logits, and of decoders the ids and texts of the
tokenizer, are the same.

usage: transformers_agree.py MALMOI [FAMILY...]      exits 77 where transformers or torch cannot be imported
"""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer

    import reference_models as reference
    from reference_families import FAMILIES
except ImportError as error:
    print(f"not run: {error}; ./test.sh agree installs what this needs")
    sys.exit(77)

MALMOI = sys.argv[1]
SENTENCE = "오늘 날씨가 너무 좋아서 gathers words, don't 낱말 123!\n"
CLASSES = 3
SEED = 20261  # other weights and ids than the goldens have
LEAST_TOLERANCE = 2e-4  # as of the goldens; else thirty times what f32 costs the reference itself
# Of other families transformers takes its own class of tokenizer, whatever the files say.
OWN_TOKENIZER = ("llama", "gpt2")


def malmoi(*args, stdin=None):
    done = subprocess.run([MALMOI, *map(str, args)], input=stdin, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"malmoi {args[0]}: {done.stderr.decode().strip()}")
    return done.stdout


def score(model, inputs, folder):
    """Logits by the program."""
    flags = {"ids": "--ids", "mask": "--mask", "decoder_ids": "--decoder-ids"}
    command = ["score", "--model", model, "--logits", folder / "logits.npy"]
    for key, array in inputs.items():
        np.save(folder / f"{key}.npy", array)
        command += [flags[key], folder / f"{key}.npy"]
    malmoi(*command)
    return torch.from_numpy(np.load(folder / "logits.npy"))


def random_rows(objective, rows=8, length=24, vocabulary=150):
    """Arrays of an objective, all ids within the vocabulary, some rows padded on the right; -100 does not count."""
    rng = np.random.default_rng(SEED)
    lengths = rng.integers(length // 2, length + 1, rows)
    mask = (np.arange(length) < lengths[:, None]).astype(np.int32)
    arrays = {"ids": rng.integers(4, vocabulary, (rows, length)).astype(np.int32) * mask, "mask": mask}
    if objective == "masked_lm":
        arrays["labels"] = np.where(mask * (rng.random((rows, length)) < 0.3), arrays["ids"], -100).astype(np.int32)
    elif objective == "classification":
        arrays["labels"] = rng.integers(0, CLASSES, rows).astype(np.int32)
    else:
        arrays["labels"] = rng.integers(4, vocabulary, (rows, length // 2)).astype(np.int32)
    return arrays


def train_on_rows(entry, objective, folder):
    """A short run of ours on arrays: its model's folder."""
    rows = folder / f"{objective}_rows"
    rows.mkdir()
    for name, array in random_rows(objective, vocabulary=min(150, entry["config"]["vocab_size"])).items():
        np.save(rows / f"{name}.npy", array)
    classes = {"num_labels": CLASSES} if objective == "classification" else {}
    (folder / "run.yaml").write_text(json.dumps({
        "objective": {"name": objective}, "model": {"architecture": entry["family"], **entry["config"], **classes},
        "data": {"format": "arrays", "train": [str(rows)]},
        "train": {"batch_size": 4, "steps": 10, "dtype": "f32"}, "out": str(folder / objective)}))
    malmoi("train", folder / "run.yaml")
    return folder / objective / "model"


def rows_trained_open_there(name, entry, objective, folder):
    kind = "classifier" if objective == "classification" else entry["kind"]
    model = train_on_rows(entry, objective, folder)
    theirs = reference.load(model)
    inputs = reference.make_inputs(entry, theirs, SEED)
    want = reference.outputs(theirs, kind, inputs)["logits"]
    gap = largest_gap(score(model, inputs, folder), want, inputs, kind)
    assert gap < LEAST_TOLERANCE, f"logits of our model of {objective} differ by {gap:.2g}"
    print(f"{name}: ours by {objective} there: logits within {gap:.1e}", flush=True)


def largest_gap(got, want, inputs, kind):
    """Where there is no padding."""
    assert got.shape == want.shape, f"logits of shape {tuple(got.shape)}, not {tuple(want.shape)}"
    counted = reference.tensor(inputs["mask"]).bool() if kind == "mlm" else slice(None)
    return reference.distance(got[counted], want[counted])


def theirs_opens_here(name, entry, folder):
    kind = entry.get("kind", "decoder")
    model = reference.build(entry, SEED)
    inputs = reference.make_inputs(entry, model, SEED)
    want = reference.outputs(model, kind, inputs)["logits"]
    exact = reference.outputs(copy.deepcopy(model).double(), kind, inputs)["logits"]
    allowed = max(LEAST_TOLERANCE, 30 * reference.distance(want, exact))
    reference.save(model, entry, folder / "theirs")
    gap = largest_gap(score(folder / "theirs", inputs, folder), want, inputs, kind)
    assert gap < allowed, f"logits of their model differ by {gap:.2g}; {allowed:.2g} is allowed"
    print(f"{name}: theirs here: logits within {gap:.1e}", flush=True)


def train(entry, folder, shared):
    """A short run of ours: its model's folder."""
    (folder / "run.yaml").write_text(json.dumps({
        "model": {"architecture": entry["family"], **entry["train"]}, "tokenizer": str(shared / "tokenizer"),
        "data": {"train": [str(shared / "text.txt")], "sequence_length": 48},
        "train": {"batch_size": 4, "steps": 20, "dtype": "f32"}, "out": str(folder / "run")}))
    malmoi("train", folder / "run.yaml")
    return folder / "run" / "model"


def ours_opens_there(name, entry, family, folder, shared):
    model = train(entry, folder, shared)
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    ids = tokenizer.encode(SENTENCE, add_special_tokens=False).ids
    if family in OWN_TOKENIZER:
        assert AutoTokenizer.from_pretrained(model).encode(SENTENCE, add_special_tokens=False) == ids, "ids of AutoTokenizer"
    line = (json.dumps(SENTENCE) + "\n").encode()
    mine = json.loads(malmoi("tokenizer", "encode", "--tokenizer", model, "--jsonl", stdin=line))
    assert mine == ids, f"ids {mine} and {ids}"
    assert tokenizer.decode(ids) == SENTENCE, f"text {tokenizer.decode(ids)!r}"
    inputs = {"ids": np.array([ids[:40]], np.int32)}
    want = reference.outputs(reference.load(model), "decoder", inputs)["logits"]
    gap = reference.distance(score(model, inputs, folder), want)
    assert gap < LEAST_TOLERANCE, f"logits of our model differ by {gap:.2g}"
    print(f"{name}: ours there: {len(ids)} ids the same, logits within {gap:.1e}", flush=True)


def main():
    families = sys.argv[2:] or reference.program_families()
    failed = reference.complain_of_missing()
    with tempfile.TemporaryDirectory() as temporary:
        shared = pathlib.Path(temporary)
        text = "".join(f"말모이 {i} gathers words, {i * 7919 % 1000} 낱말을 모은다. Don't stop.\n" for i in range(2000))
        (shared / "text.txt").write_text(text)
        malmoi("tokenizer", "train", "--in", shared / "text.txt", "--type", "bpe", "--vocab-size", "400", "--out", shared / "tokenizer")
        for name, entry in FAMILIES.items():
            family = reference.family_of(entry)
            if family not in families:
                continue
            folder = shared / name
            folder.mkdir()
            ways = [lambda: theirs_opens_here(name, entry, folder)]
            ways += [lambda objective=objective: rows_trained_open_there(name, entry, objective, folder)
                     for objective in entry.get("objectives", ())]
            if "train" in entry:
                ways.append(lambda: ours_opens_there(name, entry, family, folder, shared))
            for way in ways:
                try:
                    way()
                except (AssertionError, RuntimeError) as problem:
                    failed = True
                    print(f"{name}: FAILED: {problem}", flush=True)
    return failed


sys.exit(main())

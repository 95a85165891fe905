#!/usr/bin/env python3
"""Makes the goldens of tests/data/models with the reference library, or checks that they are what it makes.

usage: make_goldens.py [NAME...] [--check]      all of them where none is named

A golden: a folder with a tiny model, `ids.npy` (and `mask.npy`, `decoder_ids.npy`), what the reference computes in f32
(`logits.npy`, `hidden.npy`, `encoder_hidden.npy`, `greedy.npy`), and `fixture.json` with seeds and tolerance. Everything
follows from the name and the entry in reference_families.py. tests/requirements-agree.txt names the versions.
"""
import argparse
import copy
import json
import math
import pathlib
import shutil
import sys
import tempfile

import numpy as np
import torch
import transformers
from safetensors.torch import load_file

import reference_models as reference
from reference_families import FAMILIES

GOLDENS = reference.ROOT / "tests" / "data" / "models"
ATTEMPTS = 60          # ids tried, until the greedy path is sturdy
LEAST_TOLERANCE = 2e-4
SAME_LOGITS = 1e-4     # between machines, which add up in other orders


def round_up(x):
    """To one digit."""
    power = 10.0 ** math.floor(math.log10(x))
    return float(f"{math.ceil(x / power - 1e-9) * power:.0e}")


def counted(outputs, kind, inputs):
    """Logits where there is no padding."""
    each = kind in reference.EACH_TOKEN
    return outputs["logits"][reference.tensor(inputs["mask"]).bool()] if each else outputs["logits"]


def find_inputs(name, entry, model, double, seed):
    """Inputs whose greedy path no rounding can turn: {inputs, outputs, and what fixture.json says of them}."""
    kind = entry.get("kind", "decoder")
    for attempt in range(ATTEMPTS):
        inputs = reference.make_inputs(entry, model, seed * 1000 + attempt)
        got, exact = reference.outputs(model, kind, inputs), reference.outputs(double, kind, inputs)
        error = max(reference.distance(got[key], exact[key]) for key in got)
        tolerance = round_up(max(LEAST_TOLERANCE, 30 * error))
        said = {"ids_seed": seed * 1000 + attempt, "tolerance": tolerance, "f32_against_f64": float(f"{error:.2e}"),
                "logits_std": round(float(counted(got, kind, inputs).std()), 3)}
        if kind not in reference.STEPS:
            return inputs, got, said
        cached = not entry.get("uncached", False)
        ids, gap = reference.greedy(model, kind, inputs, cached)
        new = ids[:, -reference.STEPS[kind]:]
        said["greedy_smallest_gap"] = round(gap, 4)
        least_distinct = 3 if kind == "encdec" else 4
        if gap > max(10 * tolerance, 0.01) and min(len(set(row)) for row in new.tolist()) >= least_distinct:
            again, _ = reference.greedy(model, kind, inputs, cached=False)
            assert (again == ids).all(), f"{name}: decoding with and without a cache differ"
            return {**inputs, "greedy": ids}, got, said
    sys.exit(f"{name}: no ids with a sturdy greedy path in {ATTEMPTS} attempts; change the sizes or `scale`")


def check_every_tensor_matters(name, entry, model, inputs, logits, tolerance):
    """Complains of weights that could be ignored unseen; gives the tolerance that rounding of weights asks for."""
    kind = entry.get("kind", "decoder")
    generator = torch.Generator().manual_seed(987654321)
    for part, parameter in model.named_parameters():
        kept = parameter.data.clone()
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.data = kept + 0.1 * kept.std(correction=0).clamp(min=0.1) * noise
        moved = reference.distance(logits, counted(reference.outputs(model, kind, inputs), kind, inputs))
        parameter.data = kept
        if moved < 5 * tolerance and not any(known in part for known in entry.get("invariant", ())):
            print(f"  {name}: {part} hardly matters ({moved:.2g})")
    for _ in range(3):
        noisy = copy.deepcopy(model)
        for parameter in noisy.parameters():
            parameter.data *= 1 + 1e-6 * torch.randn(parameter.shape, generator=generator)
        moved = reference.distance(logits, counted(reference.outputs(noisy, kind, inputs), kind, inputs))
        tolerance = max(tolerance, round_up(1.5 * moved))
    return tolerance


def make(name, folder):
    entry, seed = FAMILIES[name], sum(map(ord, name)) * 7 + len(name)
    kind = entry.get("kind", "decoder")
    model = reference.build(entry, seed)
    inputs, got, said = find_inputs(name, entry, model, copy.deepcopy(model).double(), seed)
    logits = counted(got, kind, inputs)
    changes = {}
    for change in entry.get("ablate", ()):
        other = reference.outputs(reference.changed(model, change), kind, inputs)
        changes[json.dumps(change)] = round(reference.distance(logits, counted(other, kind, inputs)), 4)
        if changes[json.dumps(change)] < 20 * said["tolerance"]:
            print(f"  {name}: {change} changes the logits by only {changes[json.dumps(change)]:.2g}")
    said["tolerance"] = check_every_tensor_matters(name, entry, model, inputs, logits, said["tolerance"])
    folder.mkdir(parents=True)
    reference.save(model, entry, folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    for key, array in inputs.items():
        np.save(folder / f"{key}.npy", array)
    for key, array in got.items():
        file = "cls_logits" if kind == "classifier" and key == "logits" else key
        np.save(folder / f"{file}.npy", array.numpy().astype(np.float32))
    (folder / "fixture.json").write_text(json.dumps({
        "name": name, "family": entry["family"], "architecture": entry["class"], "kind": kind,
        "transformers": transformers.__version__, "seed": seed, "exercises": entry["exercises"],
        "weights_dtype": entry.get("dtype", "float32"), "config_style": "v4" if "v4" in entry else "v5", **said,
        "change_if_ignored": changes}, indent=2, ensure_ascii=False) + "\n")
    print(f"{name}: tolerance {said['tolerance']:g}, f32 against f64 {said['f32_against_f64']:g}", flush=True)


def differences(made, kept):
    """What of a golden is not what was made just now."""
    problems = []
    names = {path.name for path in made.iterdir()} ^ {path.name for path in kept.iterdir()} - {"generation_config.json"}
    if names:
        return [f"files: {', '.join(sorted(names))}"]
    for path in sorted(made.iterdir()):
        other = kept / path.name
        if path.suffix == ".npy":
            a, b = np.load(path), np.load(other)
            apart = np.abs(a - b).max() if a.shape == b.shape else math.inf
            if apart > (SAME_LOGITS if a.dtype == np.float32 else 0):
                problems.append(f"{path.name} differs by {apart:.2g}")
        elif path.suffix == ".safetensors":
            a, b = load_file(str(path)), load_file(str(other))
            if a.keys() != b.keys() or any(not torch.equal(a[key], b[key]) for key in a):
                problems.append(f"{path.name} differs")
        elif path.name == "config.json" and json.loads(path.read_text()) != json.loads(other.read_text()):
            problems.append("config.json differs")
        elif path.name == "fixture.json":
            a, b = (json.loads(p.read_text()) for p in (path, other))
            problems += [f"fixture.json: {key} {a.get(key)} and {b.get(key)}"
                         for key in ("seed", "ids_seed", "tolerance", "kind", "family") if a.get(key) != b.get(key)]
    return problems


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("names", nargs="*", metavar="NAME")
    options.add_argument("--check", action="store_true", help="make them elsewhere and compare; the goldens are not touched")
    arguments = options.parse_args()
    unknown = [name for name in arguments.names if name not in FAMILIES]
    if unknown:
        options.error(f"no entry in reference_families.py: {', '.join(unknown)}")
    kept = sorted(path.name for path in GOLDENS.iterdir() if path.is_dir())
    ours = [name for name, entry in FAMILIES.items() if reference.family_of(entry) in reference.program_families()]
    failed = reference.complain_of_missing()
    if arguments.check:
        names = arguments.names or sorted({*kept, *ours})
        with tempfile.TemporaryDirectory() as folder:
            for name in names:
                if name not in FAMILIES:
                    problems = ["no entry in reference_families.py"]
                elif name not in kept:
                    problems = [f"no golden: make_goldens.py {name}"]
                else:
                    make(name, pathlib.Path(folder) / name)
                    problems = differences(pathlib.Path(folder) / name, GOLDENS / name)
                failed = failed or bool(problems)
                for problem in problems:
                    print(f"{name}: {problem}")
        return failed
    for name in arguments.names or ours:
        shutil.rmtree(GOLDENS / name, ignore_errors=True)
        make(name, GOLDENS / name)
    return failed


if __name__ == "__main__":
    sys.exit(main())

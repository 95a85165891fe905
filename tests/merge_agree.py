#!/usr/bin/env python3
"""Holds `malmoi merge` to mergekit: the same recipe over the same small models gives the same weights. Methods that draw at random
are compared where they drop nothing, and otherwise by what their rule leaves alone.

usage: merge_agree.py MALMOI [RECIPE...]      exits 77 where mergekit, torch or safetensors cannot be imported
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import yaml
    from mergekit.config import MergeConfiguration
    from mergekit.merge import run_merge
    from mergekit.options import MergeOptions
    from safetensors.numpy import load_file, save_file
except ImportError as error:
    print(f"not run: {error}; pip install mergekit into a virtual environment brings what this needs")
    sys.exit(77)

MALMOI = sys.argv[1]
FIXTURE = pathlib.Path(__file__).parent / "data" / "models" / "mistral"
TOLERANCE = 1e-6
SEED = 7


def model_at(folder, rng, base=None, layers=None):
    """A folder of the fixture's sizes; with a base, one that was made from it."""
    folder.mkdir()
    config = json.loads((FIXTURE / "config.json").read_text())
    config["torch_dtype"] = "float32"
    weights = {name: np.asarray(value, dtype=np.float32) for name, value in load_file(FIXTURE / "model.safetensors").items()}
    if base is None:
        weights = {name: (value + 0.02 * rng.standard_normal(value.shape)).astype(np.float32) for name, value in weights.items()}
    else:
        weights = {name: (value + 0.05 * rng.standard_normal(value.shape)).astype(np.float32) for name, value in base.items()}
    (folder / "config.json").write_text(json.dumps(config))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return weights


def recipes(names):
    base, one, two = names
    pair = [{"model": one, "parameters": {"weight": 0.7, "density": 0.6}}, {"model": two, "parameters": {"weight": 0.4, "density": 0.3}}]
    plain = [{"model": one, "parameters": {"weight": 0.7}}, {"model": two, "parameters": {"weight": 0.4}}]
    by_name = [{"filter": "mlp", "value": [0, 0.5, 1]}, {"filter": "self_attn", "value": [1, 0]}, {"value": 0.5}]
    yield "linear", {"merge_method": "linear", "models": plain}
    yield "linear sums", {"merge_method": "linear", "models": plain, "parameters": {"normalize": False}}
    yield "linear gradient", {"merge_method": "linear", "models": [{"model": one, "parameters": {"weight": [0.1, 0.9]}},
                                                                    {"model": two, "parameters": {"weight": [1, 0.25, 0.5]}}]}
    for t in (0.3, by_name):
        yield f"slerp {'by name' if t is by_name else t}", {"merge_method": "slerp", "base_model": one, "models": [{"model": one}, {"model": two}],
                                                            "parameters": {"t": t}}
    for method in ("task_arithmetic", "ties", "breadcrumbs", "breadcrumbs_ties"):
        models = plain if method == "task_arithmetic" else pair
        yield method, {"merge_method": method, "base_model": base, "models": models}
        yield f"{method} scaled", {"merge_method": method, "base_model": base, "models": models,
                                   "parameters": {"lambda": 0.6, "normalize": method != "ties"}}
    yield "breadcrumbs gamma", {"merge_method": "breadcrumbs", "base_model": base, "models": pair, "parameters": {"gamma": 0.1}}
    for method in ("dare_linear", "dare_ties", "della", "della_linear"):
        yield f"{method} whole", {"merge_method": method, "base_model": base, "models": plain}
    yield "model stock", {"merge_method": "model_stock", "base_model": base, "models": [{"model": one}, {"model": two}]}
    yield "model stock rows", {"merge_method": "model_stock", "base_model": base, "models": [{"model": one}, {"model": two}],
                               "parameters": {"filter_wise": True}}
    yield "passthrough", {"merge_method": "passthrough", "slices": [
        {"sources": [{"model": one, "layer_range": [0, 2]}]},
        {"sources": [{"model": two, "layer_range": [0, 2], "parameters": {"scale": [{"filter": "o_proj", "value": 0.0}, {"value": 1.0}]}}]}]}
    yield "slices", {"merge_method": "linear", "slices": [
        {"sources": [{"model": one, "layer_range": [0, 1], "parameters": {"weight": 1}}, {"model": two, "layer_range": [1, 2], "parameters": {"weight": 0.5}}]},
        {"sources": [{"model": two, "layer_range": [0, 2], "parameters": {"weight": [0.2, 1]}}, {"model": one, "layer_range": [0, 2], "parameters": {"weight": 1}}]}]}


def theirs(recipe, out):
    run_merge(MergeConfiguration.model_validate(recipe), str(out), MergeOptions(copy_tokenizer=False, write_model_card=False, quiet=True, random_seed=SEED))
    weights = {}
    for file in sorted(out.glob("*.safetensors")):
        weights.update(load_file(file))
    return weights


def ours(recipe, out):
    file = out.parent / (out.name + ".yaml")
    file.write_text(yaml.safe_dump(recipe))
    done = subprocess.run([MALMOI, "merge", file, out, "--seed", str(SEED)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return load_file(out / "model.safetensors")


def worst(first, second):
    if set(first) != set(second):
        return f"other tensors: {sorted(set(first) ^ set(second))[:4]}"
    differences = {name: float(np.max(np.abs(first[name] - second[name]), initial=0)) for name in first}
    name = max(differences, key=differences.get)
    return f"{name} differs by {differences[name]:.3g}" if not differences[name] <= TOLERANCE else ""


def check_dare(folder, names, base, one):
    """What is drawn otherwise must be so by the rule: of each tensor about `density` of the differences, with the L1 norm of all."""
    recipe = {"merge_method": "dare_linear", "base_model": names[0], "models": [{"model": names[1], "parameters": {"weight": 1, "density": 0.5}}]}
    merged = ours(recipe, folder / "dare")
    for name, value in merged.items():
        left, whole = value - base[name], one[name] - base[name]
        kept = np.abs(left) > 1e-7
        if abs(kept.mean() - 0.5) > 4 * 0.5 / np.sqrt(kept.size) + 1e-3 or abs(np.abs(left).sum() / np.abs(whole).sum() - 1) > 1e-3:
            return f"{name}: {kept.mean():.3f} kept, norm {np.abs(left).sum():.4g} of {np.abs(whole).sum():.4g}"
        if kept.any() and np.ptp(left[kept] / whole[kept]) > 1e-2:
            return f"{name}: not one factor for all that stay"
    return ""


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        rng = np.random.default_rng(SEED)
        names = [str(folder / name) for name in ("base", "one", "two")]
        base = model_at(folder / "base", rng)
        one = model_at(folder / "one", rng, base)
        model_at(folder / "two", rng, base)
        count = 0
        for name, recipe in recipes(names):
            if sys.argv[2:] and name not in sys.argv[2:]:
                continue
            recipe["dtype"] = "float32"
            for side in ("theirs", "ours"):
                shutil.rmtree(folder / side, ignore_errors=True)
            try:
                problem = worst(theirs(dict(recipe), folder / "theirs"), ours(recipe, folder / "ours"))
            except Exception as error:  # of either side
                problem = f"{type(error).__name__}: {error}"
            count += 1
            failed += bool(problem)
            print(f"{name}: {problem or 'the same'}", flush=True)
        problem = check_dare(folder, names, base, one)
        failed += bool(problem)
        print(f"dare by its rule: {problem or 'as it says'}")
    print(f"{count} recipes, {failed} not the same")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()

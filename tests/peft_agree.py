#!/usr/bin/env python3
"""Holds adapters to peft, both ways: what is trained here, of each kind and around a packed base too, opens there; what peft writes
opens here, goes on to be trained and opens there again. Logits are the same, and so are the weights that both merge.

usage: peft_agree.py MALMOI [NAME...]      exits 77 where peft, transformers or torch cannot be imported
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import warnings

try:
    import numpy as np
    import peft
    import torch
    import transformers
    from peft.utils import get_peft_model_state_dict
    from safetensors.torch import load_file

    import make_adapter_goldens as goldens
except ImportError as error:
    print(f"not run: {error}; ./test.sh agree installs what this needs")
    sys.exit(77)

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
warnings.filterwarnings("ignore")  # of bases by another name than the hub's, and of ties
MALMOI = sys.argv[1]
LOGITS = goldens.TOLERANCE  # of logits of size 1
WEIGHTS = 2e-6              # of merged weights of size 1, in f32
SEED = 20262                # other weights than the goldens have
STEPS = 6
LAYER = r".*layers\.1\..*(q|down)_proj"

# What is trained here: the model and the section `adapter`; `quantize` of a base that is packed.
TRAINED = {
    "lora": dict(model="llama-gqa-rope3", adapter={"r": 4, "alpha": 8}),
    "lora-names": dict(model="qwen2", adapter={"r": 4, "alpha": 6, "targets": ["q_proj", "o_proj", "up_proj"], "lora_plus": 4}),
    "lora-pattern": dict(model="qwen3", adapter={"r": 3, "targets": LAYER}),
    "lora-transposed": dict(model="gpt2", adapter={"r": 4, "alpha": 8}),
    "lora-head": dict(model="qwen2", adapter={"r": 4, "targets": ["lm_head", "v_proj"]}),
    "lora-table": dict(model="qwen2", adapter={"r": 4, "targets": ["embed_tokens", "v_proj"]}),
    "tied-table": dict(model="llama-gqa-rope3", adapter={"r": 4, "alpha": 2, "targets": ["embed_tokens", "v_proj"]}),
    "tied-transposed": dict(model="gpt2", adapter={"r": 4, "alpha": 2, "targets": ["lm_head", "c_attn"]}),
    "tied-whole": dict(model="llama-gqa-rope3", adapter={"r": 4, "targets": ["v_proj"], "save_whole": ["lm_head"]}),
    "whole": dict(model="qwen2", adapter={"r": 4, "targets": ["v_proj"], "save_whole": ["embed_tokens", "lm_head"]}),
    "rslora": dict(model="llama-gqa-rope3", adapter={"r": 4, "alpha": 3, "rslora": True}),
    "dora": dict(model="llama-gqa-rope3", adapter={"r": 4, "alpha": 8, "dora": True}),
    "dora-transposed": dict(model="gpt2", adapter={"r": 4, "dora": True, "rslora": True}),
    "pissa": dict(model="llama-gqa-rope3", adapter={"r": 4, "alpha": 8, "init": "pissa"}),
    "pissa-rslora": dict(model="qwen2", adapter={"r": 4, "init": "pissa", "rslora": True}),
    "qlora-q8_0": dict(model="llama-gqa-rope3", adapter={"r": 4, "alpha": 8}, quantize="q8_0"),
    "qlora-q4_0": dict(model="llama-gqa-rope3", adapter={"r": 4, "alpha": 8, "dora": True}, quantize="q4_0"),
}
# Of what peft writes, what goes on here.
CONTINUED = ("llama-patterns", "llama-dora", "gpt2")


def malmoi(*args):
    done = subprocess.run([MALMOI, *map(str, args)], capture_output=True)
    if done.returncode:
        raise RuntimeError(f"malmoi {args[0]}: {done.stderr.decode().strip()}")


def score(model, inputs, scratch, adapter=None):
    """Logits by the program."""
    command = ["score", "--model", model, "--logits", scratch / "logits.npy", "--dtype", "f32"]
    if adapter:
        command += ["--adapter", adapter]
    for name, values in inputs.items():
        np.save(scratch / f"{name}.npy", values)
        command += [f"--{name.replace('_', '-')}", scratch / f"{name}.npy"]
    malmoi(*command)
    return np.load(scratch / "logits.npy")


def base_there(folder):
    architecture = json.loads((folder / "config.json").read_text())["architectures"][0]
    return getattr(transformers, architecture).from_pretrained(folder, dtype=torch.float32).eval()


def resized(model, adapter_tensors):
    """The model with as many tokens as the adapter's whole table has, which peft leaves to its caller."""
    table = model.get_input_embeddings().weight
    whole = [values for name, values in adapter_tensors.items() if "embed_tokens" in name and values.shape[1:] == table.shape[1:]]
    if whole and len(whole[0]) > len(table):
        model.resize_token_embeddings(len(whole[0]), mean_resizing=False)
    return model


def opened_there(base, adapter):
    """The adapter around the base, in peft: every tensor of the file is there, and no other."""
    tensors = load_file(adapter / "adapter_model.safetensors")
    model = peft.PeftModel.from_pretrained(resized(base_there(base), tensors), adapter).eval()
    held = get_peft_model_state_dict(model, save_embedding_layers=False)
    beside = (".base_layer.", ".modules_to_save.", ".original_module.")  # what peft writes twice of a resized table
    file = {name: values for name, values in tensors.items() if not any(part in name for part in beside)}
    assert set(file) == set(held), f"other tensors: {sorted(set(file) ^ set(held))[:4]}"
    for name, values in file.items():
        assert torch.equal(values, held[name].to(values.dtype)), f"{name} is not the file's"
    return model


def farthest(got, want):
    assert got.shape == want.shape, f"shape {got.shape}, not {want.shape}"
    gap = float(np.abs(got.astype(np.float64) - want).max())
    return gap if np.isfinite(gap) else float("inf")


def same(what, got, want, allowed):
    gap = farthest(got, want)
    assert gap <= allowed, f"{what} differ by {gap:.2g}; {allowed:.2g} is allowed"
    return f"{what} within {gap:.1e}"


def train(folder, model, more, vocabulary):
    """A few steps of ours on random ids, at a rate that changes much: the run's folder."""
    rng = random.Random(SEED)
    length, rows = 16, 4
    ids = [rng.randrange(vocabulary) for _ in range(rows * (length + 1) * (STEPS + 1))]
    (folder / "ids.bin").write_bytes(b"".join(i.to_bytes(4, "little") for i in ids))
    (folder / "run.yaml").write_text(json.dumps({
        "model": {"init_from": str(model), **more.pop("model", {})}, **more,
        "data": {"format": "ids", "train": [str(folder / "ids.bin")], "token_dtype": "u32", "sequence_length": length},
        "train": {"batch_size": rows, "steps": STEPS, "dtype": "f32", "schedule": {"name": "constant"},
                  "optimizer": {"lr": 3e-2}, "seed": SEED}, "out": str(folder / "run")}))
    malmoi("train", folder / "run.yaml")
    return folder / "run"


def packed(model, type_name, folder):
    """The model packed, as the program opens it, and what that is unpacked, for peft."""
    malmoi("quantize", "--model", model, "--type", type_name, "--out", folder / "packed.gguf")
    malmoi("convert", folder / "packed.gguf", folder / "unpacked", "--dtype", "f32")
    return folder / "packed.gguf", folder / "unpacked"


def merged_alike(base, adapter, theirs, inputs, want, scratch):
    """What is merged here says the same, opened there, and has the weights that peft's own merge has: where that says the same. One
    matrix for words and head, of which an adapter is for one alone, peft changes for both."""
    malmoi("adapter", "merge", "--model", base, "--adapter", adapter, "--out", scratch / "merged", "--dtype", "f32")
    ours = base_there(scratch / "merged")
    said = same("logits of the merged model", goldens.outputs(ours, inputs), want, LOGITS)
    model = theirs.merge_and_unload()
    if farthest(goldens.outputs(model, inputs), want) > LOGITS:
        return said + ", which peft's are not"
    ours, theirs = ours.state_dict(), model.state_dict()
    assert set(ours) == set(theirs), f"other weights: {sorted(set(ours) ^ set(theirs))[:4]}"
    gaps = {name: farthest(ours[name].numpy(), theirs[name].numpy()) for name in theirs}
    worst = max(gaps, key=gaps.get)
    assert gaps[worst] <= WEIGHTS, f"merged {worst} differs by {gaps[worst]:.2g}; {WEIGHTS:.2g} is allowed"
    return f"{said}, its weights within {gaps[worst]:.1e}"


def trained_here(name, folder):
    case = TRAINED[name]
    model = goldens.MODELS / case["model"]
    more = {"adapter": {"type": "lora", **case["adapter"]}}
    here = there = model
    if "quantize" in case:
        more["model"] = {"quantize": {"type": case["quantize"]}}
        here, there = packed(model, case["quantize"], folder)
    run = train(folder, model, more, json.loads((model / "config.json").read_text())["vocab_size"])
    inputs = goldens.inputs_of(model)
    theirs = opened_there(there, run / "adapter")
    want = goldens.outputs(theirs, inputs)
    moved = farthest(goldens.outputs(base_there(there), inputs), want)
    assert moved > goldens.LEAST_CHANGE * LOGITS, f"the adapter hardly matters: it moves logits by {moved:.2g}"
    said = [same("logits", score(here, inputs, folder, run), want, LOGITS)]
    if for_llama_cpp(case["adapter"], json.loads((model / "config.json").read_text())):
        said.append(exported(here, run, inputs, want, folder))
    said.append(merged_alike(here, run, theirs, inputs, want, folder))
    return "; ".join(said)


def for_llama_cpp(adapter, config):
    """Whether llama.cpp reads such adapters."""
    words = {"lm_head"} | ({"embed_tokens"} if config.get("tie_word_embeddings") else set())
    return not adapter.get("dora") and not adapter.get("save_whole") and not words & set(adapter.get("targets", ()))


def exported(base, adapter, inputs, want, scratch):
    malmoi("adapter", "export", "--model", base, "--adapter", adapter, "--out", scratch / "adapter.gguf")
    return same("of the GGUF file", score(base, inputs, scratch, scratch / "adapter.gguf"), want, LOGITS)


def made_there(name, folder):
    model = goldens.MODELS / goldens.CASES[name]["model"]
    goldens.make(name, goldens.CASES[name], folder / "theirs", SEED)
    inputs = goldens.inputs_of(model)
    want = np.load(folder / "theirs" / "logits.npy")
    said = [same("logits", score(model, inputs, folder, folder / "theirs"), want, LOGITS)]
    said.append(merged_alike(model, folder / "theirs", opened_there(model, folder / "theirs"), inputs, want, folder))
    if name in CONTINUED:
        said.append(gone_on_here(model, folder, inputs))
    return "; ".join(said)


def gone_on_here(model, folder, inputs):
    run = train(folder, model, {"adapter": {"init_from": str(folder / "theirs")}},
                json.loads((model / "config.json").read_text())["vocab_size"])
    want = goldens.outputs(opened_there(model, run / "adapter"), inputs)
    assert farthest(want, np.load(folder / "theirs" / "logits.npy")) > goldens.LEAST_CHANGE * LOGITS, "nothing was learned"
    return same("gone on from, logits", score(model, inputs, folder, run), want, LOGITS)


def main():
    ways = {f"here/{name}": lambda folder, name=name: trained_here(name, folder) for name in TRAINED}
    ways |= {f"there/{name}": lambda folder, name=name: made_there(name, folder) for name in goldens.CASES}
    if unknown := [name for name in sys.argv[2:] if name not in ways]:
        sys.exit(f"unknown: {' '.join(unknown)}; there are {' '.join(ways)}")
    failed = 0
    for name in sys.argv[2:] or ways:
        with tempfile.TemporaryDirectory() as folder:
            try:
                said = ways[name](pathlib.Path(folder))
            except (AssertionError, RuntimeError) as problem:
                failed += 1
                said = f"FAILED: {problem}"
        print(f"{name}: {said}", flush=True)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()

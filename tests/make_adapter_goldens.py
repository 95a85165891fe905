#!/usr/bin/env python3
"""Makes the goldens of tests/data/adapters with PEFT, over models of tests/data/models, or checks what is there.

usage: make_adapter_goldens.py [NAME...] [--check]      all of them where none is named

A golden: a folder with the adapter as PEFT saves it, `ids.npy` (and `mask.npy`), what the reference computes with it in f32
(`logits.npy`), and `fixture.json` with the model's name and the tolerance. It needs tests/requirements-agree.txt.
"""
import argparse
import json
import pathlib
import sys
import tempfile

import numpy as np
import peft
import torch
import transformers

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = ROOT / "tests" / "data" / "models"
GOLDENS = ROOT / "tests" / "data" / "adapters"
TOLERANCE = 3e-4
SAME_LOGITS = 1e-4  # between machines, which add up in other orders
LENGTH = 8          # of the rows of ids
NAMES = {"ids": "input_ids", "mask": "attention_mask", "decoder_ids": "decoder_input_ids", "token_types": "token_type_ids"}
LEAST_CHANGE = 30   # tolerances by which an adapter must move the logits

ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
CASES = {
    "llama-patterns": dict(model="llama-gqa-rope3", r=2, lora_alpha=6, use_rslora=True, target_modules=ALL,
                           rank_pattern={r"layers\.1\.self_attn\.q_proj": 1, "^model.layers.0.mlp.*": 3},
                           alpha_pattern={"v_proj": 11, r"0\.self_attn\.(k|o)_proj": 3}),
    "llama-dora": dict(model="llama-gqa-rope3", r=2, lora_alpha=4, use_dora=True, target_modules=ALL),
    "qwen2-bias": dict(model="qwen2", r=2, bias="all", target_modules=["q_proj", "v_proj", "down_proj"]),
    "gpt2": dict(model="gpt2", r=1, fan_in_fan_out=True, target_modules=["c_attn", "c_proj", "c_fc"]),
    "gpt2-dora": dict(model="gpt2", r=2, use_dora=True, fan_in_fan_out=True, target_modules=r".*h\.1\.attn\.c_(attn|proj)"),
    "gpt2-tables": dict(model="gpt2", r=2, target_modules=["wte", "wpe"]),
    "gpt2-head": dict(model="gpt2", r=2, target_modules=["lm_head"]),
    "gpt_neox": dict(model="gpt_neox", r=2, target_modules=["query_key_value", "dense"], layers_to_transform=[1]),
    "falcon": dict(model="falcon-two", r=2, use_dora=True, target_modules=["query_key_value"]),
    "bert-cls": dict(model="bert-cls", r=2, lora_alpha=5, task_type="SEQ_CLS", target_modules=["query", "value", "dense"],
                     exclude_modules=["pooler.dense"]),
    "bert": dict(model="bert", r=2, target_modules=["query", "word_embeddings"]),
    "llama-tied": dict(model="llama-gqa-rope3", r=2, lora_alpha=4, target_modules=["embed_tokens", "q_proj"],
                       ensure_weight_tying=True),
    "llama-whole": dict(model="llama-gqa-rope3", r=2, target_modules=["v_proj"], modules_to_save=["embed_tokens"],
                        ensure_weight_tying=True),
    "llama-tokens": dict(model="llama-gqa-rope3", more_tokens=5, r=2, target_modules=["v_proj"],
                         modules_to_save=["embed_tokens", "lm_head"], ensure_weight_tying=True),
    "t5": dict(model="t5", r=2, target_modules=["q", "v", "wo"]),
}


def disturbed(model, seed):
    """Adapters start as nothing: matrices, magnitudes and what was saved whole take other values."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if "lora_" not in name and not parameter.requires_grad:
            continue
        noise = torch.randn(parameter.shape, generator=generator)
        if "magnitude" in name:
            parameter.data *= 1 + 0.2 * noise
        elif "lora_" in name:
            parameter.data.copy_(0.15 * noise)  # in its place, which what is tied shares
        else:
            parameter.data += 0.1 * noise
    return model


def inputs_of(folder):
    """The first ids of the model's own golden: what its test reads."""
    names = [name for name in NAMES if (folder / f"{name}.npy").exists()]
    return {name: np.load(folder / f"{name}.npy")[:, :LENGTH] for name in names}


def outputs(model, inputs):
    with torch.no_grad():
        return model(**{NAMES[name]: torch.tensor(values.astype(np.int64)) for name, values in inputs.items()}).logits.numpy()


def make(name, case, out, seed=0):
    case = dict(case)
    folder, more_tokens = MODELS / case.pop("model"), case.pop("more_tokens", 0)
    architecture = json.loads((folder / "config.json").read_text())["architectures"][0]
    base = getattr(transformers, architecture).from_pretrained(folder, dtype=torch.float32).eval()
    if more_tokens:
        torch.manual_seed(1)
        base.resize_token_embeddings(base.config.vocab_size + more_tokens, mean_resizing=False)
    inputs = inputs_of(folder)
    before = outputs(base, inputs)
    model = disturbed(peft.get_peft_model(base, peft.LoraConfig(**case)), seed + sum(name.encode())).eval()
    after = outputs(model, inputs)
    if np.abs(after - before).max() < LEAST_CHANGE * TOLERANCE:
        sys.exit(f"{name}: the adapter hardly matters")
    model.save_pretrained(out)
    config = json.loads((out / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = folder.name
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()
    (out / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    (out / "README.md").unlink(missing_ok=True)
    if more_tokens:
        words = {"[UNK]": 0} | {f"word{i}": i for i in range(1, len(model.get_input_embeddings().weight))}
        tokenizer = {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "WhitespaceSplit"},
                     "model": {"type": "WordLevel", "vocab": words, "unk_token": "[UNK]"}}
        (out / "tokenizer.json").write_text(json.dumps(tokenizer) + "\n")
    for kind, values in inputs.items():
        np.save(out / f"{kind}.npy", values)
    np.save(out / "logits.npy", after)
    (out / "fixture.json").write_text(json.dumps({"model": folder.name, "tolerance": TOLERANCE}) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    for name in arguments.names or CASES:
        if not arguments.check:
            make(name, CASES[name], GOLDENS / name)
            print(name)
            continue
        with tempfile.TemporaryDirectory() as scratch:
            made = pathlib.Path(scratch) / name
            make(name, CASES[name], made)
            gap = np.abs(np.load(made / "logits.npy") - np.load(GOLDENS / name / "logits.npy")).max()
            print(f"{name}: {gap:.1e}")
            if not gap <= SAME_LOGITS:
                sys.exit(f"{name}: the reference computes something else")


if __name__ == "__main__":
    main()

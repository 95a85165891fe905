#!/usr/bin/env python3
"""Trains a tiny model of each family and opens it with transformers and tokenizers: the same logits, ids and text.

usage: transformers_agree.py MALMOI      exits 77 where transformers or torch cannot be imported
"""
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM, AutoTokenizer
except ImportError as error:
    print(f"not run: {error}")
    sys.exit(77)

MALMOI = sys.argv[1]
SENTENCE = "오늘 날씨가 너무 좋아서 gathers words, don't 낱말 123!\n"
MODELS = {
    "llama": {"architecture": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
              "max_position_embeddings": 64},
    "gpt2": {"architecture": "gpt2", "n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 64},
    "qwen2": {"architecture": "qwen2", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
              "max_position_embeddings": 64},
    "mistral": {"architecture": "mistral", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
                "max_position_embeddings": 64, "sliding_window": 16},
}


def malmoi(*args, stdin=None):
    return subprocess.run([MALMOI, *map(str, args)], input=stdin, capture_output=True, check=True).stdout


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    text = "".join(f"말모이 {i} gathers words, {i * 7919 % 1000} 낱말을 모은다. Don't stop.\n" for i in range(2000))
    (folder / "text.txt").write_text(text)
    malmoi("tokenizer", "train", "--in", folder / "text.txt", "--type", "bpe", "--vocab-size", "400", "--out", folder / "tokenizer")
    for family, model in MODELS.items():
        out = folder / family
        (folder / f"{family}.yaml").write_text(json.dumps({
            "model": model, "tokenizer": str(folder / "tokenizer"),
            "data": {"train": [str(folder / "text.txt")], "sequence_length": 48},
            "train": {"batch_size": 4, "steps": 20, "dtype": "f32"}, "out": str(out)}))
        malmoi("train", folder / f"{family}.yaml")
        tokenizer = Tokenizer.from_file(str(out / "model" / "tokenizer.json"))
        ids = tokenizer.encode(SENTENCE, add_special_tokens=False).ids
        auto = AutoTokenizer.from_pretrained(out / "model")
        if family in ("llama", "gpt2"):   # of a qwen2 or mistral model, transformers takes its own class whatever the files say
            assert auto.encode(SENTENCE, add_special_tokens=False) == ids, family
        mine = json.loads(malmoi("tokenizer", "encode", "--tokenizer", out / "model", "--jsonl", stdin=(json.dumps(SENTENCE) + "\n").encode()))
        assert mine == ids, f"{family}: ids {mine} and {ids}"
        assert tokenizer.decode(ids) == SENTENCE, f"{family}: {tokenizer.decode(ids)!r}"
        np.save(folder / "ids.npy", np.array([ids[:40]], np.int32))
        malmoi("score", "--model", out / "model", "--ids", folder / "ids.npy", "--logits", folder / "logits.npy")
        theirs = AutoModelForCausalLM.from_pretrained(out / "model", attn_implementation="eager")
        with torch.no_grad():
            want = theirs(torch.tensor([ids[:40]])).logits.numpy()
        gap = float(np.abs(np.load(folder / "logits.npy") - want).max())
        assert gap < 2e-4, f"{family}: logits differ by {gap}"
        print(f"{family}: {len(ids)} ids the same, logits within {gap:.1e}")

#!/usr/bin/env python3
"""What `malmoi plan` predicts is within a tenth of the memory that training took, for six configurations.

usage: memory_plan.py MALMOI
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

MALMOI = sys.argv[1]
CASES = [
    ({"architecture": "gpt2", "n_embd": 384, "n_layer": 6, "n_head": 6, "vocab_size": 8192, "n_positions": 256}, 8, 256, "bf16", {}),
    ({"architecture": "llama", "hidden_size": 512, "num_hidden_layers": 4, "num_attention_heads": 8, "vocab_size": 4000}, 4, 256, "f32", {}),
    ({"architecture": "llama", "hidden_size": 256, "num_hidden_layers": 8, "num_attention_heads": 4, "vocab_size": 16000}, 8, 512, "bf16",
     {"checkpointing": "none"}),
    ({"architecture": "gpt2", "n_embd": 512, "n_layer": 8, "n_head": 8, "vocab_size": 2000, "n_positions": 512}, 8, 512, "bf16",
     {"checkpointing": "block"}),
    ({"architecture": "qwen2", "hidden_size": 320, "num_hidden_layers": 6, "num_attention_heads": 5, "num_key_value_heads": 1,
      "vocab_size": 32000}, 4, 128, "bf16", {"optimizer": {"name": "lion", "lr": 1e-4}}),
    ({"architecture": "lstm", "embed_size": 256, "hidden_size": 512, "num_layers": 2, "vocab_size": 8000}, 16, 128, "f32", {}),
]

failed = 0
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    rng = random.Random(1)
    for i, (model, batch, length, dtype, more) in enumerate(CASES):
        ids = [rng.randrange(model["vocab_size"]) for _ in range(batch * length * 2 + 1)]
        (folder / "ids.bin").write_bytes(b"".join(n.to_bytes(2, "little") for n in ids))
        path = folder / f"{i}.yaml"
        path.write_text(json.dumps({
            "model": model, "data": {"format": "ids", "train": [str(folder / "ids.bin")], "sequence_length": length},
            "train": {"batch_size": batch, "steps": 2, "dtype": dtype, **more}, "out": str(folder / f"run{i}")}))
        plan = json.loads(subprocess.run([MALMOI, "plan", str(path), "--json"], capture_output=True, check=True).stdout)
        facts = json.loads(subprocess.run([MALMOI, "train", str(path), "--json"], capture_output=True, check=True).stdout)
        predicted, measured = plan["memory_bytes"]["total"], facts["peak_memory_bytes"]
        ok = abs(predicted - measured) <= 0.1 * measured
        failed += not ok
        print(f"{'ok  ' if ok else 'FAIL'} {model['architecture']} {dtype} {more}: predicted {predicted / 1e6:.0f} MB, measured {measured / 1e6:.0f} MB")
sys.exit(bool(failed))

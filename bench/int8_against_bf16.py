#!/usr/bin/env python3
"""What training in 8 bits gains and costs: steps in turn with bf16's, then the 14M model's validation losses in both.

usage: int8_against_bf16.py --corpus DIR --tokenizer DIR [--malmoi build/release/bin/malmoi] [--steps 400] [--rounds 3]

DIR: a corpus and a tokenizer of 8,192 entries, as ./quickstart.sh leaves them. Run it with nothing else on the machine.
Prints one JSON line a size, then one with both curves.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

HERE = pathlib.Path(__file__).parent
SIZES = {"14m 8x256": ("gpt2-14m.json", 8, 256, 12), "124m 4x256": ("gpt2-124m.json", 4, 256, 4)}
CONFIG = """
schema_version: 1
model: {{architecture: gpt2, n_layer: 6, n_head: 6, n_embd: 384, n_positions: 256, resid_pdrop: 0.0, embd_pdrop: 0.0, attn_pdrop: 0.0}}
tokenizer: {tokenizer}
data: {{train: [{corpus}], sequence_length: 256}}
train:
  batch_size: 8
  steps: {steps}
  dtype: {dtype}
  optimizer: {{name: adamw, lr: 1e-3, weight_decay: 0.1}}
  schedule: {{name: cosine, warmup_steps: 40, min_lr: 1e-4}}
  seed: 1
  eval_every: {eval_every}
out: {out}
"""

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--corpus", required=True)
parser.add_argument("--tokenizer", required=True)
parser.add_argument("--malmoi", default="build/release/bin/malmoi")
parser.add_argument("--steps", type=int, default=400)
parser.add_argument("--rounds", type=int, default=3)
options = parser.parse_args()

for name, (config, batch, length, steps) in SIZES.items():
    best = {"bf16": 0.0, "int8": 0.0}
    for _ in range(options.rounds):
        for dtype in best:
            done = subprocess.run([options.malmoi, "bench", "train", "--config", HERE / "configs" / config, "--batch", str(batch),
                                   "--seq", str(length), "--dtype", dtype, "--steps", str(steps), "--json"],
                                  capture_output=True, text=True, check=True)
            best[dtype] = max(best[dtype], json.loads(done.stdout)["tokens_per_second"]["max"])
    print(json.dumps({"row": name, **{k: round(v) for k, v in best.items()}, "gain": round(best["int8"] / best["bf16"], 3)}), flush=True)

curves = {}
with tempfile.TemporaryDirectory() as folder:
    for dtype in ("bf16", "int8"):
        out = pathlib.Path(folder) / dtype
        config = pathlib.Path(folder) / f"{dtype}.yaml"
        config.write_text(CONFIG.format(tokenizer=pathlib.Path(options.tokenizer).resolve(),
                                        corpus=pathlib.Path(options.corpus).resolve(), steps=options.steps, dtype=dtype,
                                        eval_every=max(1, options.steps // 4), out=out))
        subprocess.run([options.malmoi, "train", config], capture_output=True, check=True)
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        curves[dtype] = [(line["step"], line["valid_loss"]) for line in lines if line.get("valid_loss") is not None]
worst = max(abs(b - a) / a for (_, a), (_, b) in zip(curves["bf16"], curves["int8"]))
print(json.dumps({"valid_loss": curves, "largest_difference": round(worst, 5)}))

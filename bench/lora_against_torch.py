#!/usr/bin/env python3
"""A step of LoRA fine-tuning (rank 16, all products of the layers, 4 rows of 256 tokens, every token learned) beside PyTorch with peft, in turn.

usage: lora_against_torch.py MALMOI MODEL [--rounds N] [--steps N] [--quantize q8_0]     run with an interpreter that has torch, transformers, peft
MODEL is a Hugging Face folder. Prints one JSON line a program and type: tokens/s (the median step of the best round) and peak memory.
"""
import argparse
import json
import os
import pathlib
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROWS, LENGTH, RANK = 4, 256, 16
THREADS = 2
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def torch_steps(folder, dtype, steps):
    """In a process of its own: prints {tokens_per_second, peak_bytes}."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM
    torch.set_num_threads(THREADS)
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype))
    model = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=RANK, target_modules=TARGETS, task_type="CAUSAL_LM"))
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    seconds = []
    for _ in range(steps):
        ids = torch.randint(0, model.config.vocab_size, (ROWS, LENGTH))
        begin = time.perf_counter()
        model(input_ids=ids, labels=ids).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"tokens_per_second": ROWS * LENGTH / statistics.median(seconds[1:]),
                      "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


def ours(malmoi, folder, dtype, steps, quantize):
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        size = json.loads((pathlib.Path(folder) / "config.json").read_text())["vocab_size"]
        ids = [random.randrange(size) for _ in range(ROWS * (LENGTH + 1) * (steps + 1))]
        (scratch / "ids.bin").write_bytes(b"".join(i.to_bytes(4, "little") for i in ids))
        model = {"init_from": str(folder)}
        if quantize:
            model["quantize"] = {"type": quantize}
        config = {"model": model, "adapter": {"type": "lora", "r": RANK, "alpha": RANK},
                  "data": {"format": "ids", "train": [str(scratch / "ids.bin")], "token_dtype": "u32", "sequence_length": LENGTH},
                  "train": {"batch_size": ROWS, "steps": steps, "dtype": dtype, "optimizer": {"lr": 1e-4}}, "out": str(scratch / "run")}
        (scratch / "c.yaml").write_text(json.dumps(config))
        done = subprocess.run([malmoi, "train", str(scratch / "c.yaml"), "--threads", str(THREADS)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        lines = [json.loads(line) for line in (scratch / "run" / "metrics.jsonl").read_text().splitlines()]
        return {"tokens_per_second": statistics.median(line["tokens_per_second"] for line in lines[1:]),
                "peak_bytes": json.loads((scratch / "run" / "run.json").read_text())["peak_memory_bytes"]}


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "--torch":
        return torch_steps(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("malmoi")
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--types", default="f32,int8", help="ours")
    parser.add_argument("--torch-types", default="float32")
    parser.add_argument("--quantize", default="")
    options = parser.parse_args()
    best = {}
    for _ in range(options.rounds):
        for dtype in options.torch_types.split(","):
            out = subprocess.run([sys.executable, __file__, "--torch", options.model, dtype, str(options.steps)], check=True,
                                 capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": str(THREADS)})
            best.setdefault(f"torch+peft {dtype}", []).append(json.loads(out.stdout.splitlines()[-1]))
        for dtype in options.types.split(","):
            best.setdefault(f"malmoi {dtype}", []).append(ours(options.malmoi, options.model, dtype, options.steps, ""))
            if options.quantize:
                best.setdefault(f"malmoi {dtype} {options.quantize}", []).append(
                    ours(options.malmoi, options.model, dtype, options.steps, options.quantize))
    for name, rounds in best.items():
        fastest = max(rounds, key=lambda r: r["tokens_per_second"])
        print(json.dumps({"program": name, "tokens_per_second": round(fastest["tokens_per_second"], 1),
                          "peak_mb": round(min(r["peak_bytes"] for r in rounds) / 1e6)}))


if __name__ == "__main__":
    main()

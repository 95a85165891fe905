#!/usr/bin/env python3
"""Whole training steps of Malmoi and of a PyTorch script, in turn, on one machine: the best of several rounds.

usage: train_against_torch.py --python PYTHON --torch-script SCRIPT [--malmoi build/release/bin/malmoi] [--rounds 3] [--dtype f32]
                              [--isa avx2] [--only NAME ...]

PYTHON has torch installed; SCRIPT takes --size --batch --seq --dtype --steps --threads and prints a JSON line with
tokens_per_second.max; rows of other models have train_torch_more.py here. Run it with nothing else on the machine. Prints one JSON line a row.
"""
import argparse
import json
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).parent
ROWS = {  # name: (config, torch size, batch, sequence, steps)
    "124m 4x256": ("gpt2-124m.json", "124m", 4, 256, 6),
    "124m 4x1024": ("gpt2-124m.json", "124m", 4, 1024, 3),
    "14m 8x256": ("gpt2-14m.json", "14m", 8, 256, 15),
    "0.8m 12x64": ("gpt2-0.8m.json", "0.8m", 12, 64, 200),
    "lstm 16x128": ("lstm-2x512.json", "lstm-2x512", 16, 128, 10),
    "gru 16x128": ("gru-2x512.json", "gru-2x512", 16, 128, 10),
    "bert 16x256": ("bert-small.json", "bert-small", 16, 256, 8),
    "seq2seq 16x128": ("bart-6x6.json", "bart-6x6", 16, 128, 8),
}

OBJECTIVES = {"bert-small": "masked_lm", "bart-6x6": "seq2seq"}  # of the others, causal_lm
MORE = ("lstm-2x512", "gru-2x512", *OBJECTIVES)  # what train_torch_more.py has, compiled and not: the faster counts


# Both sides held to one instruction set. PyTorch then runs uncompiled: its compiler writes for the CPU it finds. Its f32
# products are MKL's, which on AMD's CPUs know AVX2 and, for MKL_CBWR=COMPATIBLE alone, SSE2.
ISAS = {
    "avx2": {"MALMOI_ISA": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    "baseline": {"MALMOI_ISA": "baseline", "ONEDNN_MAX_CPU_ISA": "SSE41", "ATEN_CPU_CAPABILITY": "default",
                 "MKL_CBWR": "COMPATIBLE"},
}


def run(command, isa):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True,
                          env={**os.environ, **ISAS.get(isa, {})})
    if done.returncode:
        raise SystemExit(f"{command}: {done.stderr.strip().splitlines()[-1:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--python", required=True)
parser.add_argument("--torch-script", required=True)
parser.add_argument("--malmoi", default="build/release/bin/malmoi")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--dtype", default="bf16", choices=["bf16", "f32"])
parser.add_argument("--isa", choices=list(ISAS))
parser.add_argument("--only", nargs="+", default=list(ROWS))
options = parser.parse_args()
uncompiled = ["--no-compile"] if options.isa else []
for name in options.only:
    config, size, batch, length, steps = ROWS[name]
    shape = ["--batch", batch, "--seq", length, "--dtype", options.dtype, "--steps", steps, "--threads", options.threads]
    best = {"malmoi": 0.0, "torch": 0.0, "gemm": 0.0}
    memory = 0
    for _ in range(options.rounds):
        ours = ["--config", HERE / "configs" / config, "--objective", OBJECTIVES.get(size, "causal_lm"), *shape, "--json"]
        mine = run([options.malmoi, "bench", "train", *ours], options.isa)
        best["malmoi"] = max(best["malmoi"], mine["tokens_per_second"]["max"])
        memory = max(memory, mine["peak_memory_bytes"])
        script = HERE / "train_torch_more.py" if size in MORE else options.torch_script
        ways = [[], ["--compile"]] if size in MORE and not options.isa else [uncompiled]
        for way in ways:
            theirs = run([options.python, script, "--size", size, *shape, *way], options.isa)
            best["torch"] = max(best["torch"], theirs["tokens_per_second"]["max"])
        products = run([options.malmoi, "bench", "gemm", *ours], options.isa)
        best["gemm"] = max(best["gemm"], products["tokens_per_second"]["max"])
    print(json.dumps({"row": name, "dtype": options.dtype, "isa": options.isa, "malmoi": round(best["malmoi"]), "torch": round(best["torch"]),
                      "products_alone": round(best["gemm"]), "against_torch": round(best["malmoi"] / best["torch"], 2),
                      "of_products": round(best["malmoi"] / best["gemm"], 3), "peak_memory_bytes": memory}), flush=True)

#!/usr/bin/env python3
"""Training steps on an idle machine and beside one and two programs that compute: what a step costs then.

usage: busy_machine.py [--malmoi build/release/bin/malmoi] [--config bench/configs/gpt2-0.8m.json] [--batch 12] [--seq 64]
                       [--dtype bf16] [--seconds 4] [--rounds 3] [--beside 0 1 2] [--isa avx2]

The three states take turns, `rounds` times, each for about `seconds`; figures are of all steps of a state together. `median` and
`slowest` count in idle medians: 1.5 with one other program on two cores is a fair share of them. Prints one JSON line a state.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
SPIN = "while True: pass"

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--malmoi", default="build/release/bin/malmoi")
parser.add_argument("--config", default=str(HERE / "configs" / "gpt2-0.8m.json"))
parser.add_argument("--batch", type=int, default=12)
parser.add_argument("--seq", type=int, default=64)
parser.add_argument("--dtype", default="bf16", choices=["bf16", "f32"])
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seconds", type=float, default=4)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--beside", type=int, nargs="+", default=[0, 1, 2])
parser.add_argument("--isa")
options = parser.parse_args()
environment = {**os.environ, **({"MALMOI_ISA": options.isa} if options.isa else {})}


def bench(steps):
    command = [options.malmoi, "bench", "train", "--config", options.config, "--batch", options.batch, "--seq", options.seq,
               "--dtype", options.dtype, "--threads", options.threads, "--steps", steps, "--json"]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"{command}: {done.stderr.strip()}")
    return json.loads(done.stdout)["step_seconds"]


def beside(programs, steps):
    others = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(programs)]
    try:
        return bench(steps)
    finally:
        for other in others:
            other.kill()
            other.wait()


steps = max(10, round(options.seconds / bench(10)["median"]))
rounds = {programs: [] for programs in options.beside}
for _ in range(options.rounds):
    for programs in options.beside:
        rounds[programs].append(beside(programs, steps))
medians = {programs: statistics.median(r["median"] for r in found) for programs, found in rounds.items()}
idle = medians.get(0, min(medians.values()))
for programs, found in rounds.items():
    slowest = max(r["max"] for r in found)
    print(json.dumps({"beside": programs, "steps": steps * len(found), "step_ms": round(medians[programs] * 1e3, 3),
                      "tokens_per_second": round(options.batch * options.seq / medians[programs]),
                      "median": round(medians[programs] / idle, 2), "slowest": round(slowest / idle, 2)}), flush=True)

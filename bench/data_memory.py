#!/usr/bin/env python3
"""A build within its memory limit: a corpus made by repetition with edits, the limit given, the peak measured (VmHWM).

python3 bench/data_memory.py --malmoi build/release/bin/malmoi --text FILE... [--gib 4] [--limit 1GiB] [--folder DIR]

--text: .txt (documents separated by empty lines) or .jsonl with "text". Each document is repeated with a few words
replaced, so that exact, near and unrelated ones lie mixed over all files. Everything is deleted at the end. Prints one
JSON object; exit status 1 if the peak was above the limit.
"""
import argparse, json, multiprocessing, os, pathlib, random, resource, subprocess, sys, tempfile, time


def texts_of(files):
    for name in files:
        text = pathlib.Path(name).read_text(encoding="utf-8")
        if name.endswith(".jsonl"):
            yield from (json.loads(line)["text"] for line in text.splitlines())
        else:
            yield from (part for part in text.split("\n\n") if len(part) > 200)


def write_part(task):
    """One file of about `size` bytes; the same for the same seed."""
    path, base, words, size, seed = task
    rng, written, documents = random.Random(seed), 0, 0
    with open(path, "w", encoding="utf-8") as out:
        while written < size:
            pieces = list(rng.choice(base))
            for _ in range(rng.choice((0, 1, 3, len(pieces) // 8, len(pieces)))):  # none ... all
                pieces[int(rng.random() * len(pieces))] = words[int(rng.random() * len(words))]
            line = json.dumps({"text": " ".join(pieces)}, ensure_ascii=False) + "\n"
            out.write(line)
            written += len(line.encode())
            documents += 1
    return documents, written


def write_corpus(folder, texts, size):
    base = [text.split(" ") for text in texts]
    words = [w for pieces in base[:2000] for w in pieces[:50] if w]
    part, parts = 128 << 20, []
    for seed in range(-(-size // part)):
        parts.append((folder / f"part-{seed:03}.jsonl", base, words, min(part, size - seed * part), seed))
    with multiprocessing.Pool() as pool:
        done = pool.map(write_part, parts, chunksize=1)
    return sum(d for d, _ in done), sum(n for _, n in done)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--malmoi", default="build/release/bin/malmoi")
    p.add_argument("--text", nargs="+", required=True)
    p.add_argument("--gib", type=float, default=4)
    p.add_argument("--limit", default="1GiB")
    p.add_argument("--folder", help="where there is room for three times the corpus")
    p.add_argument("--threads", type=int, default=2)
    args = p.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        work = pathlib.Path(name)
        (work / "in").mkdir()
        documents, size = write_corpus(work / "in", list(texts_of(args.text)), int(args.gib * (1 << 30)))
        print(f"{documents} documents, {size} bytes", file=sys.stderr, flush=True)
        (work / "recipe.yaml").write_text(json.dumps({
            "schema_version": 1, "out": str(work / "out"), "sources": [{"name": "edited", "paths": [str(work / "in")]}],
            "filters": ["repair", "gopher_repetition"], "pii": {"action": "placeholder"},
            "dedup": {"exact": True, "near": {"threshold": 0.7}, "paragraphs": True}, "output": {"compression": 1}}))
        start = time.time()
        done = subprocess.run([args.malmoi, "data", "build", str(work / "recipe.yaml"), "--memory-limit", args.limit,
                               "--threads", str(args.threads), "--json"], stdout=subprocess.PIPE)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            sys.exit(done.returncode)
        report = json.loads(done.stdout)
    peak, units = usage.ru_maxrss << 10, {"GiB": 1 << 30, "MiB": 1 << 20}
    limit = float(args.limit[:-3]) * units[args.limit[-3:]]
    print(json.dumps({"bytes": size, "documents": documents, "kept": report["kept"]["documents"], "dropped": report["dropped"],
                      "limit_bytes": limit, "peak_bytes": peak, "wall_seconds": round(time.time() - start, 1),
                      "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1), "cores": os.cpu_count()}, indent=2))
    sys.exit(peak > limit)


main()

"""Encoding, Malmoi against tiktoken, Hugging Face tokenizers and sentencepiece: each in turn, on one thread, in one run.

    python3 bench/tokenizer_encode.py --text NAME=FILE... --tokenizer NAME=PATH... [--rounds 3]

A text is UTF-8, its documents apart by empty lines; the peers get the same documents one by one. A tokenizer is anything that
Malmoi opens. A folder of .tiktoken ranks is compared with tiktoken and, written as tokenizer.json by Malmoi, with Hugging
Face; a tokenizer.json with Hugging Face; a .model with sentencepiece. Needs those packages in the interpreter it is run by.
Figures are 10^6 bytes per second of processor time, the best of all rounds, of the passes over a text that was seen and of the first
pass of a process; token counts must agree. Prints a JSON line a
comparison and a table. MALMOI names the program (default: build/release/bin/malmoi)."""
import argparse
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

REPEATS = 3  # counted passes over the text a round, after one that is not


def documents_of(path):
    return [d for d in pathlib.Path(path).read_bytes().decode().split("\n\n") if d]


def tiktoken_encoder(folder):
    import tiktoken
    ranks_file = next(pathlib.Path(folder).glob("*.tiktoken"))
    ranks = {base64.b64decode(t): int(r) for t, r in (line.split() for line in ranks_file.read_bytes().splitlines() if line)}
    pattern = json.loads((pathlib.Path(folder) / "pattern.json").read_text())["pattern"]
    encoding = tiktoken.Encoding("bench", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return lambda documents: sum(len(encoding.encode_ordinary(d)) for d in documents)


def huggingface_encoder(path):
    os.environ["RAYON_NUM_THREADS"], os.environ["TOKENIZERS_PARALLELISM"] = "1", "false"
    import tokenizers
    path = pathlib.Path(path)
    tokenizer = tokenizers.Tokenizer.from_file(str(path / "tokenizer.json" if path.is_dir() else path))
    return lambda documents: sum(len(e.ids) for e in tokenizer.encode_batch_fast(documents, add_special_tokens=False))


def sentencepiece_encoder(path):
    import sentencepiece
    path = pathlib.Path(path)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(path / "tokenizer.model" if path.is_dir() else path))
    return lambda documents: sum(len(processor.encode(d)) for d in documents)


PEERS = {"tiktoken": tiktoken_encoder, "huggingface": huggingface_encoder, "sentencepiece": sentencepiece_encoder}


def run_peer(kind, path, text):
    """In a process of its own: prints the best speed and the number of tokens."""
    documents = documents_of(text)
    size = sum(len(d.encode()) for d in documents)
    encode, speeds, tokens = PEERS[kind](path), [], 0
    for _ in range(REPEATS + 1):
        start = time.process_time()
        tokens = encode(documents)
        speeds.append(size / 1e6 / (time.process_time() - start))
    print(json.dumps({"mb": max(speeds[1:]), "first": speeds[0], "tokens": tokens}))


def peer(kind, path, text):
    out = subprocess.run([sys.executable, __file__, "--peer", kind, str(path), text], check=True, capture_output=True)
    return json.loads(out.stdout)


def ours(malmoi, path, text):
    command = [malmoi, "bench", "tokenizer", "--tokenizer", str(path), "--file", text, "--threads", "1", "--repeat",
               str(REPEATS), "--json"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {"mb": report["encode_mb_per_cpu_second"]["max"], "first": report["first_mb_per_cpu_second"], "tokens": report["tokens"]}


def peers_of(malmoi, path, scratch):
    """(kind, what it opens) for a tokenizer."""
    path = pathlib.Path(path)
    if path.suffix == ".model" or (path / "tokenizer.model").exists():
        return [("sentencepiece", path)]
    if path.is_dir() and list(path.glob("*.tiktoken")):
        as_json = pathlib.Path(scratch) / path.name
        subprocess.run([malmoi, "tokenizer", "import", str(path), "--out", str(as_json)], check=True, capture_output=True)
        return [("tiktoken", path), ("huggingface", as_json)]
    return [("huggingface", path)]


def main():
    if sys.argv[1:2] == ["--peer"]:
        return run_peer(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", action="append", required=True)
    parser.add_argument("--tokenizer", action="append", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    malmoi = os.environ.get("MALMOI", "build/release/bin/malmoi")
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for tokenizer in options.tokenizer:
            name, path = tokenizer.split("=", 1)
            peers = peers_of(malmoi, path, scratch)
            for text in options.text:
                text_name, file = text.split("=", 1)
                best, first, tokens = {}, {}, {}
                for _ in range(options.rounds):
                    results = [("malmoi", ours(malmoi, path, file))] + [(k, peer(k, p, file)) for k, p in peers]
                    for kind, result in results:
                        best[kind] = max(best.get(kind, 0), result["mb"])
                        first[kind] = max(first.get(kind, 0), result["first"])
                        tokens[kind] = result["tokens"]
                for kind, _ in peers:
                    row = {"tokenizer": name, "text": text_name, "peer": kind, "malmoi_mb": round(best["malmoi"], 1),
                           "peer_mb": round(best[kind], 2), "times": round(best["malmoi"] / best[kind], 1),
                           "first_malmoi_mb": round(first["malmoi"], 1), "first_peer_mb": round(first[kind], 2),
                           "first_times": round(first["malmoi"] / first[kind], 1),
                           "same_tokens": tokens[kind] == tokens["malmoi"]}
                    print(json.dumps(row), flush=True)
                    rows.append(row)
    print("\n| tokenizer | text | Malmoi | peer | | times | first pass | | times |\n|---|---|---:|---|---:|---:|---:|---:|---:|")
    for r in rows:
        print(f"| {r['tokenizer']} | {r['text']} | {r['malmoi_mb']} | {r['peer']} | {r['peer_mb']} | {r['times']} | "
              f"{r['first_malmoi_mb']} | {r['first_peer_mb']} | {r['first_times']} |")


if __name__ == "__main__":
    main()

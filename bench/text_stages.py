"""Quality rules and MinHash signatures on one core: Malmoi against datatrove, over the same texts, in one run.

Both do to every document: Gopher repetition, Gopher quality, C4 and FineWeb rules, and the signature of 112 hashes of
word 5-grams. Prints one JSON object. Needs: pip install datatrove spacy, and

    cmake --preset bench && cmake --build --preset bench --target data_bench
    python3 bench/text_stages.py --file texts.jsonl --program build/bench/bin/data_bench
"""
import argparse
import json
import os
import platform
import subprocess
import time


def datatrove_rate(texts, seconds):
    from datatrove.data import Document
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.filters import (C4QualityFilter, FineWebQualityFilter, GopherQualityFilter,
                                            GopherRepetitionFilter)

    filters = [GopherRepetitionFilter(), GopherQualityFilter(), C4QualityFilter(), FineWebQualityFilter()]
    signer = MinhashDedupSignature("/tmp/unused", config=MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8))
    raw = signer._hash_func
    try:
        raw("text")
    except TypeError:  # newer xxhash takes bytes only
        signer._hash_func = lambda text: raw(text.encode())
    done, start = 0, None
    for i, text in enumerate(texts):
        if i == 3:  # tables are loaded by the first documents
            start, done = time.process_time(), 0
        for rule in filters:
            rule.filter(Document(text=text, id=str(i)))
        shingles = signer.get_shingles(text)
        if shingles.size:
            signer.get_signature(shingles)
        done += len(text.encode())
        if start is not None and time.process_time() - start > seconds:
            break
    return done / 1e6 / (time.process_time() - start), done


def malmoi_rates(program, file):
    out = subprocess.run([program, "--benchmark_format=json", "--benchmark_min_time=1"], capture_output=True, text=True, check=True,
                         env={**os.environ, "MALMOI_BENCH_TEXTS": file, "OMP_NUM_THREADS": "1"})
    return {b["name"]: round(b["bytes_per_second"] / 1e6, 2)  # of CPU time
            for b in json.loads(out.stdout)["benchmarks"]
            if "bytes_per_second" in b}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", required=True, help="JSON lines with \"text\"")
    parser.add_argument("--program", default="build/bench/bin/data_bench")
    parser.add_argument("--seconds", type=float, default=20, help="CPU time given to datatrove")
    args = parser.parse_args()
    texts = [json.loads(line)["text"] for line in open(args.file, encoding="utf-8")]
    ours = malmoi_rates(args.program, args.file)
    theirs, measured = datatrove_rate(texts, args.seconds)
    print(json.dumps({"machine": platform.processor() or platform.machine(), "documents": len(texts),
                      "malmoi_mb_per_second": ours, "datatrove_mb_per_second": round(theirs, 3),
                      "datatrove_bytes_measured": measured, "ratio": round(ours["rules_and_sketch"] / theirs, 1)}))


if __name__ == "__main__":
    main()

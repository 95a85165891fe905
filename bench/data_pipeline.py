#!/usr/bin/env python3
"""Extraction, filters and MinHash: Malmoi beside datatrove 0.10 on the same documents, one process each, CPU seconds.

python3 bench/data_pipeline.py --malmoi build/release/bin/malmoi --html FOLDER... [--jsonl FILE...] [--peer-sample N]

The peer takes a sample of the pages (every k-th), since it needs minutes for all; figures are per document and per byte.
Needs datatrove, trafilatura, nltk and a tokenizer model it asks for (pip install datatrove==0.10.1 trafilatura nltk spacy).
Prints one JSON object.
"""
import argparse, glob, json, os, pathlib, platform, resource, subprocess, tempfile, time


def children():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def pages_of(folders):
    return sorted(f for folder in folders for f in glob.glob(os.path.join(folder, "**", "*.html"), recursive=True))


def malmoi(args, pages, work):
    recipe = work / "recipe.yaml"
    recipe.write_text(json.dumps({
        "schema_version": 1, "out": str(work / "corpus"), "sources": [{"name": "html", "paths": args.html}] + ([{"name": "sets", "paths": args.jsonl}] if args.jsonl else []),
        "filters": ["gopher_quality", "gopher_repetition", "c4", "fineweb"], "dedup": {"exact": False, "near": {"threshold": 0.7}, "paragraphs": False},
        "languages": {"split": False}}))
    before, start = children(), time.time()
    subprocess.run([args.malmoi, "data", "build", str(recipe), "--threads", "1"], check=True, stderr=subprocess.DEVNULL)
    report = json.loads((work / "corpus" / "report.json").read_text())
    return {"documents": report["inputs"]["documents"], "bytes": report["inputs"]["bytes"], "kept": report["kept"]["documents"],
            "cpu_seconds": children() - before, "wall_seconds": time.time() - start}


PEER = r"""
import json, sys
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.pipeline.dedup import MinhashConfig, MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
import os
from datatrove.utils.word_tokenizers import load_word_tokenizer
load_word_tokenizer("eng").word_tokenize("a b c.")
work = sys.argv[1]
begin = os.times()
config = MinhashConfig()
logs = work + "/logs"
stages = [
    [JsonlReader(work + "/in", compression=None), Trafilatura(timeout=10), GopherQualityFilter(), GopherRepetitionFilter(), C4QualityFilter(), FineWebQualityFilter(), JsonlWriter(work + "/filtered", compression=None)],
    [JsonlReader(work + "/filtered", compression=None), MinhashDedupSignature(output_folder=work + "/sig", config=config)],
    [MinhashDedupBuckets(input_folder=work + "/sig", output_folder=work + "/buckets", config=config)],
    [MinhashDedupCluster(input_folder=work + "/buckets", output_folder=work + "/remove", config=config)],
    [JsonlReader(work + "/filtered", compression=None), MinhashDedupFilter(input_folder=work + "/remove"), JsonlWriter(work + "/out", compression=None)],
]
for i, stage in enumerate(stages):
    tasks = config.num_buckets if i == 2 else 1
    LocalPipelineExecutor(stage, tasks=tasks, workers=1, logging_dir=f"{logs}/{i}").run()
end = os.times()
json.dump(end.user + end.system + end.children_user + end.children_system - begin.user - begin.system - begin.children_user - begin.children_system, open(work + "/cpu.json", "w"))
"""


def peer(args, pages, work):
    sample = pages[:: max(1, len(pages) // args.peer_sample)]
    (work / "in").mkdir()
    size = 0
    with open(work / "in" / "pages.jsonl", "w") as f:
        for page in sample:
            html = open(page, encoding="utf-8", errors="replace").read()
            size += os.path.getsize(page)
            f.write(json.dumps({"text": html, "id": page}) + "\n")
    (work / "peer.py").write_text(PEER)
    start = time.time()
    subprocess.run([args.python, str(work / "peer.py"), str(work)], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    cpu = json.loads((work / "cpu.json").read_text())  # from after the imports, which are not the pipeline's work
    return {"documents": len(sample), "bytes": size, "cpu_seconds": cpu, "wall_seconds": time.time() - start}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--malmoi", default="build/release/bin/malmoi")
    p.add_argument("--python", default="python3")
    p.add_argument("--html", nargs="+", required=True)
    p.add_argument("--jsonl", nargs="*", default=[])
    p.add_argument("--peer-sample", type=int, default=400)
    args = p.parse_args()
    pages = pages_of(args.html)
    with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
        ours = malmoi(args, pages, pathlib.Path(a))
        theirs = peer(args, pages, pathlib.Path(b))
    for r in (ours, theirs):
        r["documents_per_cpu_second"] = r["documents"] / r["cpu_seconds"]
        r["mb_per_cpu_second"] = r["bytes"] / 1e6 / r["cpu_seconds"]
    print(json.dumps({"machine": platform.processor() or platform.machine(), "cores": os.cpu_count(), "malmoi": ours, "datatrove": theirs,
                      "ratio_documents": ours["documents_per_cpu_second"] / theirs["documents_per_cpu_second"],
                      "ratio_bytes": ours["mb_per_cpu_second"] / theirs["mb_per_cpu_second"]}, indent=2))


main()

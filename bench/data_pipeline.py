#!/usr/bin/env python3
"""Extraction, filters and MinHash: Malmoi beside datatrove 0.10 on the same documents, one process each, CPU seconds.

python3 bench/data_pipeline.py --malmoi build/release/bin/malmoi --html FOLDER... [--sets FILE...] [--pages N] [--rounds R]

Both take the same documents: every k-th page, so that there are N or so, and all of the texts. In turn, R rounds; the
best of each counts.
Needs datatrove, trafilatura, nltk and a tokenizer model it asks for (pip install datatrove==0.10.1 trafilatura nltk spacy).
Prints one JSON object.
"""
import argparse, glob, json, os, pathlib, platform, resource, shutil, subprocess, tempfile


def children():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def pages_of(folders, n):
    pages = sorted(f for folder in folders for f in glob.glob(os.path.join(folder, "**", "*.html"), recursive=True))
    return pages[:: max(1, len(pages) // n)]


def texts_of(files):
    """Documents of text: lines of .jsonl, parts of .txt between empty lines."""
    for name in files:
        text = pathlib.Path(name).read_text(encoding="utf-8")
        if not name.endswith(".jsonl"):
            yield from (part for part in text.split("\n\n") if part.strip())
            continue
        for row in map(json.loads, text.splitlines()):
            strings = [v for v in row.values() if isinstance(v, str)]
            strings += [m["content"] for m in row.get("messages", [])]
            yield row.get("text") or "\n".join(strings)


def write_documents(args, work):
    """The same documents for both: pages as files and as JSON lines, texts as JSON lines."""
    (work / "pages").mkdir(), (work / "in").mkdir(), (work / "texts").mkdir()
    size, documents = 0, 0
    with open(work / "in" / "pages.jsonl", "w") as out:
        for i, page in enumerate(pages_of(args.html, args.pages)):
            html = pathlib.Path(page).read_bytes()
            (work / "pages" / f"{i:05}.html").write_bytes(html)
            out.write(json.dumps({"text": html.decode("utf-8", "replace"), "id": page}) + "\n")
            size, documents = size + len(html), documents + 1
    with open(work / "texts" / "texts.jsonl", "w") as out:
        for i, text in enumerate(texts_of(args.sets)):
            out.write(json.dumps({"text": text, "id": f"text-{i}"}, ensure_ascii=False) + "\n")
            size, documents = size + len(text.encode()), documents + 1
    return documents, size


def malmoi(args, work, round_):
    out = work / f"corpus-{round_}"
    recipe = work / "recipe.yaml"
    recipe.write_text(json.dumps({
        "schema_version": 1, "out": str(out), "sources": [{"name": "pages", "paths": [str(work / "pages")]}, {"name": "texts", "paths": [str(work / "texts")]}],
        "filters": ["gopher_quality", "gopher_repetition", "c4", "fineweb"], "dedup": {"exact": False, "near": {"threshold": 0.7}, "paragraphs": False},
        "languages": {"split": False}}))
    before = children()
    subprocess.run([args.malmoi, "data", "build", str(recipe), "--threads", "1"], check=True, stderr=subprocess.DEVNULL)
    report = json.loads((out / "report.json").read_text())
    return children() - before, report["inputs"]["documents"], report["kept"]["documents"]


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
signature = MinhashDedupSignature(output_folder=work + "/sig", config=config)
raw = signature._hash_func
try:
    raw("text")
except TypeError:  # newer xxhash takes bytes only
    signature._hash_func = lambda text: raw(text.encode())
logs = work + "/logs"
rules = lambda: [GopherQualityFilter(), GopherRepetitionFilter(), C4QualityFilter(), FineWebQualityFilter()]
stages = [
    [JsonlReader(work + "/in", compression=None), Trafilatura(timeout=10), *rules(), JsonlWriter(work + "/filtered", "pages-${rank}.jsonl", compression=None)],
    [JsonlReader(work + "/texts", compression=None), *rules(), JsonlWriter(work + "/filtered", "texts-${rank}.jsonl", compression=None)],
    [JsonlReader(work + "/filtered", compression=None), signature],
    [MinhashDedupBuckets(input_folder=work + "/sig", output_folder=work + "/buckets", config=config)],
    [MinhashDedupCluster(input_folder=work + "/buckets", output_folder=work + "/remove", config=config)],
    [JsonlReader(work + "/filtered", compression=None), MinhashDedupFilter(input_folder=work + "/remove"), JsonlWriter(work + "/out", compression=None)],
]
for i, stage in enumerate(stages):
    tasks = config.num_buckets if i == 3 else 1
    LocalPipelineExecutor(stage, tasks=tasks, workers=1, logging_dir=f"{logs}/{i}").run()
end = os.times()
json.dump(end.user + end.system + end.children_user + end.children_system - begin.user - begin.system - begin.children_user - begin.children_system, open(work + "/cpu.json", "w"))
"""


def peer(args, work):
    for folder in ("filtered", "sig", "buckets", "remove", "out", "logs"):
        shutil.rmtree(work / folder, ignore_errors=True)
    (work / "peer.py").write_text(PEER)
    subprocess.run([args.python, str(work / "peer.py"), str(work)], check=True, stderr=open(work / "peer.log", "w"), stdout=subprocess.DEVNULL)
    kept = sum(sum(1 for _ in open(f)) for f in glob.glob(str(work / "out" / "**" / "*.jsonl"), recursive=True))
    return json.loads((work / "cpu.json").read_text()), kept  # from after the imports, which are not the pipeline's work


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--malmoi", default="build/release/bin/malmoi")
    p.add_argument("--python", default="python3")
    p.add_argument("--html", nargs="+", required=True)
    p.add_argument("--sets", nargs="*", default=[])
    p.add_argument("--pages", type=int, default=400)
    p.add_argument("--rounds", type=int, default=2)
    args = p.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        documents, size = write_documents(args, work)
        ours, theirs = [], []
        for round_ in range(args.rounds):  # in turn, so that what else the machine does meets both
            seconds, read, kept = malmoi(args, work, round_)
            assert read == documents, (read, documents)
            ours.append(seconds)
            seconds, peer_kept = peer(args, work)
            theirs.append(seconds)
    result = {"documents": documents, "bytes": size, "malmoi": {"cpu_seconds": ours, "kept": kept}, "datatrove": {"cpu_seconds": theirs, "kept": peer_kept}}
    for side, seconds in (("malmoi", ours), ("datatrove", theirs)):
        result[side]["mb_per_cpu_second"] = size / 1e6 / min(seconds)
    print(json.dumps({"machine": platform.processor() or platform.machine(), "cores": os.cpu_count(), **result, "ratio": min(theirs) / min(ours)}, indent=2))


main()

#!/usr/bin/env python3
"""malmoi data from outside: sizes with units, threads, several processes by their launcher's environment, kills, bad inputs."""
import gzip
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import zipfile

program = sys.argv[1]


def start(*words, **environment):
    return subprocess.Popen([program, "data", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment})


def run(*words, expect=0, **environment):
    process = start(*words, **environment)
    process.out, process.told = process.communicate(timeout=300)
    if process.returncode != expect:
        sys.exit(f"malmoi data {' '.join(map(str, words))}: exit status {process.returncode}, not {expect}\n{process.told}")
    return process


def hashes(folder):
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted(folder.glob("*.jsonl*")) + [folder / "manifest.json"]}


def write_inputs(folder):
    folder.mkdir()
    for part in range(4):
        lines = [{"text": f"문서 {part * 500 + i}번이다. 낱말 {i * i}와 {i % 7}이 든 글이며, and some English words number {i * 3}."} for i in range(500)]
        (folder / f"part-{part}.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines * 20))
    (folder / "cut.txt.gz").write_bytes(b"\x1f\x8b\x08 and no more")


def write_recipe(work, folder):
    """Every stage that compares documents with one another, on `in`."""
    recipe = work / "recipe.json"
    recipe.write_text(json.dumps({"sources": [str(work / "in")], "out": str(folder / "corpus"), "filters": ["repair"],
                                  "dedup": {"near": {"threshold": 0.6, "ngram": 3}, "substring": True}}))
    return recipe


def launchers_share_the_work(work, alone):
    for launcher in ("OMPI_COMM_WORLD_RANK OMPI_COMM_WORLD_SIZE", "SLURM_ARRAY_TASK_ID SLURM_ARRAY_TASK_COUNT"):
        rank, world = launcher.split()
        out = work / rank / "corpus"  # the corpus is named by its folder
        running = [start("build", "--in", work / "in", "--out", out, "--memory-limit", "512MiB", **{rank: str(r), world: "4"}) for r in range(4)]
        told = [p.communicate(timeout=300)[1] for p in running]
        assert {p.returncode for p in running} <= {0, 3}, told
        assert hashes(out) == hashes(alone), f"{launcher}: four processes wrote something else than one"


def neither_threads_nor_kills_show(work):
    run("build", write_recipe(work, work / "one"), "--threads", "1", expect=3)
    whole = hashes(work / "one" / "corpus")
    begun = time.monotonic()
    run("build", write_recipe(work, work / "three"), "--threads", "3", expect=3)
    took = time.monotonic() - begun
    assert hashes(work / "three" / "corpus") == whole, "three threads wrote something else than one"
    recipe, moments = write_recipe(work, work / "killed"), random.Random(1)
    for _ in range(5):
        process = start("build", recipe, "--threads", "2")
        time.sleep(moments.random() * took)
        process.kill()
        process.communicate()
    run("build", recipe, expect=3)
    assert hashes(work / "killed" / "corpus") == whole, "a build that was killed wrote something else"


def bad_inputs_are_named(work):
    odd = work / "odd"
    odd.mkdir()
    (odd / "two\nlines.txt").write_text("A document whose name holds a line break is a document like any other, and is kept.")
    (odd / "pipe").symlink_to("/dev/zero")
    (odd / "damaged.zip").write_bytes(b"PK\x03\x04" + bytes(range(256)) * 4)
    (odd / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"text": "The first of many lines that no longer follow it here."}\n' * 20000)[:900])
    (odd / "bomb.txt.gz").write_bytes(gzip.compress(b"0" * (80 << 20)))
    (odd / "table.parquet").write_bytes(b"PAR1" + bytes(100) + b"PAR1")
    corpus = work / "odd-corpus"
    done = run("build", "--in", odd, "--out", corpus, "--json", expect=3)
    report = json.loads(done.out)
    assert report["inputs"]["skipped"] == 4, report["skipped"]
    assert report["skipped"].get("read.unsupported") == 1, report["skipped"]
    assert report["sources"]["odd"]["documents"] >= 1, report
    told = run("build", "--why", "two\nlines.txt", "--out", corpus)
    assert told.out.count("kept") == 1, told.out
    for name in ("damaged.zip", "cut.jsonl.gz", "bomb.txt.gz", "table.parquet"):
        assert "dropped" in run("build", "--why", name, "--out", corpus).out, name
    dry = json.loads(run("build", "--in", odd, "--out", work / "never", "--dry-run", "100000", "--json").out)
    assert any(d["kept"] and d["id"].endswith("two\nlines.txt") for d in dry["documents"]), dry
    assert not (work / "never").exists() or not any((work / "never").iterdir())


def a_damaged_chapter_does_not_lose_the_book(work):
    shelf = work / "shelf"
    shelf.mkdir()
    with zipfile.ZipFile(shelf / "book.epub", "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("META-INF/container.xml", "<container><rootfiles><rootfile full-path='content.opf'/></rootfiles></container>")
        book.writestr("content.opf", "<package><manifest><item id='a' href='a.html'/><item id='b' href='b.html'/></manifest>"
                                     "<spine><itemref idref='a'/><itemref idref='b'/></spine></package>")
        book.writestr("a.html", "<p>The first chapter can be read, and so it is in the corpus.</p>")
        book.writestr("b.html", " ".join(str(i * i) for i in range(1000)))
        hole = book.getinfo("b.html").header_offset + 300
    content = bytearray((shelf / "book.epub").read_bytes())
    content[hole:hole + 20] = b"\xff" * 20
    (shelf / "book.epub").write_bytes(content)
    kept, lost = map(json.loads, run("extract", shelf / "book.epub", expect=3).out.splitlines())
    assert kept["text"].startswith("The first chapter"), kept
    assert lost["path"].endswith("book.epub/b.html") and lost["dropped"] == "read.damaged", lost
    report = json.loads(run("build", "--in", shelf, "--out", work / "shelf-corpus", "--json", expect=3).out)
    assert report["skipped"] == {"read.damaged": 1} and report["kept"]["documents"] == 1, report


def what_stands_beside_ids_is_not_believed(work):
    (work / "ids.bin").write_bytes(bytes(range(0, 20)) * 2)
    for about in ("x", [1], {"vocab_size": "x"}, {"vocab_size": -1, "end_of_text": 1 << 40}):
        (work / "ids.json").write_text(json.dumps({"dtype": "u16", "tokens": 20, "about": about}))
        run("pack", work / "ids.bin", "--sequence-length", "8", "--out", work / "packed.bin")


def mistakes_take_one_line(work):
    (work / "mistake.yaml").write_text("sources: [in]\nout: x\nfilter: [repair]\n")
    for words, says in ((("build", "--in", work / "in", "--out", work / "x", "--memory-limit", "much"), "much"),
                        (("build", work / "mistake.yaml"), "filters"),
                        (("build", "--in", work / "no\nsuch", "--out", work / "x"), "such")):
        process = start(*words)
        told = process.communicate(timeout=300)[1]
        assert process.returncode in (1, 2) and told.count("\n") == 1 and says in told, told


with tempfile.TemporaryDirectory() as name:
    work = pathlib.Path(name)
    write_inputs(work / "in")
    # 3: done, and some input could not be read.
    run("build", "--in", work / "in", "--out", work / "alone" / "corpus", "--memory-limit", "512MiB", expect=3)
    report = json.loads((work / "alone" / "corpus" / "report.json").read_text())
    assert report["skipped"] == {"read.damaged": 1}, report["skipped"]
    assert report["kept"]["documents"] > 0
    launchers_share_the_work(work, work / "alone" / "corpus")
    neither_threads_nor_kills_show(work)
    bad_inputs_are_named(work)
    a_damaged_chapter_does_not_lose_the_book(work)
    what_stands_beside_ids_is_not_believed(work)
    mistakes_take_one_line(work)
    (work / "lines.txt").write_text("no object\n" * 3000)
    told = run("dedup", work / "lines.txt", expect=1).told
    assert 20 <= told.count("\n") <= 25 and "3000 lines" in told, told
    run("dedup", work / "in" / "part-0.jsonl", "--memory", "64MB", "--report", work / "dedup.json")
    assert json.loads((work / "dedup.json").read_text())["clusters"] > 0
print("sizes, threads, ranks, kills and bad inputs: as documented")

#!/usr/bin/env python3
"""malmoi data from outside: sizes with units, several processes by their launcher's environment, unreadable inputs."""
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

program = sys.argv[1]


def run(*words, expect=0, **environment):
    done = subprocess.run([program, "data", *map(str, words)], capture_output=True, text=True, timeout=300, env={**os.environ, **environment})
    if done.returncode != expect:
        sys.exit(f"malmoi data {' '.join(map(str, words))}: exit status {done.returncode}, not {expect}\n{done.stderr}")
    return done


def hashes(folder):
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted(folder.glob("*.jsonl*")) + [folder / "manifest.json"]}


def write_inputs(folder):
    folder.mkdir()
    for part in range(4):
        lines = [{"text": f"문서 {part * 500 + i}번이다. 낱말 {i * i}와 {i % 7}이 든 글이며, and some English words number {i * 3}."} for i in range(500)]
        (folder / f"part-{part}.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines * 20))
    (folder / "cut.txt.gz").write_bytes(b"\x1f\x8b\x08 and no more")


with tempfile.TemporaryDirectory() as name:
    work = pathlib.Path(name)
    write_inputs(work / "in")
    # 3: done, and some input could not be read.
    run("build", "--in", work / "in", "--out", work / "alone" / "corpus", "--memory-limit", "512MiB", expect=3)
    report = json.loads((work / "alone" / "corpus" / "report.json").read_text())
    assert report["skipped"] == {"read.damaged": 1}, report["skipped"]
    assert report["kept"]["documents"] > 0
    for launcher in ("OMPI_COMM_WORLD_RANK OMPI_COMM_WORLD_SIZE", "SLURM_ARRAY_TASK_ID SLURM_ARRAY_TASK_COUNT"):
        rank, world = launcher.split()
        out = work / rank / "corpus"  # the corpus is named by its folder
        running = [subprocess.Popen([program, "data", "build", "--in", work / "in", "--out", out, "--memory-limit", "512MiB"],
                                    stderr=subprocess.PIPE, env={**os.environ, rank: str(r), world: "4"}) for r in range(4)]
        statuses = [p.wait(300) for p in running]
        assert set(statuses) <= {0, 3}, (statuses, [p.stderr.read().decode() for p in running])
        assert hashes(out) == hashes(work / "alone" / "corpus"), f"{launcher}: four processes wrote something else than one"
    run("dedup", work / "in" / "part-0.jsonl", "--memory", "64MB", "--report", work / "dedup.json")
    assert json.loads((work / "dedup.json").read_text())["clusters"] > 0
    wrong = run("build", "--in", work / "in", "--out", work / "x", "--memory-limit", "much", expect=2)
    assert wrong.stderr.count("\n") == 1, wrong.stderr
print("sizes, ranks and unreadable inputs: as documented")

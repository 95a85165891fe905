#!/usr/bin/env python3
"""Looks through every file of the tree for what must not be published: paths of a developer's machine, unfinished marks,
conflict marks, files too large."""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parent.parent
LARGEST = 3 << 20
unfinished = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X:)")
paths = [r"/(?:home|Users)/[a-z]\w*/", r"/ro" + r"ot/\w"]
# This very checkout and the folder that it lies in, unless that is one of everybody's.
paths.append(re.escape(str(root)) + r"\b")
if str(root.parent) not in ("/", "/src", "/usr/src", "/usr/local/src", "/opt", "/srv", "/tmp", "/var/tmp", "/home", "/root"):
    paths.append(re.escape(str(root.parent)) + r"/[\w-]+")
machine = re.compile(r"(?<![\w.:}$-])(?:" + "|".join(paths) + ")")
conflict = re.compile(r"^(<{7}|>{7}) ", re.M)


def files():
    try:
        listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
        if listed.returncode == 0:
            return [root / name for name in listed.stdout.splitlines()]
    except FileNotFoundError:
        pass  # no git here: a tree that was unpacked from an archive
    skip = {"build", "node_modules", ".quickstart", "runs", "corpus", ".git"}
    return [p for p in root.rglob("*") if p.is_file() and not skip & set(p.relative_to(root).parts)]


problems = []
count = 0
for file in files():
    if not file.is_file():
        continue
    count += 1
    name = file.relative_to(root)
    data = file.read_bytes()
    if len(data) > LARGEST:
        problems.append(f"{name}: {len(data)} bytes; keep test data small")
    if name.parts[:2] in (("tests", "data"), ("tests", "fuzz_seeds")):
        continue  # what documents hold is theirs
    if b"\0" in data[:4096]:
        continue
    text = data.decode("utf-8", "replace")
    minified = name.parts[0] == "web" and "dist" in name.parts
    for pattern, what in ((unfinished, "unfinished"), (machine, "a path of one machine"), (conflict, "a conflict mark")):
        if minified and pattern is unfinished:
            continue
        for found in pattern.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            problems.append(f"{name}:{line}: {what}: {found[0]}")
print("\n".join(problems) or f"{count} files, nothing that does not belong")
sys.exit(bool(problems))

#!/usr/bin/env python3
"""Fails on an #include between folders of src/ that src/layers.txt does not allow, and on a table that is no order."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent / "src"
layers, tests, problems = {}, {}, []
for line in (root / "layers.txt").read_text().splitlines():
    if line.startswith("#") or not line.strip():
        continue
    folder, used = line.split(":")
    for name in used.split():
        if name not in layers:
            problems.append(f"layers.txt: {folder} uses {name}, which does not stand above it")
    if folder.endswith("_test"):
        tests[folder.removesuffix("_test")] = set(used.split())
    else:
        layers[folder] = {folder, *used.split()}
for folder in sorted(p.name for p in root.iterdir() if p.is_dir()):
    if folder not in layers:
        problems.append(f"src/{folder}: not in layers.txt")
        continue
    for file in sorted((root / folder).rglob("*")):
        if file.suffix not in (".h", ".cc", ".inc", ".cu"):
            continue
        allowed = layers[folder] | (tests.get(folder, set()) if file.name.endswith(("_test.cc", "_test.h")) else set())
        for number, text in enumerate(file.read_text().splitlines(), 1):
            found = re.match(r'\s*#\s*include\s+"([^"/]+)/', text)
            if found and found[1] in layers and found[1] not in allowed:
                problems.append(f"{file.relative_to(root.parent)}:{number}: {folder} must not include from {found[1]}")
print("\n".join(problems) or f"{len(layers)} folders, no back edge")
sys.exit(bool(problems))

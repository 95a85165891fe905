#!/usr/bin/env python3
"""Every path that the documents name must exist: links, `src/...` in backquotes, and folder/file in ARCHITECTURE.md."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
problems, count = [], 0
for document in sorted(root.glob("*.md")) + sorted(root.glob("*/README.md")):
    text = document.read_text()
    named = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text)
    quoted = re.findall(r"`([\w./-]+)`", text)
    folders = {p.name for p in (root / "src").iterdir() if p.is_dir()}
    for path in quoted:
        first = path.split("/")[0]
        if first in ("src", "tests", "fuzz", "cmake", "recipes", "bench", "web", "docs") and "/" in path:
            named.append(path)
        elif first in folders and "/" in path and document.name == "ARCHITECTURE.md":
            named.append("src/" + path)
    for path in named:
        count += 1
        if "<" in path or "NAME" in path:
            continue
        if not (document.parent / path).exists() and not (root / path).exists():
            problems.append(f"{document.relative_to(root)}: {path} does not exist")
print("\n".join(problems) or f"{count} paths, all there")
sys.exit(bool(problems))

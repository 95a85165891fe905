#!/usr/bin/env python3
"""Holds the documents to the tree: every path that they name exists (links, `src/...` in backquotes, folder/file in
ARCHITECTURE.md), every command and option of the program is one that it has, every family is named, and both READMEs say the same."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
documents = sorted(root.glob("*.md")) + sorted(root.glob("*/README.md")) + sorted(root.glob("docs/**/*.md"))
problems, count = [], 0


def check_paths(document, text):
    global count
    named = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text)
    folders = {p.name for p in (root / "src").iterdir() if p.is_dir()}
    for path in re.findall(r"`([\w./-]+)`", text):
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


sources = "".join(file.read_text() for file in sorted((root / "src/cli").rglob("*.[hc]*")))
COMMANDS = set(re.findall(r'add_subcommand\("([\w-]+)"', sources))
OPTIONS = set(re.findall(r"--[a-z][\w-]*", sources)) | {"--help", "--version"}
# The numbers of sampling are options by their table: name, and alias as the last of a line.
sampling = (root / "src/chat/sampling.cc").read_text()
OPTIONS |= {"--" + name.replace("_", "-") for name in re.findall(r'{"(\w+)",\s*&Options::|, "(\w+)"}', sampling) for name in name if name}


def check_commands(document, text):
    """`malmoi WORD ...` in backquotes or on a line of its own, and --options on such lines."""
    global count
    calls = re.findall(r"`((?:build/release/bin/)?malmoi [^`\n]*)`", text)
    calls += re.findall(r"^\s*(?:\$ )?((?:build/release/bin/)?malmoi .*)$", text, re.M)
    for call in calls:
        words = call.split()
        count += 1
        if words[1] not in COMMANDS and not words[1].startswith("-") and words[1].islower():
            problems.append(f"{document.relative_to(root)}: there is no command in: {call}")
        for option in re.findall(r"(?<=\s)--[a-z][\w-]*", call.split(" #")[0]):
            if option not in OPTIONS:
                problems.append(f"{document.relative_to(root)}: there is no {option} in: {call}")
    for option in re.findall(r"`(--[a-z][\w-]*)", text):
        if document.parent.name in ("docs", root.name) and document.name != "CONTRIBUTING.md" and option not in OPTIONS:
            scripts = (root / "quickstart.sh").read_text() + (root / "test.sh").read_text()
            if option not in scripts:
                problems.append(f"{document.relative_to(root)}: nothing has the option {option}")


def rows(text):
    """The commands of the table of what works, row by row."""
    cells = [line.split("|")[2] for line in text.splitlines() if line.startswith("|") and "`malmoi" in line]
    return [re.findall(r"`([^`]+)`", cell) for cell in cells]


def check_readmes():
    global count
    english, korean = (root / "README.md").read_text(), (root / "README.ko.md").read_text()
    if rows(english) != rows(korean):
        problems.append("README.md and README.ko.md: the tables of what works name different commands")
    for row in rows(english):
        for cell in row:
            count += 1
            for word in cell.replace("malmoi ", "").split():
                if word.islower() and word not in COMMANDS and "." not in word:
                    problems.append(f"README.md: the table names {word}, which is no command")
    fences = [re.findall(r"^```.*?^```", text, re.M | re.S) for text in (english, korean)]
    if fences[0] != fences[1]:
        problems.append("README.md and README.ko.md: the sessions differ")
    headings = [len(re.findall(r"^## ", text, re.M)) for text in (english, korean)]
    if headings[0] != headings[1]:
        problems.append("README.md and README.ko.md: not the same sections")


def check_families():
    """Every family is named where a training configuration is described."""
    global count
    lines = (root / "docs/training.md").read_text().split("architecture:")[1].split("hidden_size:")[0]
    named = set(re.findall(r"\w+", lines))
    for file in sorted((root / "src/model/families").glob("*.cc")):
        for name in re.findall(r'\.model_type = "(\w+)"', file.read_text()):
            count += 1
            if name not in named:
                problems.append(f"docs/training.md: the family {name} is not among those of `architecture`")


for document in documents:
    text = document.read_text()
    check_paths(document, text)
    check_commands(document, text)
check_readmes()
check_families()
print("\n".join(problems) or f"{count} paths and commands, all there")
sys.exit(bool(problems))

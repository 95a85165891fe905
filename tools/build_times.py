#!/usr/bin/env python3
"""Prints where a build's time went, folder by folder, against the budget that stands in CONTRIBUTING.md.

usage: build_times.py BUILD_FOLDER [--slowest N]      exits 1 where a folder is over its budget

Compile seconds are sums of ninja's log: of processor time where no more jobs ran than there are idle cores, and of
nothing much where ccache answered. Test seconds are those of ctest's last run. So: from an empty ccache, on an idle
machine, `./test.sh release`, and then this.
"""
import argparse
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def compile_seconds(log):
    """Seconds of each object's last compilation, by its path in the build folder."""
    seconds = {}
    for line in log.read_text().splitlines():
        if not line.startswith("#"):
            start, end, _, output, _ = line.split("\t")
            seconds[output] = (int(end) - int(start)) / 1000
    return {output: s for output, s in seconds.items() if output.endswith(".o")}


def test_seconds(log):
    """Seconds of each entry of the last run of ctest."""
    if not log.exists():
        return {}
    found = re.findall(r"^\d+/\d+ Test: (\S+)$|^Test time =\s+([\d.]+) sec", log.read_text(errors="replace"), re.M)
    names = [name for name, _ in found if name]
    return dict(zip(names, (float(s) for _, s in found if s)))


def folder_of_object(path):
    """src/data/CMakeFiles/data_test.dir/html/html_test.cc.o: data, and whether it is a test's."""
    folder = re.match(r"(?:src/)?([a-z_]+)/", path)
    return (folder[1] if folder else "other"), "_test.dir/" in path


def folder_of_test(name):
    """unit.kernels.avx2: kernels; unit.fuzz_seeds.gguf: fuzz; program.resume: program."""
    first, _, rest = name.partition(".")
    return rest.split(".")[0].removesuffix("_seeds") if first == "unit" else first


def budgets():
    """folder: (compile, tests), from the table of CONTRIBUTING.md."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \|$", text, re.M)
    return {folder: (int(compiling), int(testing)) for folder, compiling, testing in rows}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("build", type=pathlib.Path)
    options.add_argument("--slowest", type=int, default=0, metavar="N", help="also name the N slowest objects")
    arguments = options.parse_args()
    log = arguments.build / ".ninja_log"
    if not log.exists():
        sys.exit(f"build_times.py: {log} is not there; build first, e.g. cmake --preset release && cmake --build --preset release")
    objects = compile_seconds(log)
    library, tests, running = collections.Counter(), collections.Counter(), collections.Counter()
    for path, seconds in objects.items():
        folder, is_test = folder_of_object(path)
        (tests if is_test else library)[folder] += seconds
    for name, seconds in test_seconds(arguments.build / "Testing" / "Temporary" / "LastTest.log").items():
        running[folder_of_test(name)] += seconds
    allowed, over = budgets(), []
    print(f"{'folder':<12}{'library':>9}{'its tests':>11}{'compiling':>11}{'budget':>8}{'testing':>9}{'budget':>8}")
    for folder in sorted({*library, *tests, *running}, key=lambda f: -library[f] - tests[f] - running[f]):
        compiling = library[folder] + tests[folder]
        limits = allowed.get(folder)
        if limits is None or compiling > limits[0] or running[folder] > limits[1]:
            over.append(folder + (" (not in the table)" if limits is None else ""))
        shown = limits or ("-", "-")
        print(f"{folder:<12}{library[folder]:>9.1f}{tests[folder]:>11.1f}{compiling:>11.1f}{shown[0]:>8}{running[folder]:>9.1f}{shown[1]:>8}")
    total = sum(library.values()) + sum(tests.values())
    print(f"{'all':<12}{sum(library.values()):>9.1f}{sum(tests.values()):>11.1f}{total:>11.1f}{'':>8}{sum(running.values()):>9.1f}")
    for path in sorted(objects, key=objects.get, reverse=True)[:arguments.slowest]:
        print(f"{objects[path]:8.1f} s  {path}")
    if over:
        print("over budget: " + ", ".join(over))
    return bool(over)


sys.exit(main())

#!/usr/bin/env python3
"""Installs the built program into an empty folder, runs it from there, and undoes it: nothing may be left."""
import json
import pathlib
import subprocess
import sys
import tempfile

build = pathlib.Path(sys.argv[1])
with tempfile.TemporaryDirectory() as folder:
    prefix = pathlib.Path(folder) / "prefix"
    run = lambda *command: subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    run("cmake", "--install", str(build), "--prefix", str(prefix))
    program = prefix / "bin" / "malmoi"
    assert "0." in run(str(program), "--version").stdout
    assert json.loads(run(str(program), "doctor", "--json").stdout)["isa"]
    installed = [p for p in prefix.rglob("*") if p.is_file()]
    assert any(p.name == "LICENSE" for p in installed), installed
    run("cmake", "--build", str(build), "--target", "uninstall")
    left = [str(p) for p in prefix.rglob("*") if p.is_file() or p.name == "malmoi"]
    assert not left, f"left behind: {left}"
    again = subprocess.run(["cmake", "--build", str(build), "--target", "uninstall"], capture_output=True)
    assert again.returncode != 0, "a second undoing has nothing to undo and must say so"
print(f"{len(installed)} files installed and removed")

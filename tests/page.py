#!/usr/bin/env python3
"""The web page in a real browser: starts the server on a tiny model and runs page_test.mjs. Exits 77 (skipped) where
playwright-core is not installed in web/. Usage: page.py MALMOI FOLDER NODE CHROMIUM [FOLDER for screenshots]"""
import pathlib
import subprocess
import sys

import serve_support

tests = pathlib.Path(__file__).resolve().parent
malmoi, folder, node, chromium, *shots = sys.argv[1:]
if not (tests.parent / "web" / "node_modules" / "playwright-core").exists():
    print("skipped: run `npm ci` in web/ first")
    sys.exit(77)
with serve_support.server(malmoi, folder) as url:
    result = subprocess.run([node, tests / "page_test.mjs", url, chromium, *shots], timeout=300).returncode
sys.exit(result)

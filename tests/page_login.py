#!/usr/bin/env python3
"""The page of a server that asks for keys, in a real browser: page_login.mjs gives it one. Exits 77 (skipped) where playwright-core is
not installed in web/. Usage: page_login.py MALMOI FOLDER NODE CHROMIUM"""
import pathlib
import subprocess
import sys
import tempfile

import serve_support

tests = pathlib.Path(__file__).resolve().parent
malmoi, folder, node, chromium = sys.argv[1:]
if not (tests.parent / "web" / "node_modules" / "playwright-core").exists():
    print("skipped: run `npm ci` in web/ first")
    sys.exit(77)
with tempfile.TemporaryDirectory() as scratch:
    keys = pathlib.Path(scratch) / "keys.json"
    key = subprocess.run([malmoi, "key", "create", "page", "--keys", keys], check=True, capture_output=True, text=True).stdout.strip()
    with serve_support.server(malmoi, folder, "--keys", keys) as url:
        result = subprocess.run([node, tests / "page_login.mjs", url, chromium, key], timeout=300).returncode
sys.exit(result)

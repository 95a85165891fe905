#!/usr/bin/env python3
"""A client library for Node against `malmoi serve`: runs tests/clients/NAME.mjs. Usage: node_client.py MALMOI FOLDER NODE NAME.
Exits 77 (skipped) where the packages of tests/clients/package.json are not installed."""
import pathlib
import subprocess
import sys

import serve_support

malmoi, folder, node, name = sys.argv[1:]
clients = pathlib.Path(__file__).resolve().parent / "clients"
if not (clients / "node_modules" / ".package-lock.json").exists():
    print("skipped: the packages of tests/clients are not installed (npm ci --prefix tests/clients)")
    sys.exit(77)

key_file = pathlib.Path(folder) / "node_keys"
key_file.parent.mkdir(parents=True, exist_ok=True)
key_file.write_text("secret\n")
# The template that takes functions: what is not about them is the same with it.
with serve_support.server(malmoi, folder, "--name", "tiny", "--api-key-file", key_file, template=serve_support.CALLS) as url:
    subprocess.run([node, clients / (name + ".mjs"), url, "tiny", "secret"], check=True, timeout=300)

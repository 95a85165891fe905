#!/usr/bin/env python3
"""The web page in a real browser: starts the server on a tiny model and runs page_test.mjs. Exits 77 (skipped) where
playwright-core is not installed in web/. Usage: page.py MALMOI FOLDER NODE CHROMIUM [FOLDER for screenshots] [--page web/dist]

--page: the page of a folder before the program's API, in place of the page that was built into the program."""
import argparse
import contextlib
import pathlib
import subprocess
import sys

import serve_support

TESTS = pathlib.Path(__file__).resolve().parent


@contextlib.contextmanager
def page_before(node, folder, url):
    """Serves the page in `folder`, with the API of the program at `url`; gives the address of both."""
    if not folder:
        yield url
        return
    process = subprocess.Popen([node, TESTS / "page_proxy.mjs", folder, url], stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(timeout=10)


def main():
    parser = argparse.ArgumentParser()
    for name in ("malmoi", "folder", "node", "chromium"):
        parser.add_argument(name)
    parser.add_argument("shots", nargs="*")
    parser.add_argument("--page")
    options = parser.parse_args()
    if not (TESTS.parent / "web" / "node_modules" / "playwright-core").exists():
        print("skipped: run `npm ci` in web/ first")
        return 77
    with serve_support.server(options.malmoi, options.folder) as url, page_before(options.node, options.page, url) as address:
        return subprocess.run([options.node, TESTS / "page_test.mjs", address, options.chromium, *options.shots], timeout=300).returncode


sys.exit(main())

#!/usr/bin/env python3
"""The pages of training and data in a real browser: two finished runs, one at work, a corpus, and train_page_test.mjs; before it, the
calls below /runs and /data by hand. Exits 77 (skipped) where playwright-core is not installed in web/, after the calls.
Usage: train_page.py MALMOI FOLDER NODE CHROMIUM [FOLDER for screenshots]"""
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import serve_support

tests = pathlib.Path(__file__).resolve().parent
malmoi, folder, node, chromium, *shots = sys.argv[1:]
LIVE_STEPS = 10_000_000  # more than are ever done


def train(config, name, steps, lr, out):
    file = out.parent / f"{name}.yaml"
    text = config.replace("steps: 150", f"steps: {steps}").replace("lr: 5e-3", f"lr: {lr}").replace("eval_every: 150", "eval_every: 20").replace("save_every: 150", "save_every: 50")
    text = text[: text.index("out: ")] + f'samples: {{prompts: ["오늘 날씨가"], tokens: 24}}\nout: {out / name}\n'
    file.write_text(text)
    return [malmoi, "train", file, "--threads", "1"]


def build_corpus(root):
    documents = root / "documents"
    documents.mkdir()
    for i, sentence in enumerate(serve_support.SENTENCES):
        (documents / f"{i}.txt").write_text("\n\n".join(f"{sentence} {k}번째 문단입니다." for k in range(4)))
    for i in range(3):
        (documents / f"short{i}.txt").write_text("짧다")
    subprocess.run([malmoi, "data", "build", "--in", documents, "--out", root / "data" / "small", "--threads", "1"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def get(url, path):
    return json.load(urllib.request.urlopen(url + path, timeout=30))


def status(url, path, body=None):
    request = urllib.request.Request(url + path, data=None if body is None else json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    try:
        return urllib.request.urlopen(request, timeout=30).status
    except urllib.error.HTTPError as error:
        return error.code


def calls(url):
    runs = {run["name"]: run for run in get(url, "runs")["runs"]}
    assert set(runs) == {"first", "second", "live"}, runs
    assert runs["first"]["state"] == "finished" and runs["live"]["state"] == "running", runs
    assert runs["live"]["total_steps"] == LIVE_STEPS and runs["live"]["parameters"] == runs["first"]["parameters"] > 0, runs
    metrics = get(url, "runs/first/metrics")
    assert len(metrics["series"]["loss"]["points"]) == 60 and metrics["samples"], metrics
    for path in ("runs/..%2Fdata", "runs/%2Fetc", "runs/nothing", "data/..", "data/small%2F..", "runs/first/nothing"):
        assert status(url, path) == 404, path
    assert status(url, "runs/first/resume", {}) == 409, "it is finished"
    dropped = get(url, "data/small/documents?kept=false&reason=min_characters")
    assert len(dropped["documents"]) == 3 and all(d["dropped"] for d in dropped["documents"]), dropped
    assert len(get(url, "data/small/documents")["documents"]) == get(url, "data")["corpora"][0]["documents"]
    with urllib.request.urlopen(url + "runs/live/events", timeout=30) as events:
        names = set()
        end = time.monotonic() + 30
        while not {"run", "points", "samples"} <= names and time.monotonic() < end:
            line = events.readline().decode()
            if line.startswith("event: "):
                names.add(line[7:].strip())
    assert {"run", "points", "samples"} <= names, names


serve_support.tiny_model(malmoi, folder)
config = (pathlib.Path(folder) / "train.yaml").read_text()
root = pathlib.Path(folder).resolve() / "shown"
shutil.rmtree(root, ignore_errors=True)
runs = root / "runs"
runs.mkdir(parents=True)
build_corpus(root)
for name, lr in (("first", "5e-3"), ("second", "2e-3")):
    subprocess.run(train(config, name, 60, lr, runs), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
live = subprocess.Popen(train(config, "live", LIVE_STEPS, "1e-4", runs), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
result = 77
try:
    with serve_support.server(malmoi, folder, "--runs", runs, "--data", root / "data", "--allow-training") as url:
        end = time.monotonic() + 60
        while not (runs / "live" / "samples.jsonl").exists() and time.monotonic() < end:
            time.sleep(0.1)
        calls(url)
        if (tests.parent / "web" / "node_modules" / "playwright-core").exists():
            result = subprocess.run([node, tests / "train_page_test.mjs", url, chromium, *shots], timeout=300).returncode
            assert result or live.wait(timeout=60) != 0, "the run that was stopped from the page did not end"
        else:
            print("skipped: run `npm ci` in web/ first")
    with serve_support.server(malmoi, folder) as url:
        assert status(url, "runs") == 404 and status(url, "data") == 404, "nothing is shown unless it is asked for"
finally:
    if live.poll() is None:
        live.send_signal(signal.SIGTERM)
        live.wait(timeout=60)
sys.exit(result)

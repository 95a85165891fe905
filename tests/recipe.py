#!/usr/bin/env python3
"""Runs a recipe from outside: killed at a random moment of training it goes on to the same bits; run again it does nothing;
a changed setting runs what depends on it; a corpus and its tokenizer are made again when a document comes; stages of every
kind follow each other, from documents to samples."""
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

program = pathlib.Path(sys.argv[1]).resolve()
STEPS = 150
RECIPE = """
schema_version: 1
work: {work}
stages:
  - name: corpus
    kind: data
    settings: {{sources: [docs]}}
  - name: tokenizer
    kind: tokenizer
    inputs: [{work}/corpus]
    settings: {{type: bpe, vocab_size: 270}}
  - name: train
    kind: train
    settings:
      schema_version: 1
      model: {{architecture: llama, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 2,
               max_position_embeddings: 32}}
      tokenizer: {{type: char}}
      data: {{train: [text.txt], valid_fraction: 0.1, sequence_length: 32}}
      train: {{batch_size: 4, steps: %d, dtype: f32, eval_every: 50, save_every: 20, seed: 3}}
      samples: {{prompts: ["the "], tokens: 4}}
  - name: sample
    kind: sample
    settings: {{model: {work}/train/model, prompts: ["the "], max_tokens: {tokens}}}
""" % STEPS


EVERY_KIND = """
schema_version: 1
work: all
stages:
  - {name: corpus, kind: data, settings: {sources: [{name: texts, paths: papers}], split: {valid: 0.2}}}
  - {name: tokenizer, kind: tokenizer, inputs: [all/corpus], settings: {type: bpe, vocab_size: 280}}
  - name: train
    kind: train
    settings:
      schema_version: 1
      model: {architecture: llama, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 1, num_attention_heads: 2,
              max_position_embeddings: 32}
      tokenizer: all/tokenizer
      data: {train: [all/corpus], sequence_length: 32}
      train: {batch_size: 4, steps: 10, dtype: f32, seed: 3}
  - {name: evaluate, kind: evaluate, settings: {model: all/train/model, corpus: all/corpus}}
  - {name: sample, kind: sample, settings: {model: all/train/model, prompts: ["the "], max_tokens: 8}}
"""


def every_kind(folder, sentence):
    """Documents to samples; again, when nothing changed; and again, in the folders that hold what is replaced."""
    (folder / "papers").mkdir()
    write = lambda n: [(folder / "papers" / f"{i}.txt").write_text(f"This is document {i}. " + sentence() + ".") for i in range(n)]
    (folder / "all.yaml").write_text(EVERY_KIND)

    def ran():
        result = subprocess.run([str(program), "run", "all.yaml", "--json", "--threads", "1"], cwd=folder, capture_output=True, text=True, timeout=300)
        assert result.returncode == 0, result.stderr
        return [stage["ran"] for stage in json.loads(result.stdout)["stages"]]

    write(40)
    assert ran() == [True] * 5
    assert ran() == [False] * 5
    write(50)
    assert ran() == [True] * 5


def command(folder, work, tokens=8):
    (folder / f"{work}.yaml").write_text(RECIPE.format(work=work, tokens=tokens))
    return [str(program), "run", f"{work}.yaml", "--json", "--threads", "1"]


def run(folder, work, **options):
    result = subprocess.run(command(folder, work, **options), cwd=folder, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return {stage["name"]: stage for stage in json.loads(result.stdout)["stages"]}


def steps_of(file):
    """What must be the same: all but the speed."""
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "tokens_per_second"} for line in lines]


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    words = "the cat sat on a mat and saw that the rat ran off with his hat".split()
    choose = random.Random(7)
    (folder / "text.txt").write_text(" ".join(choose.choice(words) for _ in range(6000)))
    (folder / "docs").mkdir()
    for i in range(10):
        (folder / "docs" / f"{i}.txt").write_text(" ".join(choose.choice(words) for _ in range(200)))
    every_kind(folder, lambda: " ".join(choose.choice(words) for _ in range(100)))

    whole = run(folder, "whole")
    assert all(stage["ran"] for stage in whole.values()), whole
    expected = steps_of(folder / "whole/train/metrics.jsonl")
    assert [line["step"] for line in expected] == list(range(STEPS))

    kills = 0
    metrics = folder / "killed/train/metrics.jsonl"
    for target in sorted(random.sample(range(5, STEPS - 20), 3)):
        process = subprocess.Popen(command(folder, "killed"), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        while process.poll() is None and not (metrics.exists() and metrics.read_bytes().count(b"\n") >= target):
            time.sleep(0.002)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate()
    outcome = run(folder, "killed")
    assert kills > 0 and (outcome["train"]["ran"] and outcome["train"]["reason"] == "was interrupted"), (kills, outcome)
    assert steps_of(metrics) == expected, "a run that was killed must leave the same metrics"
    assert outcome["sample"]["result"] == whole["sample"]["result"]
    samples = lambda work: (folder / work / "train/samples.jsonl").read_text()
    assert samples("killed") == samples("whole"), "each sample once"

    assert not any(stage["ran"] for stage in run(folder, "whole").values()), "nothing changed"
    changed = run(folder, "whole", tokens=12)
    assert not changed["train"]["ran"] and changed["sample"]["ran"], changed
    assert changed["sample"]["reason"] == "settings.max_tokens changed", changed
    (folder / "docs" / "new.txt").write_text("a document that was not there before, of some words")
    again = run(folder, "whole")
    assert again["corpus"]["ran"] and again["tokenizer"]["ran"] and not again["train"]["ran"], again
    (folder / "text.txt").write_text("the cat " * 3000)
    assert run(folder, "whole")["train"]["reason"] == "text.txt changed"
print(f"killed {kills} times; every step once and the same")

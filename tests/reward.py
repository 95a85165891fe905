#!/usr/bin/env python3
"""malmoi reward from outside: a table, one JSON object, the exit status, and what is said of mistakes."""
import json
import pathlib
import subprocess
import sys
import tempfile

program = sys.argv[1]


def run(*words, expect=0, given=""):
    done = subprocess.run([program, "reward", *map(str, words)], input=given, capture_output=True, text=True, timeout=120)
    if done.returncode != expect:
        sys.exit(f"malmoi reward {' '.join(map(str, words))}: exit status {done.returncode}, not {expect}\n{done.stderr}")
    return done


JUDGE = """import json, sys
for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps({"reward": len(request["completion"]) / 2}), flush=True)
"""

with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    (folder / "judge.py").write_text(JUDGE)
    config = folder / "config.yaml"
    config.write_text(f"""rewards:
  - {{type: number, weight: 2}}
  - {{type: program, command: [{json.dumps(sys.executable)}, {json.dumps(str(folder / 'judge.py'))}], name: own}}
""")
    rows = folder / "rows.jsonl"
    rows.write_text('{"prompt": "2+2", "completion": "4", "answer": 4}\n{"completion": "no", "answer": 4}\n')

    told = json.loads(run(config, rows, "--json").stdout)
    assert [row["reward"] for row in told["rows"]] == [2.5, 1.0], told
    assert told["rows"][1] == {"line": 2, "reward": 1.0, "reward_number": 0.0, "reward_own": 1.0}, told
    assert {r["name"]: r["mean"] for r in told["rewards"]} == {"number": 0.5, "own": 0.75}, told
    assert told["reward"] == 1.75, told

    table = run(config, "--limit", "1", given=rows.read_text()).stdout.splitlines()
    assert table[0] == "rows" and table[1].split() == ["line", "reward", "reward_number", "reward_own"], table
    assert table[2].split()[0] == "1" and table[-1].split() == ["reward", "2.5"], table

    rows.write_text('{"completion": "4"}\n')
    done = run(config, rows, "--json", expect=3)
    assert "column 'answer' is not there" in json.loads(done.stdout)["rows"][0]["failed"], done.stdout
    assert done.stderr.count("warning") == 1 and "reward number" in done.stderr, done.stderr

    config.write_text("rewards: [{type: numbre}]\n")
    done = run(config, rows, expect=2)
    assert "config.yaml:1: rewards[0].type" in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    assert "missing.yaml" in run(folder / "missing.yaml", rows, expect=1).stderr
    config.write_text("rewards: [{type: exact}]\n")
    assert "missing.jsonl" in run(config, folder / "missing.jsonl", expect=1).stderr
print("malmoi reward says what rewards say")

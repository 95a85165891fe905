#!/bin/sh
# Training a byte-level BPE: Malmoi, rustbpe and Hugging Face tokenizers in alternation on the same text, on one core.
#
#   bench/tokenizer_train.sh TEXT PYTHON [VOCAB_SIZE] [ROUNDS]
#
# TEXT: UTF-8, documents separated by empty lines. PYTHON: an interpreter that has rustbpe and tokenizers.
# Prints a JSON line a run (seconds of processor time and of the clock, reading and counting included) and the best of
# each. MALMOI names the program (default: build/release/bin/malmoi).
set -eu
text=$1 python=$2 size=${3:-8192} rounds=${4:-3}
malmoi=${MALMOI:-build/release/bin/malmoi}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$python" - "$text" "$scratch/documents.jsonl" <<'PY'
import json, sys
with open(sys.argv[1], encoding="utf-8") as source, open(sys.argv[2], "w", encoding="utf-8") as out:
    for document in source.read().split("\n\n"):
        if document:
            out.write(json.dumps({"text": document}, ensure_ascii=False) + "\n")
PY

cat > "$scratch/peer.py" <<'PY'
import json, os, sys, time
kind, path, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.environ["RAYON_NUM_THREADS"], os.environ["TOKENIZERS_PARALLELISM"] = "1", "false"
PATTERN = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
documents = [json.loads(line)["text"] for line in open(path, encoding="utf-8")]
clock, cpu = time.perf_counter(), time.process_time()
if kind == "rustbpe":
    import rustbpe
    rustbpe.Tokenizer().train_from_iterator(iter(documents), vocab_size=size, pattern=PATTERN)
else:
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers as p, trainers
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = p.Sequence([p.Split(Regex(PATTERN), "isolated"), p.ByteLevel(False, use_regex=False)])
    t.train_from_iterator(iter(documents), trainers.BpeTrainer(vocab_size=size, initial_alphabet=p.ByteLevel.alphabet(), show_progress=False))
print(json.dumps({"who": kind, "cpu_seconds": round(time.process_time() - cpu, 4), "seconds": round(time.perf_counter() - clock, 4)}))
PY

cat > "$scratch/ours.py" <<'PY'
import json, resource, subprocess, sys, time
clock = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"who": "malmoi, whole program", "cpu_seconds": round(used.ru_utime + used.ru_stime, 4),
                  "seconds": round(time.perf_counter() - clock, 4)}))
PY

round=0
while [ "$round" -lt "$rounds" ]; do
  "$python" "$scratch/ours.py" "$malmoi" tokenizer train --in "$scratch/documents.jsonl" --type bpe --vocab-size "$size" \
    --threads 1 --out "$scratch/out"
  "$python" -c "
import json, sys
report = json.load(open(sys.argv[1]))
print(json.dumps({'who': 'malmoi', 'cpu_seconds': round(report['cpu_seconds'], 4),
                  'seconds': round(report['counting_seconds'] + report['learning_seconds'], 4)}))" "$scratch/out/training.json"
  for peer in rustbpe huggingface; do "$python" "$scratch/peer.py" "$peer" "$scratch/documents.jsonl" "$size"; done
  round=$((round + 1))
done | tee "$scratch/runs"

"$python" - "$scratch/runs" <<'PY'
import json, sys
best = {}
for line in open(sys.argv[1]):
    run = json.loads(line)
    for key in ("cpu_seconds", "seconds"):
        slot = best.setdefault(run["who"], {})
        slot[key] = min(slot.get(key, 1e9), run[key])
print(json.dumps({"best": best}))
PY

"""Unigram training, Malmoi against sentencepiece: the same lines, size and settings (identity normalisation, no byte pieces).

    python3 bench/unigram_train.py TEXT [--vocab-size 8000]

TEXT is UTF-8; lines of more than 4,192 bytes are left out of both, as sentencepiece does. Prints a JSON object: for both, the
log-likelihood of the words (nats, summed over all ways to spell a word; words with a character that has no piece are left
out), the tokens of the most likely spellings and the processor seconds on one thread; the pieces that both have. Needs
sentencepiece in the interpreter it is run by. MALMOI names the program (default: build/release/bin/malmoi)."""
import argparse
import collections
import json
import math
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

MARK = "\u2581"
SPM = """
import sys, sentencepiece
sentencepiece.SentencePieceTrainer.train(input=sys.argv[1], model_prefix=sys.argv[2], vocab_size=int(sys.argv[3]),
    model_type="unigram", normalization_rule_name="identity", num_threads=1, minloglevel=2)
"""


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def log_sum(a, b):
    return max(a, b) + math.log1p(math.exp(-abs(a - b))) if min(a, b) > -math.inf else max(a, b)


def measure(pieces, words):
    """The log-likelihood and the tokens of counted words."""
    longest, likelihood, tokens = max(map(len, pieces)), 0.0, 0
    for word, count in words.items():
        size = len(word)
        total, best, used = [0.0] + [-math.inf] * size, [0.0] + [-math.inf] * size, [0] * (size + 1)
        for begin in range(size):
            if total[begin] == -math.inf:
                continue
            for end in range(begin + 1, min(size, begin + longest) + 1):
                score = pieces.get(word[begin:end])
                if score is None:
                    continue
                total[end] = log_sum(total[end], total[begin] + score)
                if best[begin] + score > best[end]:
                    best[end], used[end] = best[begin] + score, used[begin] + 1
        if total[size] > -math.inf:
            likelihood += count * total[size]
            tokens += count * used[size]
    return likelihood, tokens


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("--vocab-size", type=int, default=8000)
    options = parser.parse_args()
    malmoi = os.environ.get("MALMOI", "build/release/bin/malmoi")
    lines = [line for line in options.text.read_text().split("\n") if line.strip() and len(line.encode()) <= 4192]
    words = collections.Counter(MARK + word for line in lines for word in line.split(" ") if word)
    with tempfile.TemporaryDirectory() as scratch:
        text = pathlib.Path(scratch) / "text.txt"
        text.write_text("\n".join(lines) + "\n")
        size = str(options.vocab_size)
        seconds = {
            "sentencepiece": cpu_seconds([sys.executable, "-c", SPM, str(text), f"{scratch}/spm", size]),
            "malmoi": cpu_seconds([malmoi, "tokenizer", "train", "--in", str(text), "--lines", "--type", "unigram", "--vocab-size",
                                   size, "--no-byte-fallback", "--threads", "1", "--out", f"{scratch}/malmoi"]),
        }
        model = json.loads(pathlib.Path(scratch, "malmoi/tokenizer.json").read_text())["model"]
        entries = (line.split("\t") for line in pathlib.Path(scratch, "spm.vocab").read_text().split("\n") if line)
        pieces = {"sentencepiece": {piece: float(score) for piece, score in entries}, "malmoi": dict(model["vocab"])}
    report = {"vocab_size": options.vocab_size, "words": sum(words.values())}
    for name, vocabulary in pieces.items():
        for special in ("<unk>", "<s>", "</s>"):
            vocabulary.pop(special, None)
        likelihood, tokens = measure(vocabulary, words)
        report[name] = {"log_likelihood": likelihood, "tokens": tokens, "pieces": len(vocabulary), "seconds": seconds[name]}
    theirs, ours = report["sentencepiece"]["log_likelihood"], report["malmoi"]["log_likelihood"]
    report["common_pieces"] = len(pieces["malmoi"].keys() & pieces["sentencepiece"].keys())
    report["likelihood_percent_apart"] = 100 * abs(ours - theirs) / abs(theirs)
    print(json.dumps(report, indent=1))
    return int(report["likelihood_percent_apart"] > 0.5)


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Trains a tokenizer of every kind and opens what was written with tokenizers, tiktoken and sentencepiece: the same ids, the
same text back.

usage: tokenizers_agree.py MALMOI      exits 77 where none of those packages can be imported
"""
import base64
import importlib
import json
import pathlib
import random
import subprocess
import sys
import tempfile

MALMOI = sys.argv[1]


def package(name):
    try:
        return importlib.import_module(name)
    except ImportError as error:
        print(f"not compared with {name}: {error}")
        return None


TOKENIZERS, TIKTOKEN, SENTENCEPIECE = map(package, ("tokenizers", "tiktoken", "sentencepiece"))
if not (TOKENIZERS or TIKTOKEN or SENTENCEPIECE):
    sys.exit(77)

# name: the options of its training
KINDS = {
    "bpe": [],
    "bpe-gpt2": ["--pattern", "gpt2", "--byte-order", "value"],
    "bpe-own-pattern": ["--pattern", r"\p{L}+|\p{N}{1,2}|[^\p{L}\p{N}]+"],
    "bpe-nfc-digits": ["--normalization", "nfc", "--split-digits"],
    "bpe-characters": ["--type", "bpe", "--characters"],
    "unigram": ["--type", "unigram"],
    "wordpiece": ["--type", "wordpiece"],
    "wordpiece-uncased": ["--type", "wordpiece", "--lowercase"],
    "wordlevel": ["--type", "wordlevel"],
    "char": ["--type", "char"],
}
EXACT = {"bpe", "bpe-gpt2", "bpe-own-pattern"}  # the text comes back to the byte


def malmoi(*args, stdin=None):
    done = subprocess.run([MALMOI, *map(str, args)], input=stdin, capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


def corpus():
    nouns = ["말모이", "사전", "낱말", "모델", "언어", "글", "words", "models", "dictionary", "Don't", "l'été", "naïve", "3.14", "2026년", "語"]
    verbs = ["모은다", "가르친다.", "읽었다,", "gathers", "reads", "writes;", "(쓴다)", "“says”", "—", "...", "A/B", "x_1=y", "\t", "  "]
    rng = random.Random(1)
    return "".join(" ".join(rng.choice(nouns if i % 2 else verbs) for i in range(rng.randrange(3, 12))) + "\n" for _ in range(4000))


def texts():
    rng = random.Random(2)
    parts = ["말모이", "갉", "words", " ", "  ", "\n", "Ünï", "12345", "😀", "漢字", "e\u0301", "각", "'s", "'LL", "…", "\u3000", "$x", "ß"]
    made = ["".join(rng.choice(parts) for _ in range(rng.randrange(1, 15))) for _ in range(300)]
    return ["오늘 날씨가 너무 좋아서 gathers words, don't 낱말 123!", " leading and trailing ", "한국어를 가르친다.", *made]


def run(lines, *args):
    """JSON lines through a command of `malmoi tokenizer`."""
    code, out, err = malmoi("tokenizer", *args, "--jsonl", stdin="".join(json.dumps(line) + "\n" for line in lines).encode())
    assert code == 0, err
    return [json.loads(line) for line in out.decode().splitlines()]


def against_tokenizers(name, folder, ids, decoded):
    theirs = TOKENIZERS.Tokenizer.from_file(str(folder / "tokenizer.json"))
    for text, mine, back in zip(TEXTS, ids, decoded):
        other = theirs.encode(text, add_special_tokens=False).ids
        assert mine == other, f"{name}: {text!r}: {mine}, tokenizers {other}"
        other = theirs.decode(mine, skip_special_tokens=False)
        assert back == other, f"{name}: {mine}: {back!r}, tokenizers {other!r}"


def against_tiktoken(name, folder, ids):
    out = folder / "tiktoken"
    code, _, err = malmoi("tokenizer", "export", "--tokenizer", folder, "--to", "tiktoken", "--out", out)
    assert code == 0, f"{name}: {err}"
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in next(out.glob("*.tiktoken")).read_bytes().splitlines())}
    about = json.loads((out / "pattern.json").read_text())
    theirs = TIKTOKEN.Encoding(name, pat_str=about["pattern"], mergeable_ranks=ranks, special_tokens={})
    for text, mine in zip(TEXTS, ids):
        other = theirs.encode_ordinary(text)
        assert mine == other, f"{name}: {text!r}: {mine}, tiktoken {other}"


def against_sentencepiece(name, folder, ids):
    out = folder / "exported.model"
    code, _, err = malmoi("tokenizer", "export", "--tokenizer", folder, "--to", "sentencepiece", "--out", out)
    assert code == 0, f"{name}: {err}"
    theirs = SENTENCEPIECE.SentencePieceProcessor(model_file=str(out))
    for text, mine in zip(TEXTS, ids):
        other = theirs.encode(text)
        assert mine == other, f"{name}: {text!r}: {mine}, sentencepiece {other}"


TEXTS = texts()
with tempfile.TemporaryDirectory() as scratch:
    scratch = pathlib.Path(scratch)
    (scratch / "text.txt").write_text(corpus())
    for name, options in KINDS.items():
        folder = scratch / name
        code, _, err = malmoi("tokenizer", "train", "--in", scratch / "text.txt", "--vocab-size", 500, *options, "--out", folder)
        assert code == 0, f"{name}: {err}"
        ids = run(TEXTS, "encode", "--tokenizer", folder, "--plain")
        decoded = run(ids, "decode", "--tokenizer", folder)
        if name in EXACT:
            assert decoded == TEXTS, next(f"{name}: {b!r} for {a!r}" for a, b in zip(TEXTS, decoded) if a != b)
        if TOKENIZERS:
            against_tokenizers(name, folder, ids, decoded)
        if TIKTOKEN and name in ("bpe", "bpe-gpt2"):
            against_tiktoken(name, folder, ids)
        if SENTENCEPIECE and name in ("bpe-characters", "unigram"):
            against_sentencepiece(name, folder, ids)
        print(f"{name}: {len(ids)} texts, {sum(map(len, ids))} tokens alike")

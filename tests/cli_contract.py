#!/usr/bin/env python3
"""Walks every command of the program: help with an example, exit codes, errors of one line, stdout clean."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())


def run(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, **options)


def commands_below(path):
    """Names under "Subcommands:" of a --help text."""
    text = run(*path, "--help").stdout
    found = re.search(r"^Subcommands:\n((?:^ .*\n?)*)", text, re.M)
    return re.findall(r"^  ([a-z][\w-]*)", found[1], re.M) if found else []


def all_commands():
    todo, done = [()], []
    while todo:
        path = todo.pop()
        done.append(path)
        todo += [path + (name,) for name in commands_below(path)]
    return sorted(done)


class Contract(unittest.TestCase):
    commands = all_commands()

    def assert_one_line_error(self, result, codes, what):
        self.assertIn(result.returncode, codes, (what, result.stderr))
        self.assertEqual(result.stdout, "", what)
        lines = [line for line in result.stderr.splitlines() if not line.startswith("warning: ")]
        self.assertEqual(len(lines), 1, (what, result.stderr))
        self.assertTrue(lines[0].startswith("malmoi: "), (what, result.stderr))

    def test_the_walk_finds_commands(self):
        self.assertIn(("doctor",), self.commands)

    def test_help_has_an_example(self):
        for path in self.commands:
            with self.subTest(command=path):
                result = run(*path, "--help")
                self.assertEqual(result.returncode, 0)
                self.assertEqual(result.stderr, "")
                self.assertRegex(result.stdout, r"Examples?:.*\bmalmoi ")

    def test_wrong_usage_is_exit_2_and_one_line(self):
        for path in self.commands:
            with self.subTest(command=path):
                self.assert_one_line_error(run(*path, "--no-such-option"), (2,), path)

    def test_what_is_misspelt_is_named_with_the_nearest(self):
        tries = {("trian",): "did you mean 'train'", ("tokenizer", "enocde"): "did you mean 'encode'", ("generate", "--modle", "x"): "did you mean '--model'",
                 ("generate", "--model", "x", "--promt=y"): "did you mean '--prompt'", ("generate", "--model", "x", "y"): "'y'", (): "train",
                 ("tokenizer",): "encode", ("nonsense",): "'nonsense'", ("tokenizer", "train", "--in", "x", "--out", "y", "--type", "xyz"): "unigram",
                 ("eval", "--model", "x", "--text", "y", "--window", "0"): "--window", ("serve", "--model", "x", "--port", "65536"): "65535",
                 ("data", "build", "--in", "x", "--out", "y", "--rank", "-2"): "--rank"}
        for arguments, says in tries.items():
            with self.subTest(command=arguments):
                result = run(*arguments)
                self.assert_one_line_error(result, (2,), arguments)
                self.assertIn(says, result.stderr)
                self.assertLess(len(result.stderr), 300, "short enough to read")

    def test_a_wrong_number_of_threads_is_wrong_usage(self):
        for path in self.commands:
            if "--threads" in run(*path, "--help").stdout:
                with self.subTest(command=path):
                    self.assert_one_line_error(run(*path, "--threads", "0"), (2,), path)

    def test_missing_files_are_named(self):
        with tempfile.TemporaryDirectory() as folder:
            missing = folder + "/missing"
            tries = {
                ("train",): ["train", missing + ".yaml"],
                ("plan",): ["plan", missing + ".yaml"],
                ("run",): ["run", missing + ".yaml"],
                ("tune",): ["tune", "--model", missing, "--data", missing, "--goal", "chat"],
                ("generate",): ["generate", "--model", missing, "--prompt", "x"],
                ("eval",): ["eval", "--model", missing, "--text", missing],
                ("serve",): ["serve", "--model", missing],
                ("merge",): ["merge", missing + ".yaml", folder + "/out"],
                ("prune",): ["prune", "--model", missing, "--calibrate", missing, "--layers", "1", "--out", folder + "/out"],
                ("vocab", "trim"): ["vocab", "trim", "--model", missing, "--data", missing, "--out", folder + "/out"],
                ("vocab", "extend"): ["vocab", "extend", "--model", missing, "--tokens", missing, "--out", folder + "/out"],
                ("score",): ["score", "--model", missing, "--ids", missing, "--logits", folder + "/out.npy"],
                ("data", "build"): ["data", "build", "--in", missing, "--out", folder + "/corpus"],
                ("tokenizer", "encode"): ["tokenizer", "encode", "--tokenizer", missing],
                ("tokenizer", "train"): ["tokenizer", "train", "--in", missing, "--type", "bpe", "--vocab-size", "300", "--out", folder + "/t"],
            }
            for path, arguments in tries.items():
                if path not in self.commands:
                    continue
                with self.subTest(command=path):
                    result = run(*arguments, cwd=folder)
                    self.assert_one_line_error(result, (1, 2), arguments)
                    self.assertIn("missing", result.stderr)

    def test_words_in_brackets_stay_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            text = pathlib.Path(folder) / "text.txt"
            text.write_text("words in brackets stay whole\n" * 20)
            for special in (["--special", "[PAD]", "[MASK]"], ["--special=[MASK]"]):
                out = f"{folder}/{len(special)}"
                run("tokenizer", "train", "--type", "bpe", "--vocab-size", "300", "--in", str(text), "--out", out, *special)
                made = json.loads((pathlib.Path(out) / "tokenizer.json").read_text())
                self.assertIn("[MASK]", [token["content"] for token in made["added_tokens"]], special)

    def test_json_is_one_object(self):
        result = run("doctor", "--json")
        self.assertEqual(result.returncode, 0)
        self.assertIsInstance(json.loads(result.stdout), dict)
        self.assertEqual(len(result.stdout.splitlines()), 1)

    def test_a_list_in_a_report_is_a_table(self):
        model = pathlib.Path(__file__).parent / "data" / "gguf" / "llama-q8_0" / "model.gguf"
        with tempfile.TemporaryDirectory() as folder:
            command = ("quantize", "--model", str(model), "--type", "q4_0", "--out", f"{folder}/x.gguf")
            lines = run(*command).stdout.splitlines()
            worst = json.loads(run(*command, "--json").stdout)["worst"]
        at = lines.index("worst")
        table = [line.split() for line in lines[at + 1:]]
        self.assertEqual(sorted(table[0]), sorted(worst[0]))
        self.assertEqual([row[table[0].index("tensor")] for row in table[1:]], [row["tensor"] for row in worst])
        for line in lines[at + 1:]:  # columns stand below their names
            self.assertTrue(line.startswith("  "))
            self.assertEqual(line[lines[at + 1].index(table[0][1]) - 1], " ")

    def test_version(self):
        self.assertRegex(run("--version").stdout, r"\d+\.\d+\.\d+")

    def test_an_unknown_instruction_set_is_refused(self):
        self.assert_one_line_error(run("doctor", env={"MALMOI_ISA": "avx9"}), (1, 2), "MALMOI_ISA")

    def test_a_full_disk_is_an_error(self):
        for arguments in (["doctor", "--json"], ["--help"], ["train", "--help"], ["--version"]):
            with open("/dev/full", "w") as full, self.subTest(arguments):
                result = subprocess.run([PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True)
                self.assertEqual(result.returncode, 1)
                self.assertEqual(len(result.stderr.splitlines()), 1)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Text on a terminal: control characters of a text are shown, not obeyed; pipes get it as it is; options that are nearly right are
named. Usage: terminal.py MALMOI FOLDER (of the tiny model that the tests of the server share)"""
import os
import pathlib
import pty
import shutil
import subprocess
import sys
import tempfile
import unittest

import serve_support
from terminal_support import CTRL_D, PROMPT, Terminal

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
MODEL = serve_support.tiny_model(PROGRAM, sys.argv[2])
del sys.argv[1:]

# Red, a bell, back to the line's beginning, an eight-bit escape, delete; a tab and a new line stay.
HOSTILE = "\x1b[31mred\x07\rover\u009b2J\x7f\ttab\nline"
SHOWN = "␛[31mred␇␍over�2J␡\ttab\nline"


def read_all(terminal):
    got = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        got += piece
    os.close(terminal)
    return got.decode().replace("\r\n", "\n")


def on_terminal(*arguments, typed=None):
    """What a command writes on a terminal as its stdout."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([PROGRAM, *arguments], stdout=theirs, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    os.close(theirs)
    if typed is not None:
        process.stdin.write(typed.encode())
    process.stdin.close()
    got = read_all(ours)
    assert process.wait(timeout=60) == 0, got
    return got


class OnTerminals(unittest.TestCase):
    def test_control_characters_are_shown_and_not_obeyed(self):
        options = ["--model", str(MODEL), "--prompt", HOSTILE, "--max-tokens", "1", "--threads", "1"]
        text = on_terminal("generate", *options)
        self.assertIn(SHOWN, text)
        for control in "\x1b\x07\r\x7f\u009b":
            self.assertNotIn(control, text)

    def test_pipes_get_the_text_as_it_is(self):
        options = ["--model", str(MODEL), "--prompt", HOSTILE, "--max-tokens", "1", "--threads", "1"]
        text = subprocess.run([PROGRAM, "generate", *options], capture_output=True, check=True).stdout.decode()
        self.assertIn(HOSTILE, text)

    def test_what_ids_stand_for_is_filtered_too(self):
        # Bytes are their own ids: ESC [ 3 1 m BEL.
        text = on_terminal("tokenizer", "decode", "--tokenizer", str(MODEL), typed="27 91 51 49 109 7\n")
        self.assertEqual(text, "␛[31m␇\n")

    def test_what_a_model_writes_in_a_chat_is_filtered_too(self):
        # A model of random bytes at this temperature writes control characters soon.
        text = on_terminal("chat", "--model", str(MODEL), "--max-tokens", "300", "--temperature", "50", "--seed", "3", "--threads", "1", typed="hello\n")
        self.assertTrue(any(0x2400 <= ord(c) <= 0x2421 for c in text), text)
        self.assertFalse([c for c in text if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0], text)

    def test_what_a_model_thinks_is_filtered_too_wherever_its_answers_go(self):
        with tempfile.TemporaryDirectory() as folder:
            model = pathlib.Path(folder) / "model"
            shutil.copytree(MODEL, model)
            (model / "chat_template.jinja").write_text("{{ messages[-1].content }}<think>")
            options = ["--max-tokens", "300", "--temperature", "50", "--seed", "3", "--threads", "1"]
            command = [PROGRAM, "chat", "--model", str(model), *options]
            with Terminal(*command, stdout=subprocess.PIPE, XDG_STATE_HOME=folder) as chat:
                chat.expect(PROMPT)
                chat.type("hello\r")
                got = chat.expect("tokens/s").split("hello\r\n\x1b[?2004l\r")[1].replace("\r\n", "\n")
                chat.expect(PROMPT)
                chat.type(CTRL_D)
                self.assertEqual(chat.process.communicate(timeout=60)[0].strip(), b"")
        self.assertIn("\x1b[2m", got)
        text = got.replace("\x1b[2m", "").replace("\x1b[0m", "")
        self.assertTrue(any(0x2400 <= ord(c) <= 0x2421 for c in text), text)
        self.assertFalse([c for c in text if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0], text)

    def test_beginnings_of_options_are_named_whole(self):
        for wrong, right in (("--temp", "--temperature"), ("--max-tok", "--max-tokens"), ("--repet", "--repetition-penalty"), ("--prmpt", "--prompt")):
            told = subprocess.run([PROGRAM, "generate", "--model", "x", wrong, "1"], capture_output=True, text=True)
            self.assertEqual(told.returncode, 2)
            self.assertIn(f"did you mean '{right}'", told.stderr)


class Prompts(unittest.TestCase):
    """`malmoi generate` takes its prompt from an option, a file or a pipe."""

    def generate(self, *options, typed=None):
        command = [PROGRAM, "generate", "--model", str(MODEL), "--max-tokens", "2", "--temperature", "0", "--threads", "1", *options]
        return subprocess.run(command, input=typed, stdin=None if typed is not None else subprocess.DEVNULL, capture_output=True)

    def test_files_and_pipes_say_what_an_option_says(self):
        text = "오늘 날씨가\n너무"
        wanted = self.generate("--prompt", text).stdout
        self.assertTrue(wanted.startswith(text.encode()))
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "prompt.txt"
            file.write_text(text + "\n")
            self.assertEqual(self.generate("--prompt-file", str(file)).stdout, wanted)
            self.assertEqual(self.generate("--prompt-file", str(file), "--prompt", "a").returncode, 2)
            self.assertEqual(self.generate("--prompt-file", str(file) + "x").returncode, 1)
        typed = (text + "\n").encode()
        self.assertEqual(self.generate("--prompt-file", "-", typed=typed).stdout, wanted)
        self.assertEqual(self.generate(typed=typed).stdout, wanted)
        self.assertEqual(self.generate("--prompt", text, typed=b"passed over").stdout, wanted)
        empty = self.generate()
        self.assertEqual(empty.returncode, 2)
        self.assertIn(b"--prompt-file", empty.stderr)


if __name__ == "__main__":
    unittest.main()

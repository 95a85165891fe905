#!/usr/bin/env python3
"""`malmoi chat` on a terminal: lines are edited by characters, remembered, joined; commands work; Ctrl-C stops an answer and not
the program. Usage: chat.py MALMOI FOLDER (of the tiny model that the tests of the server share)"""
import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import termios
import unittest

import serve_support
from terminal_support import BACKSPACE, CTRL_C, CTRL_D, ENTER, LEFT, MORE, PROMPT, TAB, UP, Terminal

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
MODEL = serve_support.tiny_model(PROGRAM, sys.argv[2])
del sys.argv[1:]


class Chat(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def chat(self, *options, model=MODEL, **environment):
        terminal = Terminal(PROGRAM, "chat", "--model", str(model), "--threads", "1", *(options or ("--max-tokens", "3")),
                            **{"XDG_STATE_HOME": str(self.folder / "state"), "LC_ALL": "C", **environment})
        self.addCleanup(terminal.__exit__)
        terminal.expect(PROMPT)
        return terminal

    def saved(self, terminal):
        file = self.folder / "saved.json"
        self.assertIn("saved", terminal.enter(f"/save {file}"))
        return json.loads(file.read_text())

    def asked(self, terminal):
        return [message["content"] for message in self.saved(terminal)["messages"] if message["role"] == "user"]

    def test_korean_is_edited_by_characters_in_any_locale(self):
        for locale in ("C", "C.UTF-8"):
            chat = self.chat(LC_ALL=locale)
            chat.type("안녕하" + BACKSPACE)
            chat.enter("?")
            chat.type("가나다" + LEFT)
            chat.expect("다(\x08\x08|\x1b\\[2D)")  # a wide character is two columns
            chat.enter("X")
            self.assertEqual(self.asked(chat), ["안녕?", "가나X다"])

    def test_long_korean_lines_wrap_where_the_screen_ends(self):
        chat = self.chat()
        line = "가나다라마바사아자차카타파하" * 6  # 168 columns
        chat.type(line + BACKSPACE * 50 + ENTER)
        chat.expect(PROMPT)
        self.assertEqual(self.asked(chat), [line[:-50]])

    def test_history_is_kept_for_its_owner_alone(self):
        chat = self.chat()
        chat.enter("기억할 말")
        chat.type(CTRL_D)
        self.assertEqual(chat.rest()[1], 0)
        file = self.folder / "state" / "malmoi" / "chat_history"
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        again = self.chat()
        again.type(UP)
        again.expect("기억할 말")
        again.enter("!")
        self.assertEqual(self.asked(again), ["기억할 말!"])

    def test_a_history_that_cannot_be_written_is_told_once(self):
        (self.folder / "state").write_text("a file")
        chat = self.chat()
        self.assertIn("not remembered", chat.enter("a"))
        self.assertNotIn("not remembered", chat.enter("b"))

    def test_messages_of_several_lines(self):
        chat = self.chat()
        chat.enter("one\\", MORE)
        chat.enter("two")
        chat.enter('"""', MORE)
        chat.enter("/three", MORE)
        chat.enter('"""')
        chat.enter("\x1b[200~pasted\nlines\x1b[201~")
        chat.type("with\x1b\rAlt-Enter")
        chat.enter("")
        chat.enter("//four")
        chat.enter("")  # says nothing
        self.assertEqual(self.asked(chat), ["one\ntwo", "/three", "pasted\nlines", "with\nAlt-Enter", "/four"])

    def test_commands(self):
        chat = self.chat("--max-tokens", "20", "--system", "be brief")
        self.assertIn("/retry", chat.enter("/help"))
        self.assertIn("did you mean /system?", chat.enter("/sytem"))
        self.assertIn("20 tokens", chat.enter("오늘"))
        before = self.saved(chat)
        self.assertEqual([message["role"] for message in before["messages"]], ["system", "user", "assistant"])
        self.assertIn("tokens/s", chat.enter("/retry"))
        after = self.saved(chat)
        self.assertEqual(after["messages"][:2], before["messages"][:2])
        self.assertNotEqual(after["messages"][2], before["messages"][2])
        chat.enter("/clear")
        self.assertEqual(len(self.saved(chat)["messages"]), 1)
        (self.folder / "old.json").write_text(json.dumps(before))
        self.assertIn("loaded 3 messages", chat.enter(f"/load {self.folder / 'old.json'}"))
        self.assertEqual(self.saved(chat), before)
        (self.folder / "broken.json").write_text("{")
        self.assertIn("broken.json", chat.enter(f"/load {self.folder / 'broken.json'}"))
        self.assertEqual(self.saved(chat), before)
        chat.type("/tok" + TAB)
        chat.expect("/tokens ")
        self.assertIn("in 3 messages", chat.enter(""))
        chat.type("/exit" + ENTER)
        self.assertEqual(chat.rest()[1], 0)

    def test_what_is_not_given_follows_from_the_model(self):
        model = self.folder / "model"
        shutil.copytree(MODEL, model)
        (model / "generation_config.json").write_text(json.dumps({"temperature": 0.3, "top_k": 7, "num_beams": 4, "eos_token_id": 256}))
        chat = self.chat("--top-k", "9", "--max-tokens", "3", model=model)
        shown = chat.enter("/set")
        self.assertRegex(shown, r"temperature +0\.3 ")
        self.assertRegex(shown, r"top-k +9 ")
        self.assertIn("3 tokens", chat.enter("오늘"))

    def test_ctrl_c_stops_an_answer_and_not_the_program(self):
        chat = self.chat("--max-tokens", "400", "--ignore-eos")
        for _ in range(8):  # the tiny model may be done before the key arrives
            chat.type("hello" + ENTER)
            chat.expect("hello\r\n(\x1b\\[\\?2004l\r*)?\\S")
            chat.type(CTRL_C)
            if "stopped" in chat.expect(PROMPT):
                break
            chat.enter("/clear")
        else:
            self.fail("no answer was stopped")
        self.assertIn("tokens in 2 messages", chat.enter("/tokens"))
        chat.type("half a line")
        chat.expect("half a line")
        chat.type(CTRL_C)
        self.assertTrue(chat.expect(PROMPT).startswith("^C\r\n"))
        chat.enter('"""', MORE)
        chat.type(CTRL_C)
        chat.expect(PROMPT)
        self.assertIn("tokens in 2 messages", chat.enter("/tokens"))
        chat.type(CTRL_D)
        self.assertEqual(chat.rest()[1], 0)

    def test_a_line_goes_on_after_the_program_was_set_aside(self):
        chat = self.chat()
        chat.type("before")
        chat.expect("before")
        chat.process.send_signal(signal.SIGSTOP)
        shell = termios.tcgetattr(chat.ours)
        shell[3] |= termios.ECHO | termios.ICANON  # as a shell has it
        termios.tcsetattr(chat.ours, termios.TCSANOW, shell)
        chat.process.send_signal(signal.SIGCONT)
        chat.expect("> before")  # shown again
        self.assertFalse(chat.echoes())
        chat.enter(" and after")
        self.assertEqual(self.asked(chat), ["before and after"])

    def test_a_told_end_leaves_the_terminal_as_it_was(self):
        chat = self.chat()
        self.assertFalse(chat.echoes())
        chat.process.send_signal(signal.SIGTERM)
        self.assertEqual(chat.rest()[1], 130)
        self.assertTrue(chat.echoes())

    def test_pipes_hold_messages_alone(self):
        told = subprocess.run([PROGRAM, "chat", "--model", str(MODEL), "--max-tokens", "2", "--threads", "1"], input="/exit\n\n/help\n",
                              capture_output=True, text=True, env={**os.environ, "XDG_STATE_HOME": str(self.folder)})
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertGreaterEqual(told.stdout.count("\n"), 2)
        self.assertEqual(told.stderr, "")
        self.assertEqual(list(self.folder.iterdir()), [])


if __name__ == "__main__":
    unittest.main()

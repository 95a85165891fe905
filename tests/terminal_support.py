"""For tests of the program on a terminal: a pseudo-terminal with the program on its other side, and what was seen there."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

PROMPT = r"\x1b\[\?2004h\r?> "  # readline begins to take pasted lines whole, and asks
MORE = r"\x1b\[\?2004h\r?\. "
ENTER, BACKSPACE, LEFT, UP, TAB, CTRL_C, CTRL_D = "\r", "\x7f", "\x1b[D", "\x1b[A", "\t", "\x03", "\x04"


class Terminal:
    """The program on a terminal of 80 columns, as its stdin, stderr and, unless told otherwise, stdout."""

    def __init__(self, *command, stdout=None, columns=80, **environment):
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.seen, self.looked = "", 0
        env = {**os.environ, "TERM": "xterm", "INPUTRC": "/dev/null", **environment}

        def lead():  # Ctrl-C goes to the session that the terminal controls
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(command, stdin=theirs, stdout=stdout or theirs, stderr=theirs, env=env, preexec_fn=lead)
        os.close(theirs)
        self.bytes = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self.ours)

    def type(self, keys):
        os.write(self.ours, keys.encode())

    def _read(self, seconds):
        if not select.select([self.ours], [], [], seconds)[0]:
            return True
        try:
            piece = os.read(self.ours, 65536)
        except OSError:  # the other end is closed
            return False
        self.bytes += piece
        self.seen = self.bytes.decode("utf-8", "replace")
        return bool(piece)

    def expect(self, pattern, seconds=60):
        """Waits until the pattern appears behind what was expected last; gives all that came up to its end."""
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.seen[self.looked:])
            if found:
                text = self.seen[self.looked:self.looked + found.end()]
                self.looked += found.end()
                return text
            assert time.monotonic() < end, f"{pattern!r} did not come; seen: {self.seen[self.looked:]!r}"
            if not self._read(0.1) and not re.search(pattern, self.seen[self.looked:]):
                raise AssertionError(f"the program ended before {pattern!r}; seen: {self.seen[self.looked:]!r}")

    def enter(self, line, until=PROMPT):
        """Types a line and gives what came up to the next prompt."""
        self.type(line + ENTER)
        return self.expect(until)

    def rest(self):
        """All that comes until the program ends, and its exit status."""
        while self._read(0.1):
            if self.process.poll() is not None and not select.select([self.ours], [], [], 0.2)[0]:
                break
        text, self.looked = self.seen[self.looked:], len(self.seen)
        return text, self.process.wait(timeout=60)

    def echoes(self):
        """Whether the terminal shows what is typed by itself: not while a line is edited."""
        return bool(termios.tcgetattr(self.ours)[3] & termios.ECHO)

#!/usr/bin/env python3
"""Mixed load on `malmoi serve` for minutes: chats and completions streamed and whole, embeddings, token counts, clients that leave in
the middle, clients that are stopped (SIGSTOP) while they read, requests sent by halves, connections that stay idle. Prints each
minute's statuses, memory, open files and answers under way; at the end, when all clients are gone, that nothing is left of them.
Exits 1 where a client that stayed was not answered, or by another status than 200, 429 and 503, both with Retry-After; where an
answer, a place or a connection is still held a while after the end; where memory grew between the first quarter and the end by more
than ALLOWED_GROWTH; or where the server does not end as it is asked to.

MODEL has a context of 2,048 tokens, and writes text.

usage: serve_soak.py [--malmoi PROGRAM] [--minutes M] [--clients N] [--idle N] MODEL
"""
import argparse
import collections
import http.client
import json
import os
import pathlib
import random
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

import serve_support

PLACES = 16  # of answers: few, so that some are refused
STATES = "256MiB"  # of keys and values: so little that kept prompts fill it before memory is compared
ALLOWED_GROWTH = 64 << 20  # bytes: what an allocator keeps of its busiest moment; a leak of half an hour is more
WORDS = "the a of to and in 나라 말 글 사람 that is was for on are as with his they at be this have from or one had by word".split()


def text(drawn, words):
    return " ".join(drawn.choice(WORDS) for _ in range(words))


def body_of(drawn):
    """A path and its body, of one of the kinds of requests that people send."""
    stream = drawn.random() < 0.7
    words, written = drawn.randrange(1, 200), drawn.randrange(1, 64)
    kind = drawn.randrange(6)
    if kind < 2:
        return "/v1/completions", {"prompt": text(drawn, words), "max_tokens": written, "stream": stream, "n": drawn.choice((1, 1, 2))}
    if kind < 4:
        return "/v1/chat/completions", {"messages": [{"role": "user", "content": text(drawn, words)}], "max_tokens": written, "stream": stream}
    if kind == 4:
        return "/v1/embeddings", {"input": [text(drawn, words) for _ in range(3)]}
    return "/tokenize", {"content": text(drawn, words)}


class Counts:
    def __init__(self):
        self.lock, self.statuses, self.odd = threading.Lock(), collections.Counter(), []

    def add(self, status, path=""):
        with self.lock:
            self.statuses[status] += 1
            if status not in (200, 429, 503, "left"):
                self.odd.append((status, path))


def talk(port, drawn, counts, until):
    """One request after another; one in four leaves before its answer is whole."""
    while time.monotonic() < until:
        path, body = body_of(drawn)
        leaves = drawn.random() < 0.25
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            if leaves and drawn.random() < 0.5:
                time.sleep(drawn.random() / 4)
                counts.add("left")
                continue
            response = connection.getresponse()
            if leaves:
                response.read(drawn.randrange(1, 400))
                counts.add("left")
                continue
            response.read()
            counts.add(response.status, path)
            if response.status in (429, 503):
                if not response.getheader("Retry-After"):
                    counts.add(f"{response.status} without Retry-After", path)
                time.sleep(0.2)
        except (OSError, http.client.HTTPException) as error:
            counts.add("broken: " + type(error).__name__, path)
        finally:
            connection.close()


def half_requests(port, drawn, until):
    """Requests that stop in the middle, of the header or of the body; the server ends them in its own time."""
    held = []
    while time.monotonic() < until:
        sender = connect(port)
        whole = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{\"prompt\": \"a"
        sender.sendall(whole[:drawn.randrange(1, len(whole))])
        held.append(sender)
        if len(held) > 20:
            held.pop(0).close()
        time.sleep(drawn.random())


def stopped_readers(port, drawn, until):
    """Programs that ask for a long answer, of more bytes than sockets hold, and are stopped while it comes, then go on or are killed."""
    asks = ("import http.client,json;c=http.client.HTTPConnection('127.0.0.1',%d,timeout=300);"
            "c.request('POST','/v1/completions',json.dumps({'prompt':'a','max_tokens':1000,'logprobs':100,'stream':True,'ignore_eos':True}),"
            "{'Content-Type':'application/json'});"
            "r=c.getresponse();r.read()" % port)
    while time.monotonic() < until:
        client = subprocess.Popen([sys.executable, "-c", asks], stderr=subprocess.DEVNULL)
        time.sleep(0.5 + drawn.random())
        client.send_signal(signal.SIGSTOP)
        time.sleep(2 + 6 * drawn.random())
        if drawn.random() < 0.5:
            client.send_signal(signal.SIGCONT)
            time.sleep(1)
        client.kill()
        client.wait()


def memory_of(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10


def metrics(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics")
    found = collections.Counter()
    for line in connection.getresponse().read().decode().splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name.split("{")[0]] += float(value)
    connection.close()
    return found


def connect(port):
    return socket.create_connection(("127.0.0.1", port))


def is_over(connection):
    """Whether the server has closed it, or said goodbye."""
    try:
        connection.recv(1, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def stay_idle(port, idle, until):
    """Of connections that say nothing, opens those anew that the server has closed, which it does after a minute or so."""
    while time.monotonic() < until:
        for i, connection in enumerate(idle):
            if is_over(connection):
                connection.close()
                idle[i] = connect(port)
        time.sleep(1)
    for connection in idle:
        connection.close()


def noted(counts, work, *arguments):
    """Does some work; what ends it early is odd."""
    try:
        work(*arguments)
    except OSError as error:
        counts.add(f"ended: {error}", work.__name__)


def all_places_are_free(port):
    """One client may take all of them, and no more."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("POST", "/v1/completions", json.dumps({"prompt": "a", "max_tokens": 1, "n": PLACES}), {"Content-Type": "application/json"})
    status = connection.getresponse().status
    connection.close()
    return status == 200


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def soak(server, port, args):
    """What was wrong."""
    before_idle, files_before = memory_of(server.pid), open_files(server.pid)
    idle = [connect(port) for _ in range(args.idle)]
    time.sleep(1)
    print(f"{args.idle} idle connections: {(memory_of(server.pid) - before_idle) / 1024 / max(1, args.idle):.1f} KiB each", flush=True)

    begun = time.monotonic()
    until = begun + 60 * args.minutes
    counts = Counts()
    work = [(talk, port, random.Random(i), counts, until) for i in range(args.clients)]
    work += [(half_requests, port, random.Random(-1), until), (stopped_readers, port, random.Random(-2), until), (stay_idle, port, idle, until)]
    threads = [threading.Thread(target=noted, args=(counts, *one), daemon=True) for one in work]
    for thread in threads:
        thread.start()
    early = None
    while any(thread.is_alive() for thread in threads):
        time.sleep(min(60, max(1, until - time.monotonic())))
        now, passed = metrics(port), time.monotonic() - begun
        memory = memory_of(server.pid)
        if early is None and passed >= 15 * args.minutes:
            early = memory
        print(f"{passed / 60:5.1f} min  {memory / 2**20:6.0f} MiB  {open_files(server.pid):4d} files  "
              f"{now['malmoi_num_requests_running']:.0f} running  {now['malmoi_num_requests_waiting']:.0f} waiting  {dict(counts.statuses)}", flush=True)
    early = early or memory

    time.sleep(35)  # longer than a client may take for one piece of an answer
    left, memory, files = metrics(port), memory_of(server.pid), open_files(server.pid)
    held = left["malmoi_num_requests_running"] + left["malmoi_num_requests_waiting"]
    print(f"after: {memory / 2**20:.0f} MiB (a quarter through: {early / 2**20:.0f}), {files} files (before: {files_before}), {held:.0f} answers held, "
          f"{left['malmoi_kv_cache_bytes'] / 2**20:.1f} MiB of keys and values")
    faults = [f"unexpected: {dict(collections.Counter(counts.odd))}"] if counts.odd else []
    if held:
        faults.append("answers are still held")
    if not all_places_are_free(port):
        faults.append("places are still held")
    if files > files_before + 8:  # some are opened when they are first needed
        faults.append("connections are still open")
    if memory > early + ALLOWED_GROWTH:
        faults.append("memory grew")
    server.terminate()
    ended = server.wait(timeout=60)
    if ended != 0:
        faults.append(f"the server ended with {ended}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--malmoi", default="build/release/bin/malmoi")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("model")
    args = parser.parse_args()
    # Each client here is an open file, and many shells give a program 1,024 of them until it asks for more.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    port = serve_support.free_port()
    with serve_support.running([args.malmoi, "serve", "--model", args.model, "--port", port, "--max-requests", PLACES, "--state-memory", STATES],
                               port, said=None) as server:
        faults = soak(server, port, args)
    print("FAULTS: " + "; ".join(faults) if faults else "no fault")
    sys.exit(1 if faults else 0)


main()

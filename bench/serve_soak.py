#!/usr/bin/env python3
"""Mixed load on `malmoi serve` for minutes: chats and completions streamed and whole, embeddings, token counts, clients that leave in
the middle, clients that are stopped (SIGSTOP) while they read, requests sent by halves, connections that stay idle. Prints each
minute's statuses, memory, open files and answers under way; at the end, when all clients are gone, that nothing is left of them.
Exits 1 where a status was none of 200, 429, 499, 503 with Retry-After, where an answer or place is still held a while after the end,
or where memory grew between the first quarter and the end by more than ALLOWED_GROWTH.

usage: serve_soak.py [--malmoi PROGRAM] [--minutes M] [--clients N] [--idle N] MODEL
"""
import argparse
import collections
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import threading
import time

ALLOWED_GROWTH = 64 << 20  # bytes: what an allocator keeps of its busiest moment; a leak of half an hour is more
WORDS = "the a of to and in 나라 말 글 사람 that is was for on are as with his they at be this have from or one had by word".split()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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
            if status not in (200, 429, 503, "left", "refused"):
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
        except (ConnectionError, http.client.HTTPException) as error:
            counts.add("broken: " + type(error).__name__, path)
        finally:
            connection.close()


def half_requests(port, drawn, until):
    """Requests that stop in the middle, of the header or of the body; the server ends them in its own time."""
    held = []
    while time.monotonic() < until:
        sender = socket.create_connection(("127.0.0.1", port))
        whole = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{\"prompt\": \"a"
        sender.sendall(whole[:drawn.randrange(1, len(whole))])
        held.append(sender)
        if len(held) > 20:
            held.pop(0).close()
        time.sleep(drawn.random())


def stopped_readers(port, drawn, until):
    """Programs that ask for a long answer and are stopped while it comes, then go on or are killed."""
    asks = ("import http.client,json;c=http.client.HTTPConnection('127.0.0.1',%d,timeout=300);"
            "c.request('POST','/v1/completions',json.dumps({'prompt':'a','max_tokens':400,'stream':True,'ignore_eos':True}),{'Content-Type':'application/json'});"
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


def is_ready(port):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--malmoi", default="build/release/bin/malmoi")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("model")
    args = parser.parse_args()
    port = free_port()
    server = subprocess.Popen([args.malmoi, "serve", "--model", args.model, "--port", str(port), "--max-requests", "16"], stdout=subprocess.DEVNULL)
    while not is_ready(port):
        assert server.poll() is None, "the server ended"
        time.sleep(0.1)
    before_idle = memory_of(server.pid)
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(args.idle)]
    time.sleep(1)
    print(f"{args.idle} idle connections: {(memory_of(server.pid) - before_idle) / 1024 / max(1, args.idle):.1f} KiB each", flush=True)

    begun = time.monotonic()
    until = begun + 60 * args.minutes
    counts = Counts()
    threads = [threading.Thread(target=talk, args=(port, random.Random(i), counts, until)) for i in range(args.clients)]
    threads += [threading.Thread(target=half_requests, args=(port, random.Random(-1), until)),
                threading.Thread(target=stopped_readers, args=(port, random.Random(-2), until))]
    for thread in threads:
        thread.start()
    early = None
    while any(thread.is_alive() for thread in threads):
        time.sleep(min(60, max(1, until - time.monotonic())))
        now, passed = metrics(port), time.monotonic() - begun
        memory = memory_of(server.pid)
        if early is None and passed >= 15 * args.minutes:
            early = memory
        print(f"{passed / 60:5.1f} min  {memory / 2**20:6.0f} MiB  {len(os.listdir(f'/proc/{server.pid}/fd')):4d} files  "
              f"{now['malmoi_num_requests_running']:.0f} running  {now['malmoi_num_requests_waiting']:.0f} waiting  {dict(counts.statuses)}", flush=True)
    for connection in idle:
        connection.close()

    time.sleep(35)  # longer than a client may take for one piece of an answer
    left, memory, files = metrics(port), memory_of(server.pid), len(os.listdir(f"/proc/{server.pid}/fd"))
    held = left["malmoi_num_requests_running"] + left["malmoi_num_requests_waiting"]
    print(f"after: {memory / 2**20:.0f} MiB (a quarter through: {early / 2**20:.0f}), {files} files, {held:.0f} answers held, "
          f"{left['malmoi_kv_cache_bytes'] / 2**20:.1f} MiB of keys and values")
    server.terminate()
    ended = server.wait(timeout=30)
    faults = [f"unexpected: {collections.Counter(counts.odd)}"] if counts.odd else []
    if held:
        faults.append("answers are still held")
    if memory > early + ALLOWED_GROWTH:
        faults.append("memory grew")
    if ended != 0:
        faults.append(f"the server ended with {ended}")
    print("FAULTS: " + "; ".join(faults) if faults else "no fault")
    sys.exit(1 if faults else 0)


main()

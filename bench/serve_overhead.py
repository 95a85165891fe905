#!/usr/bin/env python3
"""What `malmoi serve` adds to a model, and what it saves.

overhead   a tiny model answers one token to one word: the whole request's milliseconds, median and 99 %, where the model itself takes
           next to nothing; so of a path that asks no model at all
prefix     milliseconds to the first token behind a prompt of PREFIX tokens, of the first request and of a second one that begins alike

usage: serve_overhead.py [--malmoi PROGRAM] --tiny MODEL MODEL
"""
import argparse
import http.client
import json
import random
import socket
import subprocess
import time

REQUESTS, PREFIX, ROUNDS = 3000, 1000, 5


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def percentiles(values):
    values = sorted(values)
    return ", ".join(f"{1000 * values[int(share * (len(values) - 1))]:.2f}" for share in (0.5, 0.99))


class Server:
    def __init__(self, program, model):
        self.port = free_port()
        self.process = subprocess.Popen([program, "serve", "--model", model, "--port", str(self.port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            try:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                self.connection.connect()
                self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self.ask("GET", "/health") is not None:
                    break
            except OSError:
                assert self.process.poll() is None, "the server ended"
                time.sleep(0.1)

    def ask(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"} if body else {})
        response = self.connection.getresponse()
        answer = response.read()
        return answer if response.status == 200 else None

    def seconds(self, method, path, body=None):
        begun = time.perf_counter()
        assert self.ask(method, path, body) is not None, path
        return time.perf_counter() - begun

    def close(self):
        self.process.terminate()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--malmoi", default="build/release/bin/malmoi")
    parser.add_argument("--tiny", required=True)
    parser.add_argument("model")
    args = parser.parse_args()
    server = Server(args.malmoi, args.tiny)
    kinds = {"GET /v1/models": ("GET", "/v1/models"),
             "a completion of one token": ("POST", "/v1/completions", {"prompt": "a", "max_tokens": 1}),
             "a chat of one token": ("POST", "/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}], "max_tokens": 1})}
    print("| request | p50, p99 ms |\n|---|---:|")
    for name, call in kinds.items():
        if server.ask(*call) is None:
            continue  # a model without a template answers no chats
        print(f"| {name} | {percentiles([server.seconds(*call) for _ in range(REQUESTS)])} |", flush=True)
    server.close()

    server = Server(args.malmoi, args.model)
    drawn = random.Random(1)
    first, second = [], []
    for _ in range(ROUNDS):
        prompt = [drawn.randrange(1000, 30000) for _ in range(PREFIX)]
        first.append(server.seconds("POST", "/v1/completions", {"prompt": prompt + [1000], "max_tokens": 1}))
        second.append(server.seconds("POST", "/v1/completions", {"prompt": prompt + [2000, 2001], "max_tokens": 1}))
    server.close()
    print(f"\n{PREFIX} tokens of prefix: first request {1000 * min(first):.1f} ms, second {1000 * min(second):.1f} ms: {min(first) / min(second):.1f} times sooner")


main()

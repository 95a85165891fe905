#!/usr/bin/env python3
"""What `malmoi serve` adds to a model, and what it saves.

overhead   a tiny model answers one token to one word: the whole request's milliseconds, median and 99 %, where the model itself takes
           next to nothing; beside it those of a path that asks no model
prefix     milliseconds of a request for one token behind a prompt of PREFIX tokens, of the first such request and of one that begins
           alike; the least of ROUNDS

usage: serve_overhead.py [--malmoi PROGRAM] --tiny MODEL MODEL
"""
import argparse
import http.client
import json
import random
import time

import serve_support

REQUESTS, PREFIX, ROUNDS = 3000, 1000, 5


class Client:
    """One connection, kept."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def seconds(self, method, path, body=None):
        begun = time.perf_counter()
        self.connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"} if body else {})
        response = self.connection.getresponse()
        answer = response.read()
        assert response.status == 200, (path, answer)
        return time.perf_counter() - begun


def serving(program, model, port):
    return serve_support.running([program, "serve", "--model", model, "--port", port], port)


def overhead(port):
    kinds = {"GET /v1/models": ("GET", "/v1/models"),
             "a completion of one token": ("POST", "/v1/completions", {"prompt": "a", "max_tokens": 1}),
             "a chat of one token": ("POST", "/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}], "max_tokens": 1})}
    client = Client(port)
    print("| request | p50, p99 ms |\n|---|---:|")
    for name, call in kinds.items():
        client.seconds(*call)  # not counted
        taken = [client.seconds(*call) for _ in range(REQUESTS)]
        print(f"| {name} | {serve_support.percentile(taken, 0.5):.2f}, {serve_support.percentile(taken, 0.99):.2f} |", flush=True)


def prefix(port):
    client, drawn = Client(port), random.Random(1)
    first, second = [], []
    for _ in range(ROUNDS):
        prompt = [drawn.randrange(*serve_support.IDS) for _ in range(PREFIX)]
        first.append(client.seconds("POST", "/v1/completions", {"prompt": prompt + [1000], "max_tokens": 1}))
        second.append(client.seconds("POST", "/v1/completions", {"prompt": prompt + [2000, 2001], "max_tokens": 1}))
    print(f"\n{PREFIX} tokens of prefix: first request {1000 * min(first):.1f} ms, second {1000 * min(second):.1f} ms: {min(first) / min(second):.1f} times sooner")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--malmoi", default="build/release/bin/malmoi")
    parser.add_argument("--tiny", required=True)
    parser.add_argument("model")
    args = parser.parse_args()
    for model, measure in ((args.tiny, overhead), (args.model, prefix)):
        port = serve_support.free_port()
        with serving(args.malmoi, model, port):
            measure(port)


main()

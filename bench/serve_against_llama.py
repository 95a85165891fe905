#!/usr/bin/env python3
"""Load on `malmoi serve` and llama.cpp's llama-server, in turn, with the same GGUF file: streaming clients that each send prompts of
random ids one after another. Prints tokens per second, milliseconds to the first token and between tokens (median and 99 %).

usage: serve_against_llama.py --malmoi PROGRAM --llama-server PROGRAM [--clients N,N] [--rounds N] [--threads N] MODEL.gguf
"""
import argparse
import http.client
import json
import random
import threading
import time

import serve_support

PROMPT, WRITTEN, REQUESTS = 128, 128, 2  # tokens, tokens, requests per client


def answer(port, seed, first, between):
    drawn = random.Random(seed)
    body = {"prompt": [drawn.randrange(*serve_support.IDS) for _ in range(PROMPT)], "max_tokens": WRITTEN, "stream": True, "ignore_eos": True, "temperature": 0}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    begun = last = time.perf_counter()
    connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    assert response.status == 200, response.read()
    for line in response:
        if not line.startswith(b"data: {"):
            continue
        now = time.perf_counter()
        (first if last == begun else between).append(now - last)
        last = now


def load(port, clients):
    first, between = [], []

    def client(number):
        for request in range(REQUESTS):
            answer(port, number * REQUESTS + request, first, between)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return clients * REQUESTS * WRITTEN / (time.perf_counter() - begun), first, between


def measure(command, port, clients):
    with serve_support.running(command, port):
        answer(port, -1, [], [])  # not counted
        return load(port, clients)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--malmoi", default="build/release/bin/malmoi")
    parser.add_argument("--llama-server", required=True)
    parser.add_argument("--clients", default="8,32")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("model")
    args = parser.parse_args()
    print("| clients | | tokens/s | first token p50, p99 ms | between tokens p50, p99 ms |\n|---:|---|---:|---:|---:|")
    for clients in map(int, args.clients.split(",")):
        for _ in range(args.rounds):
            for name in ("Malmoi", "llama-server"):
                port = serve_support.free_port()
                command = ([args.malmoi, "serve", "--model", args.model, "--port", port, "--threads", args.threads] if name == "Malmoi" else
                           [args.llama_server, "-m", args.model, "--port", port, "-t", args.threads, "-np", clients, "-c", clients * 2 * (PROMPT + WRITTEN)])
                rate, first, between = measure(command, port, clients)
                times = [f"{serve_support.percentile(values, 0.5):.0f}, {serve_support.percentile(values, 0.99):.0f}" for values in (first, between)]
                print(f"| {clients} | {name} | {rate:.0f} | {times[0]} | {times[1]} |", flush=True)


main()

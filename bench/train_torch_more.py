#!/usr/bin/env python3
"""PyTorch on CPU: tokens/s of a whole training step (forward, backward, clip to 1.0, AdamW) of an LSTM's or a GRU's language
model. Prints a JSON line; train_against_torch.py runs it beside the program for its rows of recurrent models.

With the defaults, f32 and oneDNN; --dtype, --compile and --no-onednn are the other ways that PyTorch has.
"""
import argparse
import glob
import json
import os
import statistics
import sys
import time

SIZES = {  # cell, layers, width, vocabulary, batch, sequence
    "lstm-2x512": ("LSTM", 2, 512, 8192, 16, 128),
    "gru-2x512": ("GRU", 2, 512, 8192, 16, 128),
}


def parse():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--size", choices=SIZES, default="lstm-2x512")
    p.add_argument("--batch", type=int)
    p.add_argument("--seq", type=int)
    p.add_argument("--dtype", choices=["f32", "bf16", "medium", "pure-bf16"], default="f32",
                   help="f32; bf16: autocast over f32 weights; medium: f32 under set_float32_matmul_precision('medium'); "
                        "pure-bf16: weights and moments bf16 too")
    p.add_argument("--compile", action=argparse.BooleanOptionalAction, default=False)
    p.add_argument("--onednn", action=argparse.BooleanOptionalAction, default=True, help="its layers where PyTorch takes them")
    p.add_argument("--malloc", choices=["glibc", "jemalloc", "tcmalloc"], default="jemalloc")
    p.add_argument("--steps", type=int, default=10)
    p.add_argument("--warmup", type=int, default=3)
    p.add_argument("--threads", type=int, default=os.cpu_count())
    a = p.parse_args()
    a.batch, a.seq = a.batch or SIZES[a.size][4], a.seq or SIZES[a.size][5]
    return a


def preload(a):
    """The allocator has to be there before Python starts: run ourselves again with it."""
    name = {"jemalloc": "libjemalloc.so*", "tcmalloc": "libtcmalloc*.so.4", "glibc": ""}[a.malloc]
    found = sorted(glob.glob(f"/usr/lib/*/{name}")) if name else []
    env = dict(os.environ, OMP_NUM_THREADS=str(a.threads), BENCH_MALLOC=a.malloc if found else "glibc")
    if found:
        env["LD_PRELOAD"] = found[0]
        env["MALLOC_CONF"] = "oversize_threshold:1,background_thread:true,metadata_thp:auto,dirty_decay_ms:-1,muzzy_decay_ms:-1"
    os.execve(sys.executable, [sys.executable, *sys.argv], env)


def main():
    a = parse()
    if "BENCH_MALLOC" not in os.environ:
        preload(a)
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    torch.set_num_threads(a.threads)
    torch.set_flush_denormal(True)
    torch.set_float32_matmul_precision("medium" if a.dtype == "medium" else "highest")
    torch.backends.mkldnn.enabled = a.onednn
    cell, layers, width, vocab = SIZES[a.size][:4]

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = torch.nn.Embedding(vocab, width)
            self.rnn = getattr(torch.nn, cell)(width, width, layers, batch_first=True)
            self.head = torch.nn.Linear(width, vocab)

        def forward(self, ids, targets):
            hidden, _ = self.rnn(self.embed(ids))
            return F.cross_entropy(self.head(hidden).view(-1, vocab).float(), targets.view(-1))

    model = Model()
    if a.dtype == "pure-bf16":
        model.to(torch.bfloat16)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    loss_of = torch.compile(model) if a.compile else model
    times, loss = [], None
    for step in range(a.warmup + a.steps):
        ids = torch.randint(0, vocab, (a.batch, a.seq + 1))
        begin = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=a.dtype == "bf16"):
            loss = loss_of(ids[:, :-1].contiguous(), ids[:, 1:].contiguous())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        loss = loss.item()
        if step >= a.warmup:
            times.append(time.perf_counter() - begin)
    n = a.batch * a.seq
    print(json.dumps({
        "peer": "torch " + torch.__version__, "size": a.size, "parameters": sum(p.numel() for p in model.parameters()),
        "batch": a.batch, "seq": a.seq, "dtype": a.dtype, "compile": a.compile, "onednn": a.onednn,
        "malloc": os.environ["BENCH_MALLOC"], "threads": a.threads, "steps": a.steps,
        "tokens_per_second": {"min": round(n / max(times), 1), "median": round(n / statistics.median(times), 1),
                              "max": round(n / min(times), 1)},
        "loss": round(loss, 7)}))


if __name__ == "__main__":
    main()

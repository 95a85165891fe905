#!/usr/bin/env python3
"""PyTorch on CPU: tokens/s of a whole training step (forward, backward, clip to 1.0, AdamW) of an LSTM's or a GRU's language
model, of a BERT on masked tokens, and of an encoder-decoder. Prints a JSON line; train_against_torch.py runs it beside the program
for these rows.

With the defaults, f32 and oneDNN; --dtype, --compile and --no-onednn are the other ways that PyTorch has.
"""
import argparse
import glob
import json
import os
import statistics
import sys
import time

SIZES = {  # kind, layers, width, vocabulary, batch, sequence
    "lstm-2x512": ("LSTM", 2, 512, 8192, 16, 128),
    "gru-2x512": ("GRU", 2, 512, 8192, 16, 128),
    "bert-small": ("encoder", 6, 384, 8192, 16, 256),
    "bart-6x6": ("encoder-decoder", 6, 384, 8192, 16, 128),
}
HEAD_DIM, MASKED_SHARE = 64, 0.15


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
    kind, layers, width, vocab = SIZES[a.size][:4]

    class Attention(torch.nn.Module):
        def __init__(self, causal=False):
            super().__init__()
            self.qkv = torch.nn.Linear(width, 3 * width)
            self.out = torch.nn.Linear(width, width)
            self.causal = causal

        def forward(self, x, memory=None):
            heads = lambda t: t.view(t.shape[0], t.shape[1], -1, HEAD_DIM).transpose(1, 2)
            if memory is None:
                q, k, v = self.qkv(x).split(width, dim=2)
            else:
                q = F.linear(x, self.qkv.weight[:width], self.qkv.bias[:width])
                k, v = F.linear(memory, self.qkv.weight[width:], self.qkv.bias[width:]).split(width, dim=2)
            y = F.scaled_dot_product_attention(heads(q), heads(k), heads(v), is_causal=self.causal)
            return self.out(y.transpose(1, 2).reshape(x.shape))

    class Block(torch.nn.Module):
        """Norms behind each part, as BERT and BART have them."""
        def __init__(self, decoder=False):
            super().__init__()
            self.attention, self.norm = Attention(decoder), torch.nn.LayerNorm(width)
            self.cross, self.cross_norm = (Attention(), torch.nn.LayerNorm(width)) if decoder else (None, None)
            self.up, self.down = torch.nn.Linear(width, 4 * width), torch.nn.Linear(4 * width, width)
            self.mlp_norm = torch.nn.LayerNorm(width)

        def forward(self, x, memory=None):
            x = self.norm(x + self.attention(x))
            if self.cross:
                x = self.cross_norm(x + self.cross(x, memory))
            return self.mlp_norm(x + self.down(F.gelu(self.up(x))))

    class Transformer(torch.nn.Module):
        def __init__(self, decodes):
            super().__init__()
            self.embed, self.positions = torch.nn.Embedding(vocab, width), torch.nn.Embedding(512, width)
            self.norm = torch.nn.LayerNorm(width)
            self.encoder = torch.nn.ModuleList(Block() for _ in range(layers))
            self.decoder = torch.nn.ModuleList(Block(True) for _ in range(layers)) if decodes else None
            self.transform = None if decodes else torch.nn.Sequential(
                torch.nn.Linear(width, width), torch.nn.GELU(), torch.nn.LayerNorm(width))
            self.bias = torch.nn.Parameter(torch.zeros(vocab))

        def words(self, ids):
            return self.norm(self.embed(ids) + self.positions.weight[:ids.shape[1]])

        def forward(self, ids, targets):
            x = self.words(ids)
            for block in self.encoder:
                x = block(x)
            if self.decoder is not None:
                memory, x = x, self.words(ids)
                for block in self.decoder:
                    x = block(x, memory)
                x = x.view(-1, width)
            else:
                x = self.transform(x.view(-1, width)[places])  # logits of the masked tokens alone
            return F.cross_entropy(F.linear(x, self.embed.weight, self.bias).float(), targets.view(-1)[places])

    places = slice(None)  # of the tokens that have a target
    if kind == "encoder":
        places = torch.randperm(a.batch * a.seq)[:round(MASKED_SHARE * a.batch * a.seq)]

    class Recurrent(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = torch.nn.Embedding(vocab, width)
            self.rnn = getattr(torch.nn, kind)(width, width, layers, batch_first=True)
            self.head = torch.nn.Linear(width, vocab)

        def forward(self, ids, targets):
            hidden, _ = self.rnn(self.embed(ids))
            return F.cross_entropy(self.head(hidden).view(-1, vocab).float(), targets.view(-1))

    model = Transformer(kind == "encoder-decoder") if kind.startswith("encoder") else Recurrent()
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
    n = a.batch * a.seq * (2 if kind == "encoder-decoder" else 1)  # what is read: by both
    print(json.dumps({
        "peer": "torch " + torch.__version__, "size": a.size, "parameters": sum(p.numel() for p in model.parameters()),
        "batch": a.batch, "seq": a.seq, "dtype": a.dtype, "compile": a.compile, "onednn": a.onednn,
        "malloc": os.environ["BENCH_MALLOC"], "threads": a.threads, "steps": a.steps,
        "tokens_per_second": {"min": round(n / max(times), 1), "median": round(n / statistics.median(times), 1),
                              "max": round(n / min(times), 1)},
        "loss": round(loss, 7)}))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes tests/data/blocks: of each packed type three blocks of random bytes, and their weights by the `gguf` package (0.19); of
NF4, which GGUF files have not, by the levels of bitsandbytes and the order of src/tensor/blocks/nf4.cc.

usage: make_blocks.py [FOLDER]
"""
import pathlib
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

TYPES = ("Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ1_S IQ1_M IQ2_XXS IQ2_XS IQ2_S IQ3_XXS IQ3_S IQ4_NL "
         "IQ4_XS TQ1_0 TQ2_0 MXFP4").split()
BLOCKS = 3
NF4 = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
                -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
                0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023,
                1.0], dtype=np.float32)  # bitsandbytes' functional.py, create_normal_map


def finite_blocks(rng, kind, size):
    """Random bytes whose scales are numbers: drawn again until they are."""
    while True:
        blocks = rng.integers(0, 256, (BLOCKS, size), dtype=np.uint8)
        with np.errstate(all="ignore"):
            weights = quants.dequantize(blocks, kind)
        if np.isfinite(weights).all() and np.abs(weights).max() < 1e30:
            return blocks, weights.astype("<f4")


def nf4_blocks(rng):
    """A largest size in f16, then for each half of 64 weights 16 bytes: low nibbles first."""
    scales = rng.uniform(0.01, 0.5, (BLOCKS, 1)).astype("<f2")
    packed = rng.integers(0, 256, (BLOCKS, 2, 16), dtype=np.uint8)
    codes = np.concatenate([packed & 15, packed >> 4], axis=2).reshape(BLOCKS, 64)
    return np.hstack([scales.view(np.uint8), packed.reshape(BLOCKS, 32)]), NF4[codes] * scales.astype("<f4")


def write(name, blocks, weights):
    (folder / f"{name}.blocks").write_bytes(blocks.tobytes())
    (folder / f"{name}.f32").write_bytes(weights.tobytes())


folder = pathlib.Path(sys.argv[1] if sys.argv[1:] else "tests/data/blocks")
folder.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(7)
for name in TYPES:
    kind = GGMLQuantizationType[name]
    blocks, weights = finite_blocks(rng, kind, GGML_QUANT_SIZES[kind][1])
    write(name, blocks, weights)
write("NF4", *nf4_blocks(rng))

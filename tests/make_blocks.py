#!/usr/bin/env python3
"""Writes tests/data/blocks: of each packed type three blocks of random bytes, and their weights by the `gguf` package (0.19).

usage: make_blocks.py [FOLDER]
"""
import pathlib
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

TYPES = ("Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ1_S IQ1_M IQ2_XXS IQ2_XS IQ2_S IQ3_XXS IQ3_S IQ4_NL "
         "IQ4_XS TQ1_0 TQ2_0 MXFP4").split()
BLOCKS = 3


def finite_blocks(rng, kind, size):
    """Random bytes whose scales are numbers: drawn again until they are."""
    while True:
        blocks = rng.integers(0, 256, (BLOCKS, size), dtype=np.uint8)
        with np.errstate(all="ignore"):
            weights = quants.dequantize(blocks, kind)
        if np.isfinite(weights).all() and np.abs(weights).max() < 1e30:
            return blocks, weights.astype("<f4")


folder = pathlib.Path(sys.argv[1] if sys.argv[1:] else "tests/data/blocks")
folder.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(7)
for name in TYPES:
    kind = GGMLQuantizationType[name]
    blocks, weights = finite_blocks(rng, kind, GGML_QUANT_SIZES[kind][1])
    (folder / f"{name}.blocks").write_bytes(blocks.tobytes())
    (folder / f"{name}.f32").write_bytes(weights.tobytes())

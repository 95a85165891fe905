#!/usr/bin/env python3
"""Writes rotary.json: what `transformers` computes for the published rotary scalings. Needs transformers 5.23.0 and torch."""
import json
import pathlib

from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

DIVISORS = {"short_factor": [1 + i / 20 for i in range(12)], "long_factor": [1.5 + i for i in range(12)]}
CASES = [
    {"rope_type": "linear", "factor": 4.0},
    {"rope_type": "dynamic", "factor": 2.0, "seq_len": 64},
    {"rope_type": "dynamic", "factor": 2.0, "seq_len": 300},
    {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32},
    {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32},
    {"rope_type": "yarn", "factor": 16.0, "original_max_position_embeddings": 64, "beta_fast": 16, "beta_slow": 2, "truncate": False},
    {"rope_type": "yarn", "factor": 40.0, "original_max_position_embeddings": 128, "mscale": 0.707, "mscale_all_dim": 1.0},
    {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32, "attention_factor": 1.25},
    {"rope_type": "longrope", "original_max_position_embeddings": 32, "seq_len": 32, **DIVISORS},
    {"rope_type": "longrope", "original_max_position_embeddings": 32, "seq_len": 33, **DIVISORS},
    {"rope_type": "longrope", "factor": 8.0, "original_max_position_embeddings": 64, "seq_len": 100, **DIVISORS},
    {"rope_type": "longrope", "original_max_position_embeddings": 64, "attention_factor": 1.25, "seq_len": 60, **DIVISORS},
]

out = []
for case in CASES:
    scaling = {k: v for k, v in case.items() if k != "seq_len"} | {"rope_theta": 10000.0}
    config = LlamaConfig(hidden_size=96, num_attention_heads=4, max_position_embeddings=128, rope_parameters=scaling)
    seq_len = case.get("seq_len")
    frequencies, factor = ROPE_INIT_FUNCTIONS[case["rope_type"]](config, "cpu", seq_len=seq_len) if case["rope_type"] != "default" else None
    out.append({"rope_scaling": scaling, "head_dim": 24, "max_position_embeddings": 128, "length": seq_len or 128,
                "inverse_frequencies": frequencies.double().tolist(), "attention_factor": float(factor)})
(pathlib.Path(__file__).parent / "rotary.json").write_text(json.dumps(out, indent=1) + "\n")

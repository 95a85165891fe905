#!/usr/bin/env python3
"""Writes the small checkpoints beside it, whose values src/formats/torch_checkpoint_test.cc knows. Needs torch 2.13.0."""
import json
import pathlib

import torch

here = pathlib.Path(__file__).parent
matrix = torch.arange(6, dtype=torch.float32).reshape(2, 3)

# Every element type that has an element_type.h name: 0, 1, 2.
TYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
         torch.uint8, torch.bool, torch.float8_e4m3fn, torch.float8_e5m2, torch.uint64, torch.uint32, torch.uint16]
types = {str(type).removeprefix("torch."): torch.tensor([0.0, 1.0, 2.0]).to(type) for type in TYPES}
types |= {"scalar": torch.tensor(7.0), "empty": torch.zeros(0, 4)}
for protocol in (2, 4, 5):
    torch.save(types, here / f"types_protocol{protocol}.pt", pickle_protocol=protocol)

# Views of shared storages, beside what a training program saves; a parameter, and one with an attribute of its own.
cube = torch.arange(24, dtype=torch.int16).reshape(2, 3, 4)
marked = torch.nn.Parameter(matrix.clone())
marked.is_shared = True
views = {"matrix": matrix, "tied": matrix, "transposed": matrix.t(), "transposed_tied": matrix.t(), "second_row": matrix[1],
         "columns": matrix[:, 1:], "permuted": cube.permute(2, 0, 1), "single_column": matrix[:, 1:2].t(),
         "parameter": torch.nn.Parameter(matrix.clone()), "marked": marked}
torch.save({"epoch": 3, "loss": 0.5, "name": "a run", "seen": [1, 2, (3, None)], "state_dict": views}, here / "views.pt")

# A module's own state dict, which carries attributes.
torch.manual_seed(0)
layers = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2))
torch.save(layers.state_dict(), here / "module.pt")

# What is refused.
torch.save(layers, here / "whole_module.pt")
torch.save(types, here / "before_1_6.pt", _use_new_zipfile_serialization=False)
torch.save({"expanded": torch.zeros(1).expand(1000, 1000)}, here / "expanded.pt")
torch.save({"complex": torch.zeros(2, dtype=torch.complex64)}, here / "complex.pt")
torch.save({"epoch": 3}, here / "no_tensor.pt")

# A folder of shards.
shards = here / "sharded"
shards.mkdir(exist_ok=True)
torch.save({"a": matrix}, shards / "pytorch_model-00001-of-00002.bin")
torch.save({"b": matrix.bfloat16()}, shards / "pytorch_model-00002-of-00002.bin")
index = {"metadata": {"total_size": 36}, "weight_map": {"a": "pytorch_model-00001-of-00002.bin", "b": "pytorch_model-00002-of-00002.bin"}}
(shards / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=2) + "\n")

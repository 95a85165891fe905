#!/usr/bin/env python3
"""Makes tests/data/beams/NAME.json: what generate() of the reference library (transformers) answers with beams and rules, by
the models of tests/data/models/NAME.

usage: make_beam_goldens.py [NAME...]      all of them where none is named

A file: a list of cases; a case has `options` in the words of generation_config.json, and for each row of the model's ids
(without padding) the `answers`, best first: their ids, with the token that ended them, and their scores. Where rounding
could turn an answer, the case is not written, and the script says so.
"""
import copy
import json
import pathlib
import sys

import numpy as np
import torch
from transformers import GenerationConfig

import reference_models as reference

NAMES = ("t5", "bart", "marian", "gpt2")
FOLDER = reference.ROOT / "tests" / "data" / "beams"
MOST_APART = 1e-4  # scores in f32 and f64


def rows_of(folder):
    ids = np.load(folder / "ids.npy")
    mask = np.load(folder / "mask.npy") if (folder / "mask.npy").exists() else np.ones_like(ids)
    return [row[kept != 0] for row, kept in zip(ids, mask)]


@torch.no_grad()
def answers(model, row, options):
    config = GenerationConfig(pad_token_id=model.config.pad_token_id or 0, return_dict_in_generate=True, output_scores=True,
                              use_cache=False,  # the library's caches are of as many layers as the encoder has
                              **{"eos_token_id": [], **options})
    if model.config.is_encoder_decoder:
        config.decoder_start_token_id = model.config.decoder_start_token_id
    if not options.get("eos_token_id"):
        config.eos_token_id = None
    out = model.generate(reference.tensor(row)[None], generation_config=config)
    before = 1 if model.config.is_encoder_decoder else len(row)
    found = []
    for i, sequence in enumerate(out.sequences.tolist()):
        ids = sequence[before:before + options["max_new_tokens"]]
        ends = [at for at, token in enumerate(ids) if token in options.get("eos_token_id", [])]
        score = float(out.sequences_scores[i]) if options["num_beams"] > 1 else 0.0
        found.append({"ids": ids[:ends[0] + 1] if ends else ids, "score": round(score, 6)})
    return found


def frequent(model, row, count):
    """Tokens that the model likes to write, from the third on, most frequent first."""
    beams = {"num_beams": 6, "num_return_sequences": 6, "max_new_tokens": 12}
    plain, varied = answers(model, row, beams), answers(model, row, {**beams, "no_repeat_ngram_size": 1})
    written = [token for answer in plain + plain + varied for token in answer["ids"][2:]]
    return sorted(set(written), key=lambda token: (-written.count(token), token))[:count]


def cases(model, row):
    ends = frequent(model, row, 6)
    end, word = ends[0], ends[1]
    all_cases = [
        {"num_beams": 4, "max_new_tokens": 12},
        {"num_beams": 5, "num_return_sequences": 5, "length_penalty": 2.0, "max_new_tokens": 10, "eos_token_id": [end]},
        {"num_beams": 3, "num_return_sequences": 3, "length_penalty": 0.5, "early_stopping": True, "max_new_tokens": 14,
         "eos_token_id": [end]},
        {"num_beams": 3, "num_return_sequences": 2, "length_penalty": 1.5, "early_stopping": "never", "max_new_tokens": 14,
         "eos_token_id": [end]},
        {"num_beams": 4, "num_return_sequences": 4, "length_penalty": -1.0, "early_stopping": "never", "max_new_tokens": 9,
         "eos_token_id": ends[:2]},
        {"num_beams": 2, "length_penalty": 0.0, "max_new_tokens": 12, "eos_token_id": ends[:3]},
        {"num_beams": 4, "no_repeat_ngram_size": 2, "max_new_tokens": 14},
        {"num_beams": 4, "no_repeat_ngram_size": 1, "max_new_tokens": 8},
        {"num_beams": 3, "num_return_sequences": 3, "repetition_penalty": 1.7, "max_new_tokens": 12, "eos_token_id": [end]},
        {"num_beams": 3, "bad_words_ids": [[word], [ends[2], ends[3]]], "min_new_tokens": 4, "max_new_tokens": 12,
         "eos_token_id": [end]},
        {"num_beams": 3, "suppress_tokens": [word], "begin_suppress_tokens": ends[2:5], "renormalize_logits": True,
         "max_new_tokens": 10, "eos_token_id": [end]},
        {"num_beams": 1, "no_repeat_ngram_size": 2, "repetition_penalty": 1.3, "bad_words_ids": [[word]],
         "max_new_tokens": 12, "eos_token_id": [end]},
    ]
    if model.config.is_encoder_decoder:
        all_cases += [
            {"num_beams": 4, "num_return_sequences": 2, "forced_bos_token_id": 7, "forced_eos_token_id": end,
             "min_length": 5, "max_new_tokens": 8, "eos_token_id": [end]},
            {"num_beams": 3, "encoder_no_repeat_ngram_size": 1, "max_new_tokens": 10},
            {"num_beams": 3, "encoder_repetition_penalty": 1.8, "max_new_tokens": 10},
            {"num_beams": 1, "forced_bos_token_id": 7, "forced_eos_token_id": end, "encoder_no_repeat_ngram_size": 1,
             "min_new_tokens": 6, "max_new_tokens": 8, "eos_token_id": [end]},
        ]
    return all_cases


def sturdy(kept, exact):
    return all(a["ids"] == b["ids"] and abs(a["score"] - b["score"]) < MOST_APART for a, b in zip(kept, exact))


def make(name):
    folder = reference.ROOT / "tests" / "data" / "models" / name
    model = reference.load(folder)
    model.generation_config = GenerationConfig()  # what a case does not say, nobody says
    double = copy.deepcopy(model).double()
    rows, written = rows_of(folder), []
    for options in cases(model, rows[0]):
        found = [answers(model, row, options) for row in rows]
        if all(sturdy(a, answers(double, row, options)) for a, row in zip(found, rows)):
            written.append({"options": options, "answers": found})
        else:
            print(f"{name}: left out, since rounding turns it: {options}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines = ",\n ".join(json.dumps(case) for case in written)
    (FOLDER / f"{name}.json").write_text(f"[{lines}]\n")
    print(f"{name}: {len(written)} cases")


for argument in sys.argv[1:] or NAMES:
    make(argument)

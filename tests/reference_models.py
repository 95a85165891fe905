"""Tiny random models of the reference library (transformers), and what it computes with them: what goldens are made of
(make_goldens.py) and what the program is held to (transformers_agree.py).

A family is an entry of FAMILIES below; a script that finds a family of the program without one fails.
"""
import json
import math
import os
import pathlib
import re

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import numpy as np
import torch
import transformers

from reference_families import FAMILIES, ON_DISK, POST

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
STEPS = {"decoder": 16, "encdec": 12}  # of a greedy continuation
ROOT = pathlib.Path(__file__).resolve().parent.parent


def program_families():
    """The families that the program has, as its table lists them."""
    return re.findall(r"^FAMILY\((\w+)\)", (ROOT / "src/model/families/table.inc").read_text(), re.M)


def family_of(entry):
    """The program's name of an entry's family: that of the text model where the library has one of its own for that."""
    return entry["family"].removesuffix("_text")


def complain_of_missing():
    """Names families of the program without an entry here; true if there are any."""
    missing = sorted(set(program_families()) - {family_of(entry) for entry in FAMILIES.values()})
    if missing:
        print("no entry in tests/reference_families.py for: " + ", ".join(missing))
    return bool(missing)


# -- weights ------------------------------------------------------------------------------------------------------------

def randomise(model, seed, scale):
    """Weights that tell one implementation from another: matrices of std 1.4 / sqrt(fan in), embeddings 0.35, norms
    1 + 0.2 n (0.2 n where the model itself adds the 1), all else 0.2 n. `scale` multiplies tensors by parts of names."""
    generator = torch.Generator().manual_seed(seed)
    modules = dict(model.named_modules())
    for name, parameter in model.named_parameters():
        owner = type(modules[name.rpartition(".")[0]]).__name__
        x = torch.randn(parameter.shape, generator=generator)
        if "Norm" in owner and name.endswith("weight"):
            x = 0.2 * x if owner.startswith("Gemma") or owner == "Qwen3NextRMSNorm" else 1 + 0.2 * x
        elif parameter.ndim < 2 or name.endswith("bias"):
            x = 0.2 * x
        elif "Embedding" in owner:
            x = 0.35 * x
        else:
            x = x * 1.4 / math.sqrt(parameter.shape[0] if owner == "Conv1D" else parameter.shape[-1])
        for part, factor in scale.items():
            if part in name:
                x = x * factor
        parameter.data.copy_(x)
    model.tie_weights()


def with_config(cls, config):
    """A model of a configuration, by the plainest of the library's ways to compute."""
    config._attn_implementation = config._experts_implementation = "eager"
    return cls(config).eval()


def build(entry, seed):
    """The model of an entry, with weights rounded to its file's type and held in f32."""
    cls = getattr(transformers, entry["class"])
    model = with_config(cls, transformers.AutoConfig.for_model(entry["family"], **entry["config"]))
    randomise(model, seed, entry.get("scale", {}))
    if entry.get("post"):
        POST[entry["post"]](model, seed)
    dtype = DTYPES[entry.get("dtype", "float32")]
    for tensor in model.state_dict().values():  # shares memory with the model
        if tensor.is_floating_point():
            tensor.copy_(tensor.to(dtype).to(torch.float32))
    return model


def changed(model, override):
    """The same weights under a changed configuration."""
    other = with_config(type(model), type(model.config).from_dict({**model.config.to_dict(), **override}))
    other.load_state_dict(model.state_dict(), strict=False)
    return other


def save(model, entry, folder):
    """The model as a folder, with the type, the shards and the spelling of the config that the entry asks for."""
    dtype = entry.get("dtype", "float32")
    model.to(DTYPES[dtype])
    model.config.dtype = dtype
    model.save_pretrained(folder, **({"max_shard_size": entry["shard"]} if "shard" in entry else {}))
    model.float()
    if "v4" in entry:
        spell_as_version_4(folder, **entry["v4"])
    if entry.get("on_disk"):
        ON_DISK[entry["on_disk"]](folder, model)


def spell_as_version_4(folder, drop=(), **put):
    """config.json as transformers 4 wrote it, which most published models have: rope_theta and rope_scaling in place of
    rope_parameters, torch_dtype in place of dtype."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters", None)
    if rope and "rope_theta" in rope:
        config["rope_theta"] = rope.pop("rope_theta")
        partial = rope.pop("partial_rotary_factor", None)
        if partial is not None:
            config["partial_rotary_factor"] = partial
        config["rope_scaling"] = rope if rope.get("rope_type", "default") != "default" else None
    config.pop("_sliding_window_pattern", None)
    if "dtype" in config:
        config["torch_dtype"] = config.pop("dtype")
    for key in ("transformers_version", *drop):
        config.pop(key, None)
    config.update(put)
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def load(folder):
    """A model that someone else wrote, in f32; every tensor must be there and known."""
    cls = getattr(transformers, json.loads((folder / "config.json").read_text())["architectures"][0])
    model, said = cls.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    for what in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        assert not said[what], f"{folder.name}: {what}: {said[what]}"
    return model.eval()


# -- inputs and outputs ---------------------------------------------------------------------------------------------------

def make_inputs(entry, model, seed):
    """Two rows of random ids, the second one shorter where the kind of model has a mask."""
    rng = np.random.default_rng(seed)
    kind, length, low = entry.get("kind", "decoder"), entry.get("length", 32), entry.get("low", 4)
    ids = rng.integers(low, model.config.vocab_size, (2, length)).astype(np.int32)
    if kind == "decoder":
        return {"ids": ids}
    mask = np.ones((2, length), np.int32)
    mask[1, length - length // 4:] = 0
    ids[mask == 0] = model.config.pad_token_id
    inputs = {"ids": ids, "mask": mask}
    if kind == "encdec":
        inputs["decoder_ids"] = rng.integers(low, model.config.vocab_size, (2, 14)).astype(np.int32)
        inputs["decoder_ids"][:, 0] = model.config.decoder_start_token_id
    return inputs


def tensor(array):
    return torch.from_numpy(np.asarray(array)).long()


@torch.no_grad()
def outputs(model, kind, inputs):
    """What the reference computes, as {name of the .npy: tensor}. What stands at padding is zero: it is nobody's business."""
    ids = tensor(inputs["ids"])
    if kind == "decoder":
        return {"logits": model(input_ids=ids, use_cache=False).logits}
    mask = tensor(inputs["mask"])

    def real(x):
        return torch.where(mask.bool()[..., None], x, torch.zeros((), dtype=x.dtype))

    if kind == "encdec":
        decoder_ids = tensor(inputs["decoder_ids"])
        return {"logits": model(input_ids=ids, attention_mask=mask, decoder_input_ids=decoder_ids, use_cache=False).logits,
                "encoder_hidden": real(model.get_encoder()(input_ids=ids, attention_mask=mask)[0])}
    if kind == "classifier":
        return {"logits": model(input_ids=ids, attention_mask=mask).logits}
    return {"hidden": real(model.base_model(input_ids=ids, attention_mask=mask)[0]),
            "logits": real(model(input_ids=ids, attention_mask=mask).logits)}


def first_cache(model):
    """What the library calls a model's cache, and what goes into its first step: most models make one of their own."""
    if model.config.model_type == "recurrent_gemma":  # keeps some in itself, and gives none back
        return "past_key_values", transformers.DynamicCache(config=model.config)
    return "cache_params" if hasattr(model.config, "state_size") else "past_key_values", None


@torch.no_grad()
def greedy(model, kind, inputs, cached=True):
    """Plain argmax decoding: the ids, prompt included, and the smallest gap between the best two logits."""
    ids, extra = tensor(inputs["ids"]), {}
    if kind == "encdec":
        mask = tensor(inputs["mask"])
        extra = {"attention_mask": mask, "encoder_outputs": model.get_encoder()(input_ids=ids, attention_mask=mask)}
        ids = torch.full((ids.shape[0], 1), model.config.decoder_start_token_id)
    key, gap, new = "decoder_input_ids" if kind == "encdec" else "input_ids", math.inf, ids
    cached = cached and model.config.model_type != "rwkv"  # the library's own mixes the rows of a batch
    cache_key, cache = first_cache(model)
    for _ in range(STEPS[kind]):
        held = {cache_key: cache} if cached else {}
        out = model(**{key: new if cached else ids}, **held, use_cache=cached, **extra)
        cache = getattr(out, cache_key, cache)
        best = out.logits[:, -1].topk(2, -1)
        gap = min(gap, (best.values[:, 0] - best.values[:, 1]).min().item())
        new = best.indices[:, :1]
        ids = torch.cat([ids, new], 1)
    return ids.numpy().astype(np.int32), gap


def distance(a, b):
    return float((a.detach().double() - b.detach().double()).abs().max())

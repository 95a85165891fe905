"""The families of the program as the reference library makes them, tiny: one entry or more each.

An entry: `family` and `class` of the library, `config`, what it `exercises`, and where it is not plain: `kind` (decoder,
encdec; of encoders what their head gives: mlm, classifier, tokens, spans, disc), `length` of the ids, `dtype` and `shard`
of the file, `v4` (the config as transformers 4 spelled it), `attention` (the library's way to attend, where the plainest
one is wrong), `ends` (rows end with the end of text), `scale` (factors on weights by parts of names), `post` and `on_disk`
(changes by name, below), `ablate` (changes of the config that must be seen in the logits), `invariant` (weights that cannot
matter), `uncached` (what was kept of a text does not hold when it grows), `train` (the `model:` of a training configuration
of ours; absent where no text alone trains it), `objectives` (what trains it on arrays instead).
"""
import torch
from safetensors.torch import load_file, save_file

ROPE = {"rope_type": "default", "rope_theta": 10000.0}
LONGROPE = {"rope_type": "longrope", "rope_theta": 10000.0, "partial_rotary_factor": 0.75,
            "original_max_position_embeddings": 40, "short_factor": [1.0, 1.05, 1.1, 1.2, 1.4, 1.6],
            "long_factor": [1.0, 1.3, 2.0, 4.0, 6.5, 9.0]}
GPT2 = {"vocab_size": 200, "n_positions": 64, "n_embd": 48, "n_layer": 2, "n_head": 4, "bos_token_id": 0, "eos_token_id": 0}
FALCON = {"vocab_size": 160, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 64,
          "bos_token_id": 0, "eos_token_id": 0}
OURS = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64}

# What trains a decoder whose head reads texts whole.
SCORED = ["classification", "regression"]
BART = {"vocab_size": 120, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
        "decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "max_position_embeddings": 48,
        "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2}


def small(**changes):
    """The usual sizes of a decoder, changed."""
    return {"bos_token_id": 1, "eos_token_id": 2, "max_position_embeddings": 64, "vocab_size": 160, "hidden_size": 48,
            "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, **changes}


def names_of_the_upload(folder, model):
    """GPT-2's original file: no "transformer." before names, and the causal mask among them."""
    path = folder / "model.safetensors"
    weights = {name.removeprefix("transformer."): w for name, w in load_file(str(path)).items()}
    positions = model.config.n_positions
    for layer in range(model.config.n_layer):
        weights[f"h.{layer}.attn.bias"] = torch.ones(positions, positions).tril()[None, None]
    save_file(weights, str(path), metadata={"format": "pt"})


def untie(model, seed):
    """T5 1.1 has an output matrix of its own; the library ties it unless the file holds both."""
    generator = torch.Generator().manual_seed(seed + 5)
    model.lm_head.weight = torch.nn.Parameter(torch.randn(model.lm_head.weight.shape, generator=generator) * 0.3)


def correct_choices(model, seed):
    """What is added to the scores of experts for choosing is a buffer: zero, unless somebody trained it."""
    generator = torch.Generator().manual_seed(seed + 9)
    for name, buffer in model.named_buffers():
        if name.endswith("e_score_correction_bias"):
            buffer.copy_(0.2 * torch.randn(buffer.shape, generator=generator))


def add_further_layer(folder, model):
    """A layer behind the others that predicts tokens further on, as the published files hold it."""
    path = folder / "model.safetensors"
    weights = load_file(str(path))
    last = f"model.layers.{model.config.num_hidden_layers}."
    weights |= {last + "enorm.weight": torch.ones(4), last + "eh_proj.weight": torch.ones(4, 8),
                last + "shared_head.head.weight": torch.ones(4, 4)}
    save_file(weights, str(path), metadata={"format": "pt"})


def untied_file(folder, model):
    weights = {name: w.contiguous() for name, w in model.state_dict().items()
               if name not in ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")}
    save_file(weights, str(folder / "model.safetensors"), metadata={"format": "pt"})


def add_drafts(folder, model):
    """Tensors of layers that predict tokens further on, beside the model's, as K-EXAONE's files hold them."""
    path = folder / "model.safetensors"
    weights = {**load_file(str(path)), "mtp.norm.weight": torch.ones(model.config.hidden_size)}
    save_file(weights, str(path), metadata={"format": "pt"})


POST = {"untie": untie, "correct_choices": correct_choices}
ON_DISK = {"names_of_the_upload": names_of_the_upload, "untied_file": untied_file, "add_further_layer": add_further_layer,
           "add_drafts": add_drafts}
# As published beside what the library knows.
DEEPSEEK_KEYS = {"moe_layer_freq": 1, "pretraining_tp": 1, "seq_aux": True, "aux_loss_alpha": 0.001}
LATENT = {"kv_lora_rank": 20, "qk_nope_head_dim": 12, "qk_rope_head_dim": 8, "v_head_dim": 10}
OUR_LATENT = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 64,
              "moe_intermediate_size": 32}
def slow_decays(model, seed):
    """States that last: with weights around zero a linear recurrence would forget each row at once."""
    for name, parameter in model.named_parameters():
        if "recurrent_param" in name:
            parameter.data -= 3


def whole_weights(folder, model):
    """What the library divides in place when it first computes, for the sake of half precision, as it is published."""
    path = folder / "model.safetensors"
    weights, every = load_file(str(path)), model.config.rescale_every
    for name, weight in weights.items():
        if name.endswith(("attention.output.weight", "feed_forward.value.weight")):
            weights[name] = weight * 2 ** (int(name.split(".")[2]) // every)
    save_file(weights, str(path), metadata={"format": "pt"})


POST = {"slow_decays": slow_decays, "untie": untie}
ON_DISK = {"names_of_the_upload": names_of_the_upload, "untied_file": untied_file, "whole_weights": whole_weights}
# What trains any encoder.
ENCODER = ["masked_lm", "classification", "regression", "token_classification", "question_answering"]


def encoder(**changes):
    """The usual sizes of an encoder, changed."""
    return {"vocab_size": 120, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
            "max_position_embeddings": 48, "pad_token_id": 0, **changes}


POST = {"untie": untie}
def bias_logits(model, seed):
    """Published files have zeros there, which would hide that nobody adds them."""
    generator = torch.Generator().manual_seed(seed + 6)
    model.final_logits_bias = torch.nn.Buffer(torch.randn(model.final_logits_bias.shape, generator=generator) * 0.5)


POST = {"untie": untie, "bias_logits": bias_logits}
ON_DISK = {"names_of_the_upload": names_of_the_upload, "untied_file": untied_file}

FAMILIES = {
    "gpt2": {
        "family": "gpt2", "class": "GPT2LMHeadModel", "config": GPT2, "length": 40,
        "exercises": "learned positions, fused qkv as [in,out] matrices, tanh gelu, tied head",
        "train": {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 64}},
    "llama-cls": {
        "family": "llama", "class": "LlamaForSequenceClassification", "kind": "classifier", "length": 24, "dtype": "bfloat16",
        "objectives": SCORED, "v4": {},
        "config": small(vocab_size=96, hidden_size=32, intermediate_size=48, num_key_value_heads=2, pad_token_id=3, num_labels=1,
                        tie_word_embeddings=True, rope_parameters=ROPE),
        "exercises": "one number of the last token that is no padding: a reward model, bf16 file"},
    "qwen2-cls": {
        "family": "qwen2", "class": "Qwen2ForSequenceClassification", "kind": "classifier", "length": 24, "dtype": "bfloat16",
        "objectives": SCORED,
        "config": small(vocab_size=96, hidden_size=32, intermediate_size=48, num_key_value_heads=2, pad_token_id=0, num_labels=3,
                        rope_parameters=ROPE),
        "exercises": "three labels, of the last token that is no padding"},
    "gemma2-cls": {
        "family": "gemma2", "class": "Gemma2ForSequenceClassification", "kind": "classifier", "length": 24, "dtype": "bfloat16",
        "config": small(vocab_size=96, hidden_size=32, intermediate_size=48, num_key_value_heads=2, head_dim=8, pad_token_id=0,
                        final_logit_softcapping=0.5, sliding_window=8, num_labels=1, rope_parameters=ROPE),
        "scale": {"embed_tokens": 0.4},
        "exercises": "numbers that the soft cap of words does not cap"},
    "gpt2-cls": {
        "family": "gpt2", "class": "GPT2ForSequenceClassification", "kind": "classifier", "length": 24, "dtype": "bfloat16",
        "objectives": SCORED, "config": {**GPT2, "n_embd": 32, "vocab_size": 96, "pad_token_id": 95, "num_labels": 2},
        "exercises": "the same head under other names of layers"},
    "gpt2-hub": {
        "family": "gpt2", "class": "GPT2LMHeadModel", "config": {**GPT2, "n_embd": 32, "vocab_size": 128}, "length": 24,
        "exercises": "names of the original upload: no 'transformer.' prefix, causal-mask buffers to be ignored",
        "on_disk": "names_of_the_upload", "v4": {"drop": ["tie_word_embeddings"]}},
    "llama-gqa-rope3": {
        "family": "llama", "class": "LlamaForCausalLM", "dtype": "bfloat16", "length": 40, "v4": {}, "train": OURS,
        "config": small(hidden_size=64, num_key_value_heads=2, tie_word_embeddings=True, rms_norm_eps=1e-5,
                        rope_parameters={"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
                                         "high_freq_factor": 4.0, "original_max_position_embeddings": 32}),
        "exercises": "grouped queries, llama3 rope scaling with high, middle and low bands, tied head, bf16 file",
        "ablate": [{"rope_parameters": ROPE}]},
    "mistral": {
        "family": "mistral", "class": "MistralForCausalLM", "length": 40, "train": {**OURS, "sliding_window": 16},
        "config": small(num_key_value_heads=2, sliding_window=10, rope_parameters=ROPE),
        "exercises": "sliding window of 10 keys counting the token itself, grouped queries",
        "ablate": [{"sliding_window": None}, {"sliding_window": 11}, {"sliding_window": 9}]},
    "qwen2": {
        "family": "qwen2", "class": "Qwen2ForCausalLM", "length": 32, "train": OURS,
        "config": small(num_key_value_heads=2, rope_parameters={"rope_type": "default", "rope_theta": 1e6}),
        "exercises": "biases on q, k, v only; sliding_window stands in the config but use_sliding_window is false",
        "v4": {"drop": ["layer_types"], "use_sliding_window": False, "sliding_window": 8, "max_window_layers": 1},
        "ablate": [{"use_sliding_window": True, "sliding_window": 8, "layer_types": ["full_attention", "sliding_attention"]}]},
    "qwen3": {
        "family": "qwen3", "class": "Qwen3ForCausalLM", "length": 32, "train": {**OURS, "head_dim": 16},
        "config": small(num_key_value_heads=2, head_dim=16, tie_word_embeddings=True,
                        rope_parameters={"rope_type": "default", "rope_theta": 1e6}),
        "exercises": "RMS norm of q and k per head before rotary, head_dim 16 where hidden/heads is 12, tied head"},
    "olmo2": {
        "family": "olmo2", "class": "Olmo2ForCausalLM", "length": 32, "train": OURS, "v4": {},
        "config": small(num_key_value_heads=2, pad_token_id=0, rope_parameters={"rope_type": "default", "rope_theta": 5e5}),
        "exercises": "norm of what each part adds, none before it; RMS norm of q and k over all heads together before rotary, "
                     "grouped queries",
        "ablate": [{"rms_norm_eps": 0.1}, {"rope_parameters": ROPE}]},
    "gemma3": {
        "family": "gemma3_text", "class": "Gemma3ForCausalLM", "length": 40, "dtype": "bfloat16",
        "config": small(hidden_size=40, num_hidden_layers=3, num_key_value_heads=2, head_dim=16, query_pre_attn_scalar=24,
                        sliding_window=8, pad_token_id=0, eos_token_id=1, bos_token_id=2,
                        layer_types=["sliding_attention", "sliding_attention", "full_attention"],
                        rope_parameters={"sliding_attention": {"rope_type": "default", "rope_theta": 500.0},
                                         "full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 20000.0}}),
        "exercises": "local, local, global layers with two rotary bases (linear scaling on global only), norms with 1 + w, four "
                     "norms a layer, qk norm, embeddings times sqrt(hidden), query_pre_attn_scalar, tied head, bf16 file",
        "scale": {"embed_tokens": 0.4, "model.norm": 4.0},  # otherwise a tied model only repeats its input
        "v4": {"drop": ["layer_types", "use_bidirectional_attention"], "rope_theta": 20000.0, "rope_local_base_freq": 500.0,
               "rope_scaling": {"rope_type": "linear", "factor": 4.0}, "sliding_window_pattern": 3},
        "ablate": [{"sliding_window": 9}, {"query_pre_attn_scalar": 16}, {"layer_types": ["full_attention"] * 3}],
        "train": {**OURS, "head_dim": 16, "sliding_window": 16}},
    "gemma": {
        "family": "gemma", "class": "GemmaForCausalLM", "length": 32, "dtype": "bfloat16",
        "config": small(hidden_size=40, num_key_value_heads=1, head_dim=16, attention_bias=True, pad_token_id=0, eos_token_id=1,
                        bos_token_id=2, rope_parameters=ROPE),
        "exercises": "norms with 1 + w, embeddings times sqrt(hidden), tanh gelu under the name gelu, head_dim 16 where hidden/heads "
                     "is 10, one kv head, biases, tied head, bf16 file",
        "scale": {"embed_tokens": 0.4, "model.norm": 4.0},  # otherwise a tied model only repeats its input
        "v4": {"drop": ["use_bidirectional_attention"], "hidden_act": "gelu", "hidden_activation": None},
        "ablate": [{"rms_norm_eps": 0.1}, {"hidden_act": "relu"}],
        "train": {**OURS, "head_dim": 16}},
    "gemma2": {
        "family": "gemma2", "class": "Gemma2ForCausalLM", "length": 40, "dtype": "bfloat16",
        "config": small(hidden_size=40, num_hidden_layers=3, num_key_value_heads=2, head_dim=16, query_pre_attn_scalar=24,
                        sliding_window=8, attn_logit_softcapping=3.0, final_logit_softcapping=4.0, pad_token_id=0,
                        eos_token_id=1, bos_token_id=2, rope_parameters=ROPE),
        "exercises": "local and global layers in turn, soft caps of scores and logits, norms with 1 + w, four norms a layer, "
                     "query_pre_attn_scalar, tied head, bf16 file",
        "scale": {"embed_tokens": 0.4, "model.norm": 4.0},
        "v4": {"drop": ["layer_types", "use_bidirectional_attention"], "sliding_window_size": 8, "cache_implementation": "hybrid"},
        "ablate": [{"sliding_window": 9}, {"query_pre_attn_scalar": 16}, {"attn_logit_softcapping": None},
                   {"final_logit_softcapping": None}, {"layer_types": ["full_attention"] * 3}],
        "train": {**OURS, "head_dim": 16, "sliding_window": 16}},
    "phi3": {
        "family": "phi3", "class": "Phi3ForCausalLM", "length": 40, "v4": {}, "dtype": "float16",
        "config": small(num_key_value_heads=2, pad_token_id=0, sliding_window=12, original_max_position_embeddings=64,
                        rope_parameters={**ROPE, "partial_rotary_factor": 0.5}),
        "exercises": "fused qkv_proj and gate_up_proj, rotary on the first half of each head, sliding window, grouped queries",
        "ablate": [{"sliding_window": None}, {"rope_parameters": {**ROPE, "partial_rotary_factor": 1.0}}],
        "train": {**OURS, "sliding_window": 16}},
    "phi3-longrope": {
        "family": "phi3", "class": "Phi3ForCausalLM", "length": 32, "uncached": True, "dtype": "float16",
        "config": small(num_attention_heads=3, num_key_value_heads=1, pad_token_id=0, max_position_embeddings=96,
                        original_max_position_embeddings=40, rope_parameters=LONGROPE),
        "exercises": "longrope with short and long factors: the greedy continuation grows beyond the original length, from where "
                     "on all positions are rotated otherwise; rotary on three quarters of each head",
        "ablate": [{"rope_parameters": {**LONGROPE, "short_factor": LONGROPE["long_factor"]}},
                   {"rope_parameters": {**LONGROPE, "attention_factor": 1.0}}]},
    "granite": {
        "family": "granite", "class": "GraniteForCausalLM", "length": 32, "v4": {}, "dtype": "float16",
        "config": small(num_key_value_heads=2, tie_word_embeddings=True, attention_multiplier=0.2, embedding_multiplier=3.0,
                        residual_multiplier=0.5, logits_scaling=0.7, attention_bias=True, mlp_bias=True, rope_parameters=ROPE),
        "exercises": "factors on words, scores, what parts add and logits; biases, grouped queries, tied head",
        "scale": {"embed_tokens": 0.3, "model.norm": 2.0},
        "ablate": [{"attention_multiplier": 12**-0.5}, {"residual_multiplier": 1.0}, {"logits_scaling": 1.0},
                   {"embedding_multiplier": 1.0}],
        "train": {**OURS, "attention_multiplier": 0.25, "embedding_multiplier": 3.0, "residual_multiplier": 0.5,
                  "logits_scaling": 2.0}},
    "smollm3": {
        "family": "smollm3", "class": "SmolLM3ForCausalLM", "length": 32, "dtype": "float16",
        "config": small(hidden_size=32, num_hidden_layers=4, num_key_value_heads=2, pad_token_id=0, use_sliding_window=True,
                        sliding_window=9, no_rope_layer_interval=2, tie_word_embeddings=False,
                        rope_parameters={"rope_type": "default", "rope_theta": 5e5}),
        "exercises": "every second layer without positions and with a window, grouped queries",
        "v4": {"drop": ["layer_types"], "pretraining_tp": 2, "max_window_layers": 28},
        "ablate": [{"no_rope_layers": [1, 1, 1, 1]}, {"no_rope_layers": [0, 1, 0, 1]}, {"sliding_window": 10},
                   {"layer_types": ["full_attention"] * 4}],
        "train": {**OURS, "no_rope_layer_interval": 2}},
    "stablelm": {
        "family": "stablelm", "class": "StableLmForCausalLM", "length": 32, "v4": {"drop": ["partial_rotary_factor"]}, "dtype": "float16",
        "config": small(num_attention_heads=3, num_key_value_heads=1, use_qkv_bias=True, rope_parameters=ROPE),
        "exercises": "layer norms with biases, rotary on the quarter of each head that nothing says, biases on q, k, v, one kv head",
        "ablate": [{"layer_norm_eps": 0.1}, {"rope_parameters": {**ROPE, "partial_rotary_factor": 1.0}}],
        "train": {**OURS, "use_qkv_bias": True, "qk_layernorm": True}},
    "stablelm-parallel": {
        "family": "stablelm", "class": "StableLmForCausalLM", "length": 32, "dtype": "float16",
        "config": small(hidden_size=32, num_attention_heads=4, num_key_value_heads=2, use_parallel_residual=True, qk_layernorm=True,
                        rope_parameters={**ROPE, "partial_rotary_factor": 0.5}),
        "exercises": "both parts side by side behind one norm, layer norm of each head of queries and keys with weights of its own",
        "ablate": [{"layer_norm_eps": 0.1}, {"rope_parameters": {**ROPE, "partial_rotary_factor": 0.25}}]},
    "starcoder2": {
        "family": "starcoder2", "class": "Starcoder2ForCausalLM", "length": 40, "dtype": "float16",
        "config": small(num_key_value_heads=2, sliding_window=10, rope_parameters=ROPE),
        "exercises": "layer norms, biases everywhere, sliding window of 10, tanh gelu without a gate, tied head",
        "scale": {"embed_tokens": 0.6},
        "v4": {"norm_type": "layer_norm", "mlp_type": "default", "activation_function": "gelu", "layer_norm_epsilon": 1e-05,
               "scale_attn_weights": True, "attention_softmax_in_fp32": True, "scale_attention_softmax_in_fp32": True,
               "drop": ["tie_word_embeddings"]},
        "ablate": [{"sliding_window": None}, {"sliding_window": 11}],
        "train": {**OURS, "sliding_window": 16}},
    "gpt_neox": {
        "family": "gpt_neox", "class": "GPTNeoXForCausalLM", "length": 32, "dtype": "float16",
        "config": {"vocab_size": 160, "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 192,
                   "max_position_embeddings": 64, "hidden_act": "gelu", "bos_token_id": 0, "eos_token_id": 0,
                   "rope_parameters": {**ROPE, "partial_rotary_factor": 0.25}},
        "exercises": "parallel residual, qkv interleaved per head, rotary on a quarter of each head, exact gelu, f16 file",
        "train": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 64}},
    "gptj": {
        "family": "gptj", "class": "GPTJForCausalLM", "length": 32, "dtype": "float16", "v4": {"rotary": True, "scale_attn_weights": True},
        "config": {"vocab_size": 160, "n_positions": 64, "n_embd": 48, "n_layer": 2, "n_head": 4, "rotary_dim": 8, "n_inner": 96,
                   "bos_token_id": 0, "eos_token_id": 0},
        "exercises": "parallel parts behind one norm, rotary pairs that are neighbours on 8 of 12 dimensions, projections without "
                     "biases, output projection with one, f16 file",
        "ablate": [{"rotary_dim": 6}, {"rotary_dim": 12}],
        "train": {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 64, "rotary_dim": 8}},
    "phi": {
        "family": "phi", "class": "PhiForCausalLM", "length": 32,
        "config": small(num_key_value_heads=2, qk_layernorm=True, rope_parameters={**ROPE, "partial_rotary_factor": 0.4}),
        "exercises": "parallel parts behind one norm, rotary on 0.4 of each head, layer norm of q and k per head, grouped queries, "
                     "output projection with a bias",
        "v4": {}, "ablate": [{"rope_parameters": {**ROPE, "partial_rotary_factor": 0.5}}],
        "train": {**OURS, "qk_layernorm": True}},
    "falcon": {
        "family": "falcon", "class": "FalconForCausalLM", "length": 32, "dtype": "bfloat16",
        "config": FALCON, "v4": {"drop": ["num_kv_heads", "ffn_hidden_size", "num_ln_in_parallel_attn"],
                                 "apply_residual_connection_post_layernorm": False},
        "exercises": "7B: parallel parts behind one norm, one head of keys and values, rotary, tied head, bf16 file",
        "scale": {"word_embeddings": 0.4, "ln_f": 4.0},  # otherwise a tied model only repeats its input
        "train": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 64}},
    "falcon-two": {
        "family": "falcon", "class": "FalconForCausalLM", "length": 32,
        "config": {**FALCON, "new_decoder_architecture": True, "num_kv_heads": 2, "tie_word_embeddings": False,
                   "ffn_hidden_size": 96},
        "exercises": "40B: heads in two groups, a norm for each of the parallel parts, own output matrix",
        "ablate": [{"rope_parameters": {**ROPE, "rope_theta": 100.0}}],
        "train": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_kv_heads": 2,
                  "max_position_embeddings": 64, "new_decoder_architecture": True}},
    "falcon-one": {
        "family": "falcon", "class": "FalconForCausalLM", "length": 32,
        "config": {**FALCON, "new_decoder_architecture": True, "num_kv_heads": 2, "num_ln_in_parallel_attn": 1, "bias": True},
        "exercises": "11B: heads in two groups, one norm for both of the parallel parts; biases",
        "scale": {"word_embeddings": 0.4, "ln_f": 4.0}},
    "falcon-rw": {
        "family": "falcon", "class": "FalconForCausalLM", "length": 40, "attention": "sdpa",
        "config": {**FALCON, "num_attention_heads": 6, "hidden_size": 48, "ffn_hidden_size": 64, "alibi": True, "bias": True,
                   "multi_query": False, "parallel_attn": False},
        "scale": {"word_embeddings": 0.4, "ln_f": 4.0},
        "exercises": "RW: ALiBi in bf16 with slopes of six heads, one part after the other, q, k and v interleaved per head, "
                     "biases. The library's eager attention adds ALiBi twice; its default, sdpa, once",
        "ablate": [{"alibi": False}],
        "train": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 64,
                  "alibi": True, "bias": True, "multi_query": False, "parallel_attn": False}},
    "exaone4": {
        "family": "exaone4", "class": "Exaone4ForCausalLM", "length": 40,
        "config": small(num_hidden_layers=3, hidden_size=40, intermediate_size=64, head_dim=12, num_key_value_heads=2,
                        sliding_window=8, layer_types=["sliding_attention", "sliding_attention", "full_attention"],
                        rope_parameters={"rope_type": "default", "rope_theta": 1e6}),
        "exercises": "two layers with a window and rotary positions, one that sees all without positions; norm of what each part "
                     "adds, RMS norm of q and k per head; the layers as letters, as older configs have them",
        "v4": {"drop": ["layer_types"], "sliding_window_pattern": "LLG"},
        "ablate": [{"sliding_window": 9}, {"layer_types": ["sliding_attention", "full_attention", "full_attention"]},
                   {"rope_parameters": ROPE}],
        "train": {**OURS, "sliding_window": 16, "sliding_window_pattern": 2}},
    "exaone_moe": {
        "family": "exaone_moe", "class": "ExaoneMoeForCausalLM", "length": 40, "post": "correct_choices", "on_disk": "add_drafts",
        "config": small(num_hidden_layers=3, hidden_size=32, intermediate_size=48, moe_intermediate_size=16, head_dim=12,
                        vocab_size=128, num_key_value_heads=2, num_experts=8, num_experts_per_tok=2, n_group=4, topk_group=2, pad_token_id=0,
                        num_shared_experts=2, first_k_dense_replace=1, routed_scaling_factor=1.5, sliding_window=8,
                        layer_types=["sliding_attention", "sliding_attention", "full_attention"], rope_parameters=ROPE),
        "exercises": "a dense layer before two of experts: sigmoid scores, best 2 of 4 groups by their two best with the bias for "
                     "choosing, 2 shared experts; norms before the parts; the layer that sees all has no positions",
        "ablate": [{"topk_group": 4}, {"norm_topk_prob": False}, {"routed_scaling_factor": 2.5}, {"sliding_window": 9}],
        "train": {**OURS, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "sliding_window": 16,
                  "sliding_window_pattern": 2}},
    "hyperclovax": {
        "family": "hyperclovax", "class": "HyperCLOVAXForCausalLM", "length": 32,
        "config": small(hidden_size=40, intermediate_size=64, num_key_value_heads=2, head_dim=16, embedding_multiplier=3.0, logits_scaling=0.5,
                        residual_multiplier=0.7, attention_multiplier=0.15, rope_parameters={**ROPE, "rope_theta": 1e6}),
        "exercises": "factors of muP on words, scores, what parts add and logits (which are multiplied), a norm behind each part",
        "v4": {}, "ablate": [{"embedding_multiplier": 1.0}, {"logits_scaling": 1.0}, {"residual_multiplier": 1.0},
                             {"attention_multiplier": 0.25}, {"use_post_norm": False}],
        "train": {**OURS, "residual_multiplier": 0.7, "logits_scaling": 0.5}},
    "qwen3_moe": {
        "family": "qwen3_moe", "class": "Qwen3MoeForCausalLM", "length": 32,
        "config": small(num_hidden_layers=3, hidden_size=32, intermediate_size=48, moe_intermediate_size=24, head_dim=12,
                        num_key_value_heads=2, num_experts=5, num_experts_per_tok=2, norm_topk_prob=False, mlp_only_layers=[0],
                        rope_parameters={"rope_type": "default", "rope_theta": 1e6}),
        "exercises": "best 2 of 5 experts with their own probabilities as weights, a dense layer before two of experts, qk norm",
        "ablate": [{"norm_topk_prob": True}, {"num_experts_per_tok": 1}],
        "v4": {}, "train": {**OURS, "head_dim": 16, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32,
                            "decoder_sparse_step": 2}},
    "mixtral": {
        "family": "mixtral", "class": "MixtralForCausalLM", "length": 32, "shard": "80KB",
        "config": small(hidden_size=32, intermediate_size=48, num_key_value_heads=2, num_local_experts=4, num_experts_per_tok=2,
                        rope_parameters=ROPE),
        "exercises": "mixture of 4 experts, best 2 with weights renormalised, several safetensors files with an index",
        "ablate": [{"num_experts_per_tok": 1}, {"num_experts_per_tok": 3}],
        "train": {**OURS, "num_local_experts": 4, "num_experts_per_tok": 2}},
    "deepseek_v2": {
        "family": "deepseek_v2", "class": "DeepseekV2ForCausalLM", "length": 32, "dtype": "bfloat16",
        "config": small(hidden_size=40, num_hidden_layers=3, q_lora_rank=24, **LATENT, n_routed_experts=12, n_shared_experts=1,
                        num_experts_per_tok=3, moe_intermediate_size=24, first_k_dense_replace=1, n_group=4, topk_group=2,
                        topk_method="group_limited_greedy", routed_scaling_factor=2.0, attention_bias=True, mlp_bias=True,
                        intermediate_size=56, rope_parameters=ROPE),
        "exercises": "latent attention with low-rank queries and biases, 3 of 12 experts from the best 2 of 4 groups by their "
                     "best, scaled and not renormalised, a shared one, the first layer dense, bf16 file",
        "v4": {**DEEPSEEK_KEYS, "scoring_func": "softmax"},
        "ablate": [{"topk_method": "greedy"}, {"topk_group": 3}, {"routed_scaling_factor": 1.0}, {"first_k_dense_replace": 1,
                   "num_experts_per_tok": 2}],
        "train": {**OUR_LATENT, "aux_loss_alpha": 0.01, "q_lora_rank": 32}},
    "deepseek_v2-lite": {
        "family": "deepseek_v2", "class": "DeepseekV2ForCausalLM", "length": 40, "dtype": "bfloat16",
        "config": small(hidden_size=48, q_lora_rank=None, **LATENT, n_routed_experts=8, n_shared_experts=2,
                        num_experts_per_tok=3, moe_intermediate_size=24, first_k_dense_replace=1, intermediate_size=64,
                        rope_parameters={"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "beta_fast": 32,
                                         "beta_slow": 1, "mscale": 0.707, "mscale_all_dim": 0.5,
                                         "original_max_position_embeddings": 16}),
        "exercises": "queries of full rank, yarn whose factor stands on scores and, where mscale differs from mscale_all_dim, on "
                     "cosines, 3 of 8 experts, two shared ones",
        "v4": {**DEEPSEEK_KEYS, "scoring_func": "softmax", "topk_method": "greedy", "n_group": 1, "topk_group": 1},
        "ablate": [{"num_experts_per_tok": 2}, {"rope_parameters": ROPE}],
        "train": {**OUR_LATENT, "num_key_value_heads": 4, "n_shared_experts": 2}},
    "deepseek_v3": {
        "family": "deepseek_v3", "class": "DeepseekV3ForCausalLM", "length": 40, "dtype": "bfloat16", "post": "correct_choices",
        "config": small(hidden_size=40, num_key_value_heads=4, q_lora_rank=24, **LATENT, n_routed_experts=16,
                        n_shared_experts=1, num_experts_per_tok=4, moe_intermediate_size=16, first_k_dense_replace=1, n_group=4,
                        topk_group=2, intermediate_size=56, routed_scaling_factor=2.5, norm_topk_prob=True,
                        rope_parameters={"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "beta_fast": 32,
                                         "beta_slow": 1, "mscale": 1.0, "mscale_all_dim": 1.0,
                                         "original_max_position_embeddings": 16}),
        "exercises": "sigmoid scores, a bias that chooses and does not weigh, the best 2 of 4 groups by their best two, weights "
                     "renormalised and scaled, yarn on scores alone, the published file's further layer beside",
        "on_disk": "add_further_layer",
        "v4": {**DEEPSEEK_KEYS, "ep_size": 1, "scoring_func": "sigmoid", "topk_method": "noaux_tc",
               "num_nextn_predict_layers": 1},
        "ablate": [{"topk_group": 4}, {"norm_topk_prob": False}, {"rope_interleave": False}, {"num_experts_per_tok": 3}],
        "train": {**OUR_LATENT, "num_key_value_heads": 4, "aux_loss_alpha": 0.01}},
    "deepseek_v3-halves": {
        "family": "deepseek_v3", "class": "DeepseekV3ForCausalLM", "length": 32, "post": "correct_choices",
        "config": small(hidden_size=32, num_key_value_heads=4, q_lora_rank=None, **LATENT, n_routed_experts=6,
                        n_shared_experts=1, num_experts_per_tok=2, moe_intermediate_size=16, first_k_dense_replace=0,
                        n_group=1, topk_group=1, intermediate_size=48, routed_scaling_factor=1.5, norm_topk_prob=False,
                        rope_interleave=False, attention_bias=True, tie_word_embeddings=True, rope_parameters=ROPE),
        "exercises": "rotary pairs in halves, queries of full rank, no groups, weights not renormalised, experts in every layer, "
                     "biases, a tied head",
        "scale": {"embed_tokens": 0.4, "model.norm": 4.0},
        "ablate": [{"norm_topk_prob": True}, {"rope_interleave": True}]},
    "mamba": {
        "family": "mamba", "class": "MambaForCausalLM", "length": 40,
        "config": {"vocab_size": 120, "hidden_size": 32, "state_size": 9, "expand": 2, "conv_kernel": 3, "time_step_rank": 3,
                   "use_bias": True, "num_hidden_layers": 2, "tie_word_embeddings": False, "bos_token_id": 1, "eos_token_id": 2,
                   "pad_token_id": 0},
        "exercises": "selective scan with states of its own in each channel, step projection of rank 3, biases, 3 taps, own head, "
                     "the fields of the first conversions",
        "v4": {"d_model": 32, "d_inner": 64, "n_layer": 2, "ssm_cfg": {}, "rms_norm": True, "fused_add_norm": True,
               "pad_vocab_size_multiple": 8},
        "ablate": [{"layer_norm_epsilon": 0.1}],
        "train": {"hidden_size": 64, "state_size": 8, "num_hidden_layers": 2}},
    "mamba2": {
        "family": "mamba2", "class": "Mamba2ForCausalLM", "length": 32,
        "config": {"vocab_size": 120, "hidden_size": 32, "state_size": 8, "num_heads": 4, "head_dim": 16, "n_groups": 2,
                   "expand": 2, "conv_kernel": 4, "chunk_size": 8, "num_hidden_layers": 2, "bos_token_id": 1,
                   "eos_token_id": 2, "pad_token_id": 0},
        "exercises": "state-space layers: convolution, gated norm, groups of B and C, chunks of 8",
        "ablate": [{"layer_norm_epsilon": 0.1}],
        "train": {"hidden_size": 64, "state_size": 8, "num_heads": 8, "head_dim": 16, "n_groups": 2, "num_hidden_layers": 2}},
    "falcon_h1": {
        "family": "falcon_h1", "class": "FalconH1ForCausalLM", "length": 32,
        "config": small(hidden_size=32, intermediate_size=48, num_key_value_heads=2, head_dim=12, pad_token_id=0,
                        mamba_d_ssm=64, mamba_n_heads=4, mamba_d_head=16, mamba_n_groups=2, mamba_d_state=8, mamba_chunk_size=8, mamba_norm_before_gate=False,
                        embedding_multiplier=2.5, lm_head_multiplier=1.25, attention_in_multiplier=0.75,
                        attention_out_multiplier=1.5, key_multiplier=0.625, ssm_in_multiplier=1.25, ssm_out_multiplier=0.875,
                        mlp_multipliers=[0.75, 1.25], ssm_multipliers=[0.75, 1.25, 0.5, 1.5, 0.625], rope_parameters=ROPE),
        "exercises": "attention and Mamba-2 side by side, every multiplier, a gate without a norm, groups of B and C, head_dim 12 "
                     "where hidden/heads is 8",
        "v4": {"attn_layer_indices": None, "mamba_use_mlp": True, "mlp_expansion_factor": 8, "mamba_expand": 2},
        "ablate": [{"embedding_multiplier": 1.0}, {"lm_head_multiplier": 1.0}, {"attention_in_multiplier": 1.0},
                   {"attention_out_multiplier": 1.0}, {"key_multiplier": 1.0}, {"ssm_in_multiplier": 1.0},
                   {"ssm_out_multiplier": 1.0}, {"mlp_multipliers": [1.0, 1.25]}, {"mlp_multipliers": [0.75, 1.0]},
                   {"ssm_multipliers": [1.0, 1.25, 0.5, 1.5, 0.625]}, {"ssm_multipliers": [0.75, 1.0, 0.5, 1.5, 0.625]},
                   {"ssm_multipliers": [0.75, 1.25, 1.0, 1.5, 0.625]}, {"ssm_multipliers": [0.75, 1.25, 0.5, 1.0, 0.625]},
                   {"ssm_multipliers": [0.75, 1.25, 0.5, 1.5, 1.0]}],
        "train": {**OURS, "mamba_d_ssm": 64, "mamba_n_heads": 4, "mamba_n_groups": 2, "mamba_d_state": 8}},
    "falcon_h1-norm": {
        "family": "falcon_h1", "class": "FalconH1ForCausalLM", "length": 32,
        "config": small(hidden_size=32, intermediate_size=48, num_key_value_heads=None, mamba_d_ssm=None, mamba_expand=2,
                        mamba_n_heads=4, mamba_d_head="auto", mamba_n_groups=2, mamba_d_state=8, mamba_rms_norm=True,
                        mamba_norm_before_gate=True, mamba_proj_bias=True, projectors_bias=True, mamba_conv_bias=False,
                        attention_bias=True, mlp_bias=True, mamba_chunk_size=8, tie_word_embeddings=True, pad_token_id=0,
                        mlp_multipliers=[0.75, 1.25], ssm_in_multiplier=1.25, key_multiplier=0.625,
                        ssm_multipliers=[0.75, 1.25, 0.5, 1.5, 0.625], rope_parameters=ROPE),
        "exercises": "norm by groups before the gate, a mixer twice the width, all biases beside the multipliers, tied head",
        "scale": {"embed_tokens": 0.4}, "invariant": ["k_proj.bias"],
        "ablate": [{"mamba_norm_before_gate": False}]},
    "lfm2": {
        "family": "lfm2", "class": "Lfm2ForCausalLM", "length": 32,
        "config": small(hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_key_value_heads=2, full_attn_idxs=[1], conv_bias=True,
                        block_multiple_of=16, block_ffn_dim_multiplier=1.1, pad_token_id=0,
                        rope_parameters={"rope_type": "default", "rope_theta": 1e6}),
        "exercises": "short convolution between two gates with biases, one layer of attention with qk norm, a feed-forward width of "
                     "48 from 64, the config as the authors' own code spelled it, tied head",
        "scale": {"embed_tokens": 0.4, "embedding_norm": 4.0},  # otherwise a tied model only repeats its input
        "v4": {"drop": ["layer_types", "intermediate_size", "tie_word_embeddings"], "block_ff_dim": 64, "tie_embedding": True,
               "block_dim": 32, "block_norm_eps": 1e-5, "block_use_swiglu": True, "conv_dim": 32, "conv_dim_out": 32,
               "num_heads": 4, "theta": 1e6, "use_pos_enc": True},
        "ablate": [{"norm_eps": 0.1}, {"rope_parameters": ROPE}],
        "train": {**OURS, "num_hidden_layers": 3}},
    "qwen3_next": {
        "family": "qwen3_next", "class": "Qwen3NextForCausalLM", "length": 40,
        "config": small(hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_key_value_heads=2, head_dim=16,
                        full_attention_interval=2, attention_bias=True, linear_num_key_heads=2, linear_num_value_heads=4,
                        linear_key_head_dim=8, linear_value_head_dim=12, num_experts=4, num_experts_per_tok=2,
                        moe_intermediate_size=16, shared_expert_intermediate_size=24, norm_topk_prob=False, mlp_only_layers=[2],
                        rope_parameters={"rope_type": "default", "rope_theta": 1e6, "partial_rotary_factor": 0.25}),
        "exercises": "gated delta rule with two heads of values to one of keys, attention with an output gate, rotary on a quarter, "
                     "norms 1 + w, experts without renormalised weights beside a shared one with a gate, one dense layer",
        "invariant": ["k_proj.bias"],
        "v4": {"drop": ["layer_types"], "full_attention_interval": 2, "use_sliding_window": False},
        "ablate": [{"norm_topk_prob": True}, {"num_experts_per_tok": 3}, {"rms_norm_eps": 0.1}, {"rope_parameters": ROPE}],
        "train": {**OURS, "num_hidden_layers": 4, "head_dim": 16, "linear_num_key_heads": 2, "linear_key_head_dim": 16,
                  "linear_value_head_dim": 16, "num_experts": 4}},
    "recurrent_gemma": {
        "family": "recurrent_gemma", "class": "RecurrentGemmaForCausalLM", "length": 40, "post": "slow_decays",
        "config": {"vocab_size": 120, "hidden_size": 32, "intermediate_size": 50, "num_hidden_layers": 3, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "lru_width": 48, "conv1d_width": 3, "attention_window_size": 7,
                   "block_types": ["recurrent", "attention"], "attention_bias": True, "logits_soft_cap": 5.0,
                   "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0,
                   "rope_parameters": {"rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": 0.5}},
        "exercises": "gated linear recurrence wider than the model, gates by head, window of 7 keys, half of each head rotated, "
                     "an odd half of the inner width, soft cap, a pattern of two",
        "scale": {"embed_tokens": 0.4},
        "v4": {"drop": ["block_types", "layer_types"], "_block_types": ["recurrent", "attention"]},
        "ablate": [{"attention_window_size": 8}, {"logits_soft_cap": 30.0}],
        "train": {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "attention_window_size": 16}},
    "rwkv": {
        "family": "rwkv", "class": "RwkvForCausalLM", "length": 40, "on_disk": "whole_weights",
        "config": {"vocab_size": 120, "hidden_size": 32, "intermediate_size": 80, "num_hidden_layers": 3, "context_length": 64,
                   "layer_norm_epsilon": 1e-3, "rescale_every": 1, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0},
        "exercises": "version 4: token shift, averages whose weights fade, a norm before the first layer, a stream that is halved "
                     "behind each layer",
        "scale": {"time_decay": 5.0, "time_first": 5.0, "time_mix": 3.0},
        "train": {"hidden_size": 64, "num_hidden_layers": 2}},
    "lstm": {
        "family": "lstm", "class": "LstmForCausalLM", "length": 32,
        "config": {"vocab_size": 120, "embed_size": 24, "hidden_size": 33, "num_layers": 2, "tie_word_embeddings": False},
        "exercises": "torch.nn.LSTM: gates i, f, g, o, two biases, embeddings of another width than the layers, a width that "
                     "fills no vector",
        "scale": {"embed": 3.0, "weight_ih": 2.0, "head.weight": 3.0},  # otherwise its answers are nearly even
        "train": {"embed_size": 24, "hidden_size": 64, "num_layers": 2}},
    "gru": {
        "family": "gru", "class": "GruForCausalLM", "length": 32, "dtype": "bfloat16",
        "config": {"vocab_size": 120, "embed_size": 36, "hidden_size": 36, "num_layers": 2, "tie_word_embeddings": True},
        "exercises": "torch.nn.GRU: gates r, z, n, with r behind the recurrent product and its bias, tied head with a bias, bf16 file",
        "scale": {"embed": 3.0, "weight_ih": 2.0},
        "train": {"hidden_size": 64, "num_layers": 2, "tie_word_embeddings": True}},
    "bert": {
        "family": "bert", "class": "BertForMaskedLM", "kind": "mlm", "length": 32, "invariant": ["self.key.bias"],
        "objectives": ENCODER,
        "config": {"vocab_size": 150, "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2,
                   "num_attention_heads": 4, "type_vocab_size": 2, "max_position_embeddings": 48, "pad_token_id": 0},
        "exercises": "post-norm encoder, learned positions, MLM head with transform and bias, padding mask"},
    "roberta": {
        "family": "roberta", "class": "RobertaForMaskedLM", "kind": "mlm", "length": 40, "invariant": ["self.key.bias"],
        "objectives": ENCODER, "config": encoder(type_vocab_size=1, pad_token_id=1, hidden_act="relu"),
        "exercises": "positions begin behind pad_token_id and pass over padding; the head's gelu whatever hidden_act says"},
    "roberta-cls": {
        "family": "roberta", "class": "RobertaForSequenceClassification", "kind": "classifier", "length": 24,
        "invariant": ["self.key.bias"], "config": encoder(type_vocab_size=1, pad_token_id=1, num_labels=1),
        "exercises": "a dense layer and tanh over the first token; one number: regression"},
    "xlm-roberta": {
        "family": "xlm-roberta", "class": "XLMRobertaForTokenClassification", "kind": "tokens", "length": 24,
        "invariant": ["self.key.bias"], "objectives": ENCODER,
        "config": encoder(type_vocab_size=1, pad_token_id=1, num_labels=5),
        "exercises": "RoBERTa under other names of classes; labels of tokens"},
    "electra": {
        "family": "electra", "class": "ElectraForPreTraining", "kind": "disc", "length": 24, "invariant": ["self.key.bias"],
        "objectives": [*ENCODER, "replaced_token"], "config": encoder(embedding_size=16, hidden_act="relu"),
        "exercises": "embeddings narrower than the layers, the discriminator's head"},
    "electra-generator": {
        "family": "electra", "class": "ElectraForMaskedLM", "kind": "mlm", "length": 24, "invariant": ["self.key.bias"],
        "config": encoder(embedding_size=24, hidden_act="relu"),
        "exercises": "the generator's head: gelu whatever hidden_act says, back to the width of embeddings, tied"},
    "electra-cls": {
        "family": "electra", "class": "ElectraForSequenceClassification", "kind": "classifier", "length": 24,
        "invariant": ["self.key.bias"], "config": encoder(embedding_size=32, num_labels=3),
        "exercises": "a dense layer and gelu over the first token; embeddings as wide as the layers"},
    "distilbert": {
        "family": "distilbert", "class": "DistilBertForMaskedLM", "kind": "mlm", "length": 24, "objectives": ENCODER,
        "invariant": ["k_lin.bias"],
        "config": {"vocab_size": 120, "dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 4, "max_position_embeddings": 48,
                   "pad_token_id": 0, "activation": "relu"},
        "exercises": "no token types, the head's activation is the layers'"},
    "distilbert-qa": {
        "family": "distilbert", "class": "DistilBertForQuestionAnswering", "kind": "spans", "length": 24,
        "invariant": ["k_lin.bias"],
        "config": {"vocab_size": 120, "dim": 32, "hidden_dim": 64, "n_layers": 1, "n_heads": 4, "max_position_embeddings": 48,
                   "pad_token_id": 0, "sinusoidal_pos_embds": True},
        "exercises": "where an answer begins and ends"},
    "albert": {
        "family": "albert", "class": "AlbertForMaskedLM", "kind": "mlm", "length": 24, "objectives": ENCODER,
        "invariant": ["attention.key.bias"],
        "config": encoder(embedding_size=16, num_hidden_layers=3, hidden_act="gelu_new"),
        "exercises": "one layer at three depths, embeddings of half the width, tanh gelu"},
    "albert-cls": {
        "family": "albert", "class": "AlbertForSequenceClassification", "kind": "classifier", "length": 24,
        "invariant": ["attention.key.bias"], "scale": {".query.": 2.0, ".key.": 2.0},  # else depth makes all tokens alike
        "config": encoder(embedding_size=16, num_hidden_layers=3, num_hidden_groups=2, inner_group_num=2, num_labels=3),
        "exercises": "two groups of two layers at three depths; the pooler"},
    "modernbert": {
        "family": "modernbert", "class": "ModernBertForMaskedLM", "kind": "mlm", "length": 40, "objectives": ENCODER,
        "config": encoder(num_hidden_layers=4, local_attention=20, pad_token_id=3, bos_token_id=1, eos_token_id=2,
                          cls_token_id=1, sep_token_id=2,
                          rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 20000.0},
                                           "sliding_attention": {"rope_type": "default", "rope_theta": 500.0}}),
        "exercises": "rotary positions with two bases, local layers between global ones, gated gelu, no biases, no norm before "
                     "the first attention",
        "v4": {"drop": ["layer_types"], "global_attn_every_n_layers": 3, "global_rope_theta": 20000.0,
               "local_rope_theta": 500.0, "layer_norm_eps": 1e-5, "reference_compile": False},
        "ablate": [{"local_attention": 22}, {"local_attention": 18}, {"layer_types": ["full_attention"] * 4}]},
    "modernbert-cls": {
        "family": "modernbert", "class": "ModernBertForSequenceClassification", "kind": "classifier", "length": 24,
        "config": encoder(num_hidden_layers=2, local_attention=12, pad_token_id=3, bos_token_id=1, eos_token_id=2, cls_token_id=1,
                          sep_token_id=2, classifier_pooling="mean", classifier_activation="silu", classifier_bias=True,
                          norm_bias=True, attention_bias=True, mlp_bias=True, num_labels=3),
        "exercises": "the mean of a text's tokens, all biases",
        "ablate": [{"classifier_pooling": "cls"}]},
    "deberta-v2": {
        "family": "deberta-v2", "class": "DebertaV2ForMaskedLM", "kind": "mlm", "length": 40, "objectives": ENCODER,
        "config": encoder(type_vocab_size=0, relative_attention=True, position_buckets=8, norm_rel_ebd="layer_norm",
                          share_att_key=True, pos_att_type=["p2c", "c2p"], position_biased_input=False),
        "exercises": "as v3 was published: both parts of positions by the layers' own projections, buckets by logarithm, a norm "
                     "of the table, no absolute positions",
        "v4": {"pos_att_type": "p2c|c2p"},
        "ablate": [{"pos_att_type": ["c2p"]}, {"max_relative_positions": 200}, {"norm_rel_ebd": "none"}]},
    "deberta-v2-cls": {
        "family": "deberta-v2", "class": "DebertaV2ForSequenceClassification", "kind": "classifier", "length": 24,
        "invariant": ["pos_key_proj.bias"], "scale": {"pos_query_proj.weight": 3.0},
        "config": encoder(type_vocab_size=2, relative_attention=True, max_relative_positions=6, pos_att_type=["c2p", "p2c"],
                          embedding_size=24, conv_kernel_size=3, conv_act="gelu", num_labels=3, pooler_hidden_act="tanh"),
        "exercises": "positions with projections of their own, every distance a row, a convolution beside the first layer, "
                     "narrower embeddings with token types and absolute positions, the pooler",
        "ablate": [{"conv_act": "tanh"}, {"pos_att_type": ["p2c"]}]},
    "t5": {
        "family": "t5", "class": "T5ForConditionalGeneration", "kind": "encdec", "length": 32, "post": "untie",
        "on_disk": "untied_file", "objectives": ["seq2seq"],
        "config": {"vocab_size": 160, "d_model": 32, "d_kv": 12, "d_ff": 64, "num_layers": 2, "num_decoder_layers": 3,
                   "num_heads": 3, "relative_attention_num_buckets": 12, "relative_attention_max_distance": 20,
                   "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False, "pad_token_id": 0, "eos_token_id": 1,
                   "decoder_start_token_id": 0},
        "exercises": "v1.1: gated tanh gelu, own output matrix and no output scaling, relative position buckets, no attention "
                     "scaling",
        "scale": {"Attention.q.weight": 0.3, "relative_attention_bias": 2.0},
        "v4": {"drop": ["is_gated_act", "dense_act_fn", "scale_decoder_outputs"], "tie_word_embeddings": False},
        "ablate": [{"relative_attention_max_distance": 40}]},
    "t5-first": {
        "family": "t5", "class": "T5ForConditionalGeneration", "kind": "encdec", "length": 32, "objectives": ["seq2seq"],
        "config": {"vocab_size": 160, "d_model": 32, "d_kv": 12, "d_ff": 64, "num_layers": 2, "num_heads": 3,
                   "relative_attention_num_buckets": 12, "relative_attention_max_distance": 20, "pad_token_id": 0,
                   "eos_token_id": 1, "decoder_start_token_id": 0},
        "exercises": "the first version: relu without a gate, the table of words as the head, outputs times 1 / sqrt(d_model)",
        "scale": {"Attention.q.weight": 0.3, "relative_attention_bias": 2.0, "shared": 2.0, "decoder.final_layer_norm": 2.0},
        "v4": {"drop": ["is_gated_act", "dense_act_fn", "scale_decoder_outputs"]},
        "ablate": [{"scale_decoder_outputs": False}]},
    "mt5": {
        "family": "mt5", "class": "MT5ForConditionalGeneration", "kind": "encdec", "length": 32, "post": "untie",
        "on_disk": "untied_file", "objectives": ["seq2seq"],
        "config": {"vocab_size": 160, "d_model": 32, "d_kv": 12, "d_ff": 64, "num_layers": 2, "num_decoder_layers": 2,
                   "num_heads": 3, "relative_attention_num_buckets": 12, "relative_attention_max_distance": 20,
                   "pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0},
        "exercises": "a head of its own though the config says that it is tied, no scale of outputs, gated tanh gelu",
        "scale": {"Attention.q.weight": 0.3, "relative_attention_bias": 2.0}},
    "bart": {
        "family": "bart", "class": "BartForConditionalGeneration", "kind": "encdec", "length": 32, "post": "bias_logits",
        "objectives": ["seq2seq"], "config": BART, "invariant": ["k_proj.bias"],
        "scale": {"decoder.embed_positions": 8.0, "encoder_attn.out_proj": 0.3, "fc": 2.0, "bias": 0.3},  # or it repeats itself
        "exercises": "learned positions that begin at the third row, norm of the embeddings, norm behind each sum, a bias of "
                     "logits, the table of words as the head",
        "ablate": [{"scale_embedding": True}]},
    "bart-cls": {
        "family": "bart", "class": "BartForSequenceClassification", "kind": "classifier", "length": 24, "ends": True,
        "objectives": ["classification"], "config": {**BART, "num_labels": 4}, "invariant": ["k_proj.bias", "final_logits_bias"],
        "exercises": "the decoder reads the text moved by one, the last end-of-text row goes through a dense layer and tanh"},
    "mbart": {
        "family": "mbart", "class": "MBartForConditionalGeneration", "kind": "encdec", "length": 32, "post": "bias_logits",
        "objectives": ["seq2seq"], "invariant": ["k_proj.bias"],
        "config": {**BART, "scale_embedding": True, "decoder_start_token_id": 9, "decoder_layers": 3,
                   "decoder_attention_heads": 2, "decoder_ffn_dim": 48, "activation_function": "relu"},
        "scale": {"decoder.embed_positions": 6.0, "encoder_attn.out_proj": 0.3, "fc": 1.5, "bias": 0.3,
                  "decoder.layer_norm.weight": 2.0},
        "exercises": "norm before each part and one behind the last, scaled words beside learned positions, sides of unlike sizes",
        "ablate": [{"scale_embedding": False}]},
    "marian": {
        "family": "marian", "class": "MarianMTModel", "kind": "encdec", "length": 32, "post": "bias_logits",
        "objectives": ["seq2seq"], "invariant": ["k_proj.bias"],
        "config": {**BART, "activation_function": "swish", "scale_embedding": True, "pad_token_id": 119,
                   "decoder_start_token_id": 119, "eos_token_id": 0, "forced_eos_token_id": 0},
        "scale": {"encoder_attn.out_proj": 0.3, "fc": 2.0, "bias": 0.3, "shared": 0.3},
        "exercises": "positions of sines and cosines that no file holds, scaled words, swish",
        "ablate": [{"scale_embedding": False}]},
    "marian-own-vocabularies": {
        "family": "marian", "class": "MarianMTModel", "kind": "encdec", "length": 32,
        "invariant": ["k_proj.bias"],
        "config": {**BART, "activation_function": "swish", "scale_embedding": True, "pad_token_id": 89, "decoder_start_token_id": 89,
                   "eos_token_id": 0, "forced_eos_token_id": 0, "share_encoder_decoder_embeddings": False,
                   "decoder_vocab_size": 90},
        "scale": {"encoder_attn.out_proj": 0.3, "fc": 3.0, "bias": 0.05, "embed_tokens": 0.4},
        "exercises": "a vocabulary for each side, the decoder's as the head"},
}

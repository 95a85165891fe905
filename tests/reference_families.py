"""The families of the program as the reference library makes them, tiny: one entry or more each.

An entry: `family` and `class` of the library, `config`, what it `exercises`, and where it is not plain: `kind` (decoder,
mlm, encdec), `length` of the ids, `dtype` and `shard` of the file, `v4` (the config as transformers 4 spelled it),
`scale` (factors on weights by parts of names), `post` and `on_disk` (changes by name, below), `ablate` (changes of the
config that must be seen in the logits), `invariant` (weights that cannot matter), `uncached` (what was kept of a text does
not hold when it grows), `train` (the `model:` of a training
configuration of ours; absent where no text alone trains it), `objectives` (what trains it on arrays instead).
"""
import torch
from safetensors.torch import load_file, save_file

ROPE = {"rope_type": "default", "rope_theta": 10000.0}
LONGROPE = {"rope_type": "longrope", "rope_theta": 10000.0, "partial_rotary_factor": 0.75,
            "original_max_position_embeddings": 40, "short_factor": [1.0, 1.05, 1.1, 1.2, 1.4, 1.6],
            "long_factor": [1.0, 1.3, 2.0, 4.0, 6.5, 9.0]}
GPT2 = {"vocab_size": 200, "n_positions": 64, "n_embd": 48, "n_layer": 2, "n_head": 4, "bos_token_id": 0, "eos_token_id": 0}
OURS = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64}


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


def untied_file(folder, model):
    weights = {name: w.contiguous() for name, w in model.state_dict().items()
               if name not in ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")}
    save_file(weights, str(folder / "model.safetensors"), metadata={"format": "pt"})


POST = {"untie": untie}
ON_DISK = {"names_of_the_upload": names_of_the_upload, "untied_file": untied_file}

FAMILIES = {
    "gpt2": {
        "family": "gpt2", "class": "GPT2LMHeadModel", "config": GPT2, "length": 40,
        "exercises": "learned positions, fused qkv as [in,out] matrices, tanh gelu, tied head",
        "train": {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 64}},
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
    "mixtral": {
        "family": "mixtral", "class": "MixtralForCausalLM", "length": 32, "shard": "80KB",
        "config": small(hidden_size=32, intermediate_size=48, num_key_value_heads=2, num_local_experts=4, num_experts_per_tok=2,
                        rope_parameters=ROPE),
        "exercises": "mixture of 4 experts, best 2 with weights renormalised, several safetensors files with an index",
        "ablate": [{"num_experts_per_tok": 1}, {"num_experts_per_tok": 3}],
        "train": {**OURS, "num_local_experts": 4, "num_experts_per_tok": 2}},
    "mamba2": {
        "family": "mamba2", "class": "Mamba2ForCausalLM", "length": 32,
        "config": {"vocab_size": 120, "hidden_size": 32, "state_size": 8, "num_heads": 4, "head_dim": 16, "n_groups": 2,
                   "expand": 2, "conv_kernel": 4, "chunk_size": 8, "num_hidden_layers": 2, "bos_token_id": 1,
                   "eos_token_id": 2, "pad_token_id": 0},
        "exercises": "state-space layers: convolution, gated norm, groups of B and C, chunks of 8",
        "ablate": [{"layer_norm_epsilon": 0.1}],
        "train": {"hidden_size": 64, "state_size": 8, "num_heads": 8, "head_dim": 16, "n_groups": 2, "num_hidden_layers": 2}},
    "bert": {
        "family": "bert", "class": "BertForMaskedLM", "kind": "mlm", "length": 32, "invariant": ["self.key.bias"],
        "objectives": ["masked_lm", "classification"],
        "config": {"vocab_size": 150, "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2,
                   "num_attention_heads": 4, "type_vocab_size": 2, "max_position_embeddings": 48, "pad_token_id": 0},
        "exercises": "post-norm encoder, learned positions, MLM head with transform and bias, padding mask"},
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
}

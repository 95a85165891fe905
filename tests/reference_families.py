"""The families of the program as the reference library makes them, tiny: one entry or more each.

An entry: `family` and `class` of the library, `config`, what it `exercises`, and where it is not plain: `kind` (decoder,
mlm, encdec), `length` of the ids, `dtype` and `shard` of the file, `v4` (the config as transformers 4 spelled it),
`scale` (factors on weights by parts of names), `post` and `on_disk` (changes by name, below), `ablate` (changes of the
config that must be seen in the logits), `invariant` (weights that cannot matter), `train` (the `model:` of a training
configuration of ours; absent where no text alone trains it), `objectives` (what trains it on arrays instead).
"""
import torch
from safetensors.torch import load_file, save_file

ROPE = {"rope_type": "default", "rope_theta": 10000.0}
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

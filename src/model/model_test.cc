// Tests of model/: published configs, their mistakes, and files that do not fit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "base/file.h"
#include "formats/safetensors.h"
#include "model/load.h"
#include "model/registry.h"
#include "model/save.h"

namespace malmoi::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string refusal(const std::string& json) {
  ConfigDocument document;
  document.file = "config.json";
  document.root = *parse_json(json, "config.json");
  auto model = make_model(document, document.root);
  return model.ok() ? "accepted" : model.error().to_string();
}

TEST(Configs, WhatIsUnknownOrContradictoryIsNamed) {
  const std::string llama =
      R"("model_type": "llama", "hidden_size": 48, "num_attention_heads": 4, "num_hidden_layers": 2, "vocab_size": 64, "intermediate_size": 64)";
  EXPECT_EQ(refusal("{" + llama + "}"), "accepted");
  EXPECT_EQ(refusal("{" + llama + R"(, "use_cache": true, "_name_or_path": "x", "sliding_window": null})"), "accepted");
  EXPECT_THAT(refusal("{" + llama + R"(, "sliding_window": 8})"), HasSubstr("sliding_window"));
  EXPECT_THAT(refusal("{" + llama + R"(, "logit_scale": 2})"), HasSubstr("logit_scale"));
  EXPECT_THAT(refusal("{" + llama + R"(, "num_key_value_heads": 3})"), HasSubstr("num_key_value_heads"));
  EXPECT_THAT(refusal("{" + llama + R"(, "rope_scaling": {"type": "su", "factor": 2}})"), HasSubstr("rope_scaling"));
  EXPECT_THAT(refusal("{" + llama + R"(, "rope_scaling": {"type": "linear"}})"), HasSubstr("factor"));
  EXPECT_THAT(refusal("{" + llama + R"(, "hidden_act": "mish"})"), HasSubstr("hidden_act"));
  EXPECT_THAT(refusal("{" + llama + R"(, "head_dim": 7})"), HasSubstr("even"));
  EXPECT_THAT(refusal(R"({"model_type": "llama", "hidden_size": -1})"), HasSubstr("hidden_size"));
  EXPECT_THAT(refusal(R"({"model_type": "nonesuch"})"), HasSubstr("nonesuch"));
  EXPECT_THAT(refusal(R"({"model_type": "gpt2", "n_embd": 48, "n_head": 4, "hidden_size": 64})"),
              HasSubstr("contradicts"));
  EXPECT_THAT(refusal(R"({"model_type": "gpt2", "n_embd": 48, "n_head": 5})"), HasSubstr("n_head"));
  EXPECT_THAT(refusal(R"({})"), HasSubstr("model_type"));
}

TEST(Configs, OlderAndNewerStylesOfRotarySettingsAgree) {
  const std::string base =
      R"("model_type": "llama", "hidden_size": 48, "num_attention_heads": 4, "num_hidden_layers": 1, "vocab_size": 64, "intermediate_size": 64)";
  auto theta = [](const std::string& json) {
    ConfigDocument document;
    document.root = *parse_json(json, "");
    return (*make_model(document, document.root))->config()["rope_theta"].get<double>();
  };
  EXPECT_EQ(theta("{" + base + R"(, "rope_theta": 50000.0})"), 50000);
  EXPECT_EQ(theta("{" + base + R"(, "rope_parameters": {"rope_type": "default", "rope_theta": 50000.0}})"), 50000);
}

TEST(Configs, WhatAFamilyCannotHonourIsRefusedByName) {
  const std::string bert =
      R"("model_type": "bert", "hidden_size": 48, "num_attention_heads": 4, "num_hidden_layers": 1)";
  EXPECT_EQ(refusal("{" + bert + "}"), "accepted");
  EXPECT_THAT(refusal("{" + bert + R"(, "is_decoder": true})"), HasSubstr("is_decoder"));
  EXPECT_THAT(refusal("{" + bert + R"(, "position_embedding_type": "relative_key"})"), HasSubstr("relative_key"));
  EXPECT_THAT(refusal("{" + bert + R"(, "architectures": ["BertForMultipleChoice"]})"), HasSubstr("BertForMaskedLM"));
  EXPECT_THAT(refusal("{" + bert + R"(, "_made_up": 3})"), HasSubstr("_made_up"));
  EXPECT_THAT(refusal(R"({"model_type": "t5", "feed_forward_proj": "gated-mish"})"), HasSubstr("gated-mish"));
  EXPECT_THAT(refusal(R"({"model_type": "t5", "decoder_start_token_id": 999999})"),
              HasSubstr("decoder_start_token_id"));
  EXPECT_THAT(
      refusal(
          "{" + bert +
          R"(, "architectures": ["BertForSequenceClassification"], "num_labels": 1, "problem_type": "single_label_classification"})"),
      HasSubstr("num_labels"));
  EXPECT_THAT(
      refusal("{" + bert + R"(, "architectures": ["BertForSequenceClassification"], "problem_type": "ranking"})"),
      HasSubstr("ranking"));
  EXPECT_THAT(refusal("{" + bert + R"(, "architectures": ["BertForQuestionAnswering"], "num_labels": 3})"),
              HasSubstr("num_labels"));
  EXPECT_THAT(refusal("{" + bert +
                      R"(, "architectures": ["BertForSequenceClassification"], "id2label": {"a": "x", "b": "y"}})"),
              HasSubstr("id2label"));
  EXPECT_THAT(refusal(R"({"model_type": "mixtral", "num_local_experts": 2, "num_experts_per_tok": 3})"),
              HasSubstr("num_experts_per_tok"));
  EXPECT_THAT(refusal(R"({"model_type": "mamba2", "num_heads": 3})"), HasSubstr("num_heads"));
  EXPECT_EQ(refusal(R"({"model_type": "t5", "architectures": ["T5EncoderModel"], "is_encoder_decoder": false})"),
            "accepted");
  EXPECT_THAT(refusal(R"({"model_type": "mt5", "is_encoder_decoder": false})"), HasSubstr("MT5EncoderModel"));
  EXPECT_THAT(refusal(R"({"model_type": "mt5", "is_decoder": true})"), HasSubstr("is_decoder"));
  // Of all that is read after BART's way.
  for (const std::string name : {"bart", "mbart", "marian"}) {
    const std::string begin = R"({"model_type": ")" + name +
                              R"(", "d_model": 32, "vocab_size": 64, "pad_token_id": 1, )" +
                              R"("decoder_start_token_id": 2, )";
    EXPECT_EQ(refusal(begin + R"("eos_token_id": [2, 3]})"), "accepted") << name;
    EXPECT_EQ(refusal(begin + R"("encoder_layers": 2, "num_hidden_layers": 12})"), "accepted") << "an echo, once";
    EXPECT_THAT(refusal(begin + R"("is_decoder": true})"), HasSubstr("is_decoder"));
    EXPECT_THAT(refusal(begin + R"("is_encoder_decoder": false})"), HasSubstr("is_encoder_decoder"));
    EXPECT_THAT(refusal(begin + R"("activation_function": "mish"})"), HasSubstr("mish"));
    EXPECT_THAT(refusal(begin + R"("decoder_attention_heads": 5})"), HasSubstr("encoder_attention_heads"));
    EXPECT_THAT(refusal(begin + R"("encoder_layerdrop": 1.5})"), HasSubstr("encoder_layerdrop"));
    EXPECT_THAT(refusal(begin + R"("eos_token_id": []})"), HasSubstr("eos_token_id"));
  }
  EXPECT_THAT(refusal(R"({"model_type": "bart", "decoder_start_token_id": null})"),
              HasSubstr("decoder_start_token_id"));
  EXPECT_EQ(refusal(R"({"model_type": "mbart", "decoder_start_token_id": null})"), "accepted");
  EXPECT_THAT(refusal(R"({"model_type": "marian", "decoder_vocab_size": 99})"), HasSubstr("decoder_vocab_size"));
  for (const char* name : {"lstm", "gru"}) {
    const std::string start = R"({"model_type": ")" + std::string(name) + R"(", "hidden_size": 32, "vocab_size": 64, )";
    EXPECT_EQ(refusal(start + R"("embed_size": 24, "num_layers": 2, "dropout": 0.5})"), "accepted");
    EXPECT_THAT(refusal(start + R"("embed_size": 24, "tie_word_embeddings": true})"), HasSubstr("embed_size"));
    EXPECT_THAT(refusal(start + R"("bidirectional": true})"), HasSubstr("bidirectional"));
    EXPECT_THAT(refusal(start + R"("proj_size": 16})"), HasSubstr("proj_size"));
    EXPECT_THAT(refusal(start + R"("dropout": 1.5})"), HasSubstr("dropout"));
  }
  EXPECT_THAT(refusal(R"({"model_type": "roberta", "pad_token_id": null})"), HasSubstr("pad_token_id"));
  EXPECT_THAT(refusal(R"({"model_type": "xlm-roberta", "max_position_embeddings": 2})"),
              HasSubstr("max_position_embeddings"));
  EXPECT_THAT(refusal(R"({"model_type": "electra", "is_decoder": true})"), HasSubstr("is_decoder"));
  EXPECT_THAT(refusal(R"({"model_type": "distilbert", "n_heads": 5})"), HasSubstr("n_heads"));
  EXPECT_THAT(refusal(R"({"model_type": "albert", "num_hidden_groups": 13})"), HasSubstr("num_hidden_groups"));
  EXPECT_THAT(refusal(R"({"model_type": "albert", "position_embedding_type": "relative_key"})"),
              HasSubstr("relative_key"));
  EXPECT_THAT(refusal(R"({"model_type": "modernbert", "classifier_pooling": "max"})"), HasSubstr("max"));
  EXPECT_THAT(refusal(R"({"model_type": "modernbert", "layer_types": ["full_attention"]})"), HasSubstr("layer_types"));
  auto deberta = [](const std::string& field) { return refusal(R"({"model_type": "deberta-v2", )" + field + "}"); };
  EXPECT_EQ(deberta(R"("pos_att_type": "P2C | c2p", "relative_attention": true)"), "accepted");
  EXPECT_THAT(deberta(R"("pos_att_type": "p2p")"), HasSubstr("p2p"));
  EXPECT_THAT(deberta(R"("norm_rel_ebd": "rms")"), HasSubstr("rms"));
  EXPECT_THAT(deberta(R"("conv_kernel_size": 4)"), HasSubstr("conv_kernel_size"));
  EXPECT_THAT(deberta(R"("conv_kernel_size": 3, "conv_groups": 2)"), HasSubstr("conv_groups"));
  EXPECT_THAT(deberta(R"("attention_head_size": 32)"), HasSubstr("attention_head_size"));
  EXPECT_THAT(deberta(R"("pooler_hidden_size": 32)"), HasSubstr("pooler_hidden_size"));
  EXPECT_THAT(deberta(R"("position_buckets": 1)"), HasSubstr("position_buckets"));
  EXPECT_THAT(refusal(R"({"model_type": "falcon_h1", "hidden_act": "relu"})"), HasSubstr("hidden_act"));
  EXPECT_THAT(refusal(R"({"model_type": "falcon_h1", "ssm_multipliers": [1, 2]})"), HasSubstr("ssm_multipliers"));
  EXPECT_THAT(refusal(R"({"model_type": "falcon_h1", "mamba_n_heads": 100})"), HasSubstr("mamba_n_heads"));
  EXPECT_THAT(refusal(R"({"model_type": "falcon_h1", "mamba_d_conv": 17})"), HasSubstr("mamba_d_conv"));
  EXPECT_THAT(refusal(R"({"model_type": "lfm2", "full_attn_idxs": ["a"]})"), HasSubstr("full_attn_idxs"));
  EXPECT_THAT(refusal(R"({"model_type": "lfm2", "layer_types": ["conv"]})"), HasSubstr("layer_types"));
  EXPECT_THAT(refusal(R"({"model_type": "lfm2", "conv_L_cache": 99})"), HasSubstr("conv_L_cache"));
  EXPECT_THAT(refusal(R"({"model_type": "qwen3_next", "hidden_act": "gelu"})"), HasSubstr("hidden_act"));
  EXPECT_THAT(refusal(R"({"model_type": "qwen3_next", "linear_num_value_heads": 20})"),
              HasSubstr("linear_num_value_heads"));
  EXPECT_THAT(refusal(R"({"model_type": "qwen3_next", "num_experts": 4, "num_experts_per_tok": 5})"),
              HasSubstr("num_experts_per_tok"));
  EXPECT_THAT(refusal(R"({"model_type": "qwen3_next", "mlp_only_layers": 3})"), HasSubstr("mlp_only_layers"));
  EXPECT_THAT(refusal(R"({"model_type": "mamba", "hidden_act": "gelu"})"), HasSubstr("hidden_act"));
  EXPECT_THAT(refusal(R"({"model_type": "mamba", "rms_norm": false})"), HasSubstr("rms_norm"));
  EXPECT_THAT(refusal(R"({"model_type": "mamba", "ssm_cfg": {"layer": "Mamba2"}})"), HasSubstr("ssm_cfg"));
  EXPECT_THAT(refusal(R"({"model_type": "mamba", "time_step_init_scheme": "none"})"), HasSubstr("random or constant"));
  EXPECT_THAT(refusal(R"({"model_type": "mamba", "time_step_rank": "full"})"), HasSubstr("time_step_rank"));
  EXPECT_THAT(refusal(R"({"model_type": "mamba", "state_size": 1024})"), HasSubstr("state_size"));
  EXPECT_EQ(refusal(R"({"model_type": "mamba", "time_step_rank": "auto", "ssm_cfg": {}, "d_model": 768})"), "accepted");
  EXPECT_THAT(refusal(R"({"model_type": "rwkv", "head_size": 64})"), HasSubstr("head_size"));
  EXPECT_THAT(refusal(R"({"model_type": "recurrent_gemma", "block_types": ["recurrent", "global"]})"),
              HasSubstr("'global'"));
  EXPECT_THAT(refusal(R"({"model_type": "recurrent_gemma", "embeddings_scale_by_sqrt_dim": false})"),
              HasSubstr("embeddings_scale_by_sqrt_dim"));
  EXPECT_THAT(refusal(R"({"model_type": "recurrent_gemma", "rope_scaling": {"type": "linear", "factor": 2}})"),
              HasSubstr("rotary scaling"));
  EXPECT_THAT(refusal(R"({"model_type": "recurrent_gemma", "lru_width": 2561})"), HasSubstr("lru_width"));
  EXPECT_THAT(refusal(R"({"model_type": "phi", "head_dim": 64})"), HasSubstr("head_dim"));
  EXPECT_THAT(refusal(R"({"model_type": "gptj", "rotary_dim": 300})"), HasSubstr("rotary_dim"));
  EXPECT_THAT(refusal(R"({"model_type": "gptj", "rotary_dim": 7})"), HasSubstr("rotary_dim"));
  EXPECT_THAT(refusal(R"({"model_type": "gptj", "rotary_dim": null})"), HasSubstr("rotary_dim"));
  EXPECT_THAT(refusal(R"({"model_type": "gptj", "rotary": false})"), HasSubstr("rotary"));
  EXPECT_THAT(refusal(R"({"model_type": "gptj", "scale_attn_weights": false})"), HasSubstr("scale_attn_weights"));
  EXPECT_THAT(refusal(R"({"model_type": "qwen3_moe", "num_experts": 4})"), HasSubstr("num_experts_per_tok"));
  EXPECT_THAT(refusal(R"({"model_type": "qwen3_moe", "mlp_only_layers": "all"})"), HasSubstr("mlp_only_layers"));
  auto changed = [](Json config, const Json& changes) {
    config.update(changes);
    return refusal(dump_json(config));
  };
  const Json v2 = {{"model_type", "deepseek_v2"}, {"n_routed_experts", 8}, {"n_group", 4}, {"topk_group", 2}};
  Json grouped = v2;
  grouped.update({{"topk_method", "group_limited_greedy"}, {"num_experts_per_tok", 4}});
  EXPECT_EQ(changed(grouped, Json::object()), "accepted");
  EXPECT_THAT(changed(grouped, {{"n_group", 3}}), HasSubstr("n_group"));
  EXPECT_THAT(changed(grouped, {{"topk_group", 5}}), HasSubstr("topk_group"));
  EXPECT_THAT(changed(grouped, {{"num_experts_per_tok", 5}}), HasSubstr("num_experts_per_tok"));
  EXPECT_THAT(changed(v2, {{"num_experts_per_tok", 9}}), HasSubstr("num_experts_per_tok"));
  EXPECT_THAT(changed(v2, {{"topk_method", "noaux_tc"}}), HasSubstr("noaux_tc"));
  EXPECT_THAT(changed(v2, {{"scoring_func", "sigmoid"}}), HasSubstr("scoring_func"));
  EXPECT_THAT(changed(v2, {{"norm_topk_prob", true}}), HasSubstr("norm_topk_prob"));
  EXPECT_THAT(changed(v2, {{"num_key_value_heads", 4}}), HasSubstr("num_key_value_heads"));
  EXPECT_THAT(changed(v2, {{"qk_rope_head_dim", 7}}), HasSubstr("qk_rope_head_dim"));
  EXPECT_THAT(changed(v2, {{"rope_interleave", false}}), HasSubstr("rope_interleave"));
  const Json v3 = {{"model_type", "deepseek_v3"}, {"num_hidden_layers", 4}};
  EXPECT_EQ(changed(v3, {{"ep_size", 1}, {"num_nextn_predict_layers", 1}, {"seq_aux", true}}), "accepted");
  EXPECT_THAT(changed(v3, {{"scoring_func", "softmax"}}), HasSubstr("scoring_func"));
  EXPECT_THAT(changed(v3, {{"topk_method", "greedy"}}), HasSubstr("topk_method"));
  EXPECT_THAT(changed(v3, {{"n_group", 256}}), HasSubstr("n_group"));
  EXPECT_THAT(changed(v3, {{"quantization_config", {{"quant_method", "fp8"}}}}), HasSubstr("quantization_config"));
  struct Case {
    const char *family, *fields, *named;
  };
  for (const auto& [family, fields, named] : std::initializer_list<Case>{
           {"exaone_moe", R"("scoring_func": "softmax")", "scoring_func"},
           {"exaone_moe", R"("topk_method": "greedy")", "topk_method"},
           {"exaone_moe", R"("n_group": 3)", "n_group"},
           {"exaone_moe", R"("n_group": 64)", "n_group"},
           {"exaone_moe", R"("topk_group": 2)", "topk_group"},
           {"exaone_moe", R"("n_group": 16)", "num_experts_per_tok"},
           {"exaone_moe", R"("mlp_layer_types": ["dense"])", "mlp_layer_types"},
           {"exaone_moe", R"("mlp_layer_types": ["dense", "moe"])", "mlp_layer_types"},
           {"exaone_moe", R"("mlp_layer_types": ["dense", "sparse"], "is_moe_layer": [true, false])", "is_moe_layer"},
           {"hyperclovax", R"("attention_multiplier": 0)", "attention_multiplier"},
           {"hyperclovax", R"("embedding_scale": 2)", "embedding_scale"},
           {"gemma", R"("use_bidirectional_attention": true)", "use_bidirectional_attention"},
           {"gemma", R"("hidden_activation": "relu")", "hidden_activation"},
           {"gemma", R"("hidden_act": "gelu", "hidden_activation": "gelu")", "hidden_activation"},
           {"gemma", R"("sliding_window": 8)", "sliding_window"},
           {"gemma2", R"("use_bidirectional_attention": true)", "use_bidirectional_attention"},
           {"gemma2", R"("sliding_window_size": 8)", "sliding_window_size"},
           {"gemma2", R"("sliding_window": null, "layer_types": ["sliding_attention", "full_attention"])",
            "layer_types"},
           {"gemma2", R"("layer_types": ["full_attention"])", "layer_types"},
           {"gemma3_text", R"("sliding_window": null)", "sliding_window"},
           {"phi3", R"("attention_bias": true)", "attention_bias"},
           {"phi3", R"("lm_head_bias": true)", "lm_head_bias"},
           {"phi3", R"("full_attn_mod": 2)", "full_attn_mod"},
           {"phi3", R"("rope_scaling": {"type": "longrope", "short_factor": [1, 1], "long_factor": [2, 2]})", "48"},
           {"phi3", R"("layer_types": ["full_attention", "full_attention"])", "layer_types"},
           {"granite", R"("attention_multiplier": 0)", "attention_multiplier"},
           {"granite", R"("logits_scaling": 0)", "logits_scaling"},
           {"smollm3", R"("no_rope_layers": [1])", "no_rope_layers"},
           {"smollm3", R"("no_rope_layer_interval": 0)", "no_rope_layer_interval"},
           {"smollm3", R"("sliding_window": 8, "layer_types": ["full_attention", "sliding_attention"])", "layer_types"},
           {"stablelm", R"("head_dim": 32)", "head_dim"},
           {"stablelm", R"("partial_rotary_factor": 0.0125)", "even"},
           {"starcoder2", R"("norm_type": "rms_norm")", "norm_type"},
           {"starcoder2", R"("mlp_type": "gated")", "mlp_type"},
           {"starcoder2", R"("scale_attn_weights": false)", "scale_attn_weights"},
           {"starcoder2", R"("layer_norm_epsilon": 0.5)", "layer_norm_epsilon"}}) {
    std::string config = std::string(R"({"num_hidden_layers": 2, "model_type": ")") + family + "\"";
    EXPECT_EQ(refusal(config + "}"), "accepted");
    EXPECT_THAT(refusal(config + ", " + fields + "}"), AllOf(HasSubstr("config.json"), HasSubstr(named))) << family;
  }
}

// As they stand on the model hubs.
TEST(Configs, PublishedConfigsAreTaken) {
  for (
      const char* config :
      {R"({"model_type": "gemma", "hidden_act": "gelu", "hidden_activation": null, "rope_scaling": null, "head_dim": 256})",
       R"({"model_type": "gemma", "hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh"})",
       R"({"model_type": "falcon", "alibi": false, "apply_residual_connection_post_layernorm": false, "bias": false,
           "multi_query": true, "new_decoder_architecture": false, "parallel_attn": true, "num_attention_heads": 71})",
       R"({"model_type": "phi", "partial_rotary_factor": 0.4, "num_key_value_heads": null, "qk_layernorm": false,
           "resid_pdrop": 0.1, "hidden_size": 2560, "intermediate_size": 10240, "rope_scaling": null})",
       R"({"model_type": "gptj", "gradient_checkpointing": false, "n_inner": null, "rotary": true, "scale_attn_weights": true,
           "summary_type": "cls_index", "summary_first_dropout": 0.1, "rotary_dim": 64})",
       R"({"model_type": "exaone4", "sliding_window": null, "sliding_window_pattern": null, "num_hidden_layers": 1,
           "layer_types": ["full_attention"], "head_dim": 64})",
       R"({"model_type": "exaone_moe", "architectures": ["ExaoneMoEForCausalLM"], "num_hidden_layers": 2, "sliding_window": 128,
           "sliding_window_pattern": "LLLG", "mlp_layer_types": ["dense", "sparse"], "is_moe_layer": [false, true],
           "scoring_func": "sigmoid", "topk_method": "noaux_tc", "num_nextn_predict_layers": 1})",
       R"({"model_type": "hyperclovax", "attention_multiplier": 0.0078125, "embedding_multiplier": 10.0, "logits_scaling": 0.125,
           "residual_multiplier": 1.0, "use_post_norm": true, "head_dim": 128})",
       R"({"model_type": "qwen3_moe", "num_experts": 128, "norm_topk_prob": true, "mlp_only_layers": [], "head_dim": 128,
           "decoder_sparse_step": 1, "max_window_layers": 48, "use_sliding_window": false, "sliding_window": null})",
       R"({"model_type": "gemma2", "sliding_window": 4096, "sliding_window_size": 4096, "cache_implementation": "hybrid",
           "hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 224})",
       R"({"model_type": "phi3", "attention_bias": false, "sliding_window": 2047, "rope_scaling": null, "embd_pdrop": 0.0,
           "num_key_value_heads": null, "auto_map": {"AutoConfig": "x"}})",
       R"({"model_type": "phi3", "full_attn_mod": 1, "interpolate_factor": 1, "lm_head_bias": false, "mlp_bias": false})",
       R"({"model_type": "granite", "attention_multiplier": 0.0078125, "embedding_multiplier": 12.0, "logits_scaling": 16.0,
           "residual_multiplier": 0.22, "num_key_value_heads": null})",
       R"({"model_type": "smollm3", "num_hidden_layers": 2, "no_rope_layers": [1, 0, 1], "pretraining_tp": 2,
           "max_window_layers": 28, "use_sliding_window": false, "sliding_window": null})",
       R"({"model_type": "stablelm", "partial_rotary_factor": 0.25, "qk_layernorm": true, "use_parallel_residual": true})",
       R"({"model_type": "starcoder2", "norm_type": "layer_norm", "mlp_type": "default", "layer_norm_epsilon": 1e-05,
           "activation_function": "gelu", "scale_attn_weights": true, "rope_theta": 999999.4420358813})"})
    EXPECT_EQ(refusal(config), "accepted") << config;
}

TEST(Configs, LongTextsHaveDivisorsOfTheirOwn) {
  auto published = [](const char* scaling) {
    ConfigDocument document;
    document.root = *parse_json(R"({"model_type": "phi3", "hidden_size": 24, "num_attention_heads": 4, "vocab_size": 64,
        "pad_token_id": 0, "intermediate_size": 64, "num_hidden_layers": 1, "max_position_embeddings": 64,
        "original_max_position_embeddings": 16})",
                                "");
    document.root["rope_scaling"] = *parse_json(scaling, "");
    auto model = make_model(document, document.root);
    EXPECT_TRUE(model.ok()) << model.error().to_string();
    return *std::move(model);
  };
  // Three names of the same, and what stands outside holds before what stands inside.
  for (
      const char* scaling :
      {R"({"type": "su", "short_factor": [1, 1, 1], "long_factor": [2, 3, 4]})",
       R"({"type": "yarn", "short_factor": [1, 1, 1], "long_factor": [2, 3, 4]})",
       R"({"rope_type": "longrope", "short_factor": [1, 1, 1], "long_factor": [2, 3, 4], "original_max_position_embeddings": 32})"}) {
    auto model = published(scaling);
    EXPECT_EQ(model->sizes.switch_length, 16);
    EXPECT_EQ(model->config()["rope_parameters"]["rope_type"], "longrope");
  }
  EXPECT_EQ(published(R"({"type": "su", "short_factor": [2, 3, 4], "long_factor": [2, 3, 4]})")->sizes.switch_length,
            0);
}

TEST(Configs, FormsOfFalconThatAreNoneAreNamed) {
  auto told = [](const std::string& fields) { return refusal(R"({"model_type": "falcon", )" + fields + "}"); };
  EXPECT_EQ(told(R"("alibi": true, "bias": true, "multi_query": false, "parallel_attn": false, "hidden_size": 64,
                    "num_attention_heads": 4)"),
            "accepted");
  EXPECT_EQ(told(R"("new_decoder_architecture": true, "num_attention_heads": 32, "num_kv_heads": 8, "hidden_size": 4096,
                    "num_ln_in_parallel_attn": 1, "ff_factor": 4, "ffn_hidden_size": 16384)"),
            "accepted");
  EXPECT_THAT(told(R"("num_ln_in_parallel_attn": 2)"), HasSubstr("num_ln_in_parallel_attn"));
  EXPECT_THAT(told(R"("new_decoder_architecture": true, "num_ln_in_parallel_attn": 3)"),
              HasSubstr("num_ln_in_parallel_attn"));
  EXPECT_THAT(told(R"("new_decoder_architecture": true, "parallel_attn": false)"), HasSubstr("parallel_attn"));
  EXPECT_THAT(told(R"("multi_query": false, "num_kv_heads": 1)"), HasSubstr("num_kv_heads"));
  EXPECT_THAT(told(R"("new_decoder_architecture": true, "num_kv_heads": 2)"), HasSubstr("num_kv_heads"));
  EXPECT_THAT(told(R"("apply_residual_connection_post_layernorm": true)"),
              HasSubstr("apply_residual_connection_post_layernorm"));
  EXPECT_THAT(told(R"("ff_factor": 2)"), HasSubstr("ff_factor"));
  EXPECT_THAT(told(R"("hidden_size": 4544, "n_embed": 4096)"), HasSubstr("contradicts"));
}

TEST(Configs, LayersOfExaoneByNumberByLettersAndByName) {
  auto layers = [](const std::string& fields) {
    ConfigDocument document;
    document.file = "config.json";
    document.root = *parse_json(R"({"model_type": "exaone4", "num_hidden_layers": 5, )" + fields + "}", "");
    auto model = make_model(document, document.root);
    if (!model.ok()) return model.error().to_string();
    std::string letters;
    for (const Json& type : (*model)->config()["layer_types"]) letters += type == "sliding_attention" ? 'L' : 'G';
    return letters;
  };
  EXPECT_EQ(layers(R"("sliding_window": 16)"), "LLLGL");
  EXPECT_EQ(layers(R"("sliding_window": 16, "sliding_window_pattern": 2)"), "LGLGL");
  EXPECT_EQ(layers(R"("sliding_window": 16, "sliding_window_pattern": "LLG")"), "LLGLG");
  EXPECT_EQ(layers(R"("sliding_window": 16, "sliding_window_pattern": "L")"), "LLLLG") << "the last one sees all";
  EXPECT_EQ(layers(R"("sliding_window": null, "sliding_window_pattern": null)"), "GGGGG");
  EXPECT_THAT(layers(R"("sliding_window": 16, "sliding_window_pattern": "LXG")"), HasSubstr("sliding_window_pattern"));
  EXPECT_THAT(layers(R"("sliding_window": 16, "sliding_window_pattern": 0)"), HasSubstr("sliding_window_pattern"));
  EXPECT_THAT(layers(R"("sliding_window": null, "layer_types": ["sliding_attention", "full_attention", "full_attention",
                        "full_attention", "full_attention"])"),
              HasSubstr("layer_types"));
}

// The class says the head, the config what its numbers mean.
TEST(Configs, LabelsMeanWhatTheConfigSays) {
  auto made = [](const std::string& fields, std::optional<Task> task = {}) {
    ConfigDocument document;
    document.root = *parse_json(R"({"model_type": "bert", )" + fields + "}", "config.json");
    return make_model(document, document.root, {.task = task});
  };
  const std::string classifier = R"("architectures": ["BertForSequenceClassification"])";
  EXPECT_EQ((*made(classifier))->task(), Task::kClassification);
  EXPECT_EQ((*made(classifier + R"(, "num_labels": 1)"))->task(), Task::kRegression) << "as the reference has it";
  EXPECT_EQ((*made(classifier + R"(, "num_labels": 3, "problem_type": "regression")"))->outputs(), 3);
  auto several = *made(classifier + R"(, "num_labels": 3, "problem_type": "multi_label_classification")");
  EXPECT_EQ(several->task(), Task::kMultiLabel);
  EXPECT_EQ(several->config()["problem_type"], "multi_label_classification");
  EXPECT_EQ(several->config()["architectures"][0], "BertForSequenceClassification");
  EXPECT_THAT(made(classifier + R"(, "num_labels": 3)", Task::kRegression).error().to_string(),
              HasSubstr("num_labels"));
  // Labels of another head say nothing of one that begins anew.
  const std::string words = R"("architectures": ["BertForMaskedLM"], "id2label": {"0": "a", "1": "b", "2": "c"})";
  EXPECT_EQ((*made(words, Task::kRegression))->outputs(), 1);
  EXPECT_EQ((*made(words, Task::kQuestionAnswering))->outputs(), 2);
  EXPECT_EQ((*made(words, Task::kTokenClassification))->labels, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(Configs, AbsurdSizesAreRefusedBeforeMemoryIsTaken) {
  const std::string huge =
      R"("hidden_size": 16777216, "num_attention_heads": 1, "intermediate_size": 16777216, "vocab_size": 16777216)";
  EXPECT_THAT(refusal(R"({"model_type": "llama", "num_hidden_layers": 16384, )" + huge + "}"), HasSubstr("parameters"));
  EXPECT_THAT(
      refusal(
          R"({"model_type": "mixtral", "num_key_value_heads": 1, "num_local_experts": 4096, "num_hidden_layers": 2, )" +
          huge + "}"),
      HasSubstr("parameters"));
  EXPECT_THAT(refusal(R"({"model_type": "mixtral", "num_local_experts": 4096, "num_hidden_layers": 16384})"),
              HasSubstr("num_local_experts"));
  EXPECT_THAT(refusal(R"({"model_type": "llama", "num_hidden_layers": 1000000})"), HasSubstr("num_hidden_layers"));
  EXPECT_THAT(refusal(R"({"model_type": "llama", "hidden_size": 99999999999999999999})"), HasSubstr("hidden_size"));
}

// Says whatever size is asked for, one after the other, and gives the model.
TEST(Configs, ATrainingConfigurationMustSayTheSizes) {
  for (const Family* family : family_table()) {
    ConfigDocument document;
    document.root = {{"architecture", family->model_type}, {"vocab_size", 64}};
    std::set<std::string> asked;
    while (true) {
      auto model = make_model(document, document.root, {.training = true});
      if (model.ok()) {
        EXPECT_LT((*model)->parameter_count(), 1000000) << family->model_type << " took a size of the published models";
        break;
      }
      ASSERT_THAT(model.error().what, HasSubstr("is missing")) << model.error().to_string();
      std::string key = model.error().where.substr(model.error().where.rfind(' ') + 1);
      ASSERT_TRUE(asked.insert(key).second) << key;
      bool is_width = key == "hidden_size" || key == "d_model" || key == "n_embd";
      document.root[key] = is_width ? 64 : key.find("layer") != std::string::npos ? 2 : 4;
    }
    EXPECT_GE(asked.size(), 2u) << family->model_type;
  }
}

// Each field stands once: what is published says the same again.
TEST(Configs, WhatIsPublishedMakesTheSameModel) {
  for (const Family* family : family_table()) {
    ConfigDocument document;
    document.root = {{"model_type", family->model_type}, {"num_hidden_layers", 2}};
    auto first = make_model(document, document.root);
    ASSERT_TRUE(first.ok()) << first.error().to_string();
    ConfigDocument again;
    again.root = (*first)->config();
    auto second = make_model(again, again.root);
    ASSERT_TRUE(second.ok()) << second.error().to_string();
    EXPECT_EQ(dump_json((*second)->config()), dump_json((*first)->config()));
    EXPECT_EQ((*second)->parameter_count(), (*first)->parameter_count()) << family->model_type;
  }
}

TEST(Configs, AnIdOfPaddingIsOneOfTheVocabularyOrNone) {
  for (const char* name :
       {"llama",      "mistral",    "mixtral",    "deepseek_v2", "deepseek_v3", "olmo2",           "qwen2",
        "qwen3",      "gemma",      "gemma2",     "gemma3_text", "phi3",        "granite",         "smollm3",
        "stablelm",   "starcoder2", "phi",        "exaone4",     "exaone_moe",  "hyperclovax",     "qwen3_moe",
        "bert",       "t5",         "falcon_h1",  "lfm2",        "qwen3_next",  "recurrent_gemma", "electra",
        "distilbert", "albert",     "modernbert", "deberta-v2",  "bart",        "mbart",           "marian"}) {
    auto told = [&](const std::string& id) {
      const bool answers = find_family(name)->classes.front().task == Task::kSeq2Seq;
      std::string start = answers ? R"("decoder_start_token_id": 0, )" : "";
      return refusal("{" + start + R"("model_type": ")" + name + R"(", "vocab_size": 64, "pad_token_id": )" + id + "}");
    };
    EXPECT_EQ(told("63"), "accepted") << name;
    EXPECT_EQ(told("null"), "accepted") << name;
    EXPECT_EQ(told("-1"), "accepted") << name;
    for (const char* id : {"64", "999999999999", "0.5", "\"pad\"", "[0]"})
      EXPECT_THAT(told(id), AllOf(HasSubstr("config.json"), HasSubstr("pad_token_id"))) << name << " " << id;
  }
}

TEST(Configs, AClassifierMayHaveNoDropoutOfItsOwn) {
  ConfigDocument document;
  document.root = {
      {"model_type", "bert"}, {"classifier_dropout", 0.0}, {"architectures", {"BertForSequenceClassification"}}};
  EXPECT_EQ((*make_model(document, document.root))->config()["classifier_dropout"].get<double>(), 0);
  document.root["classifier_dropout"] = nullptr;
  EXPECT_TRUE((*make_model(document, document.root))->config()["classifier_dropout"].is_null());
}

// Attention of T5 is not scaled: its queries start smaller, keys and values do not (the reference's initialisation).
TEST(Initialisation, T5sQueriesStartSmaller) {
  ConfigDocument document;
  document.root = {{"architecture", "t5"}, {"d_model", 64}, {"num_layers", 1}, {"num_heads", 4}, {"vocab_size", 32}};
  auto model = *make_model(document, document.root, {.training = true});
  model->parameters.allocate(Purpose::kTraining, DType::kF32);
  model->parameters.initialize(1);
  for (const auto& entry : model->parameters.entries()) {
    if (entry->spec.name.find("SelfAttention.qkv_proj") == std::string::npos) continue;
    auto deviation = [&](int64_t first_row) {
      const float* values = entry->parameter.master.as<float>() + first_row * 64;
      double squares = 0;
      for (int i = 0; i < 64 * 64; ++i) squares += static_cast<double>(values[i]) * static_cast<double>(values[i]);
      return std::sqrt(squares / (64 * 64));
    };
    EXPECT_NEAR(deviation(0), 1 / std::sqrt(64.0 * 16), 0.003) << entry->spec.name;
    EXPECT_NEAR(deviation(64), 1 / std::sqrt(64.0), 0.01) << entry->spec.name;
  }
}

// As the authors of each begin: steps evenly by logarithm, decays of 1 .. state_size, slow ones of Griffin.
TEST(Initialisation, RecurrencesBeginWithTheDecaysOfTheirAuthors) {
  auto values = [](const char* family, const std::string& ending) {
    ConfigDocument document;
    document.root = {{"architecture", family},
                     {"hidden_size", 64},
                     {"num_hidden_layers", 2},
                     {"num_attention_heads", 4},
                     {"vocab_size", 32}};
    auto model = *make_model(document, document.root, {.training = true});
    model->parameters.allocate(Purpose::kTraining, DType::kF32);
    model->parameters.initialize(1);
    for (const auto& entry : model->parameters.entries()) {
      const Tensor& t = entry->parameter.master;
      if (entry->spec.name.ends_with(ending)) return std::vector<float>(t.as<float>(), t.as<float>() + t.elements());
    }
    return std::vector<float>();
  };
  auto extremes = [](std::vector<float> v, auto&& of) {
    for (float& x : v) x = of(x);
    return std::pair(*std::min_element(v.begin(), v.end()), *std::max_element(v.begin(), v.end()));
  };
  auto softplus = [](float x) { return std::log1p(std::exp(x)); };
  auto [least, most] = extremes(values("mamba", "dt_proj.bias"), softplus);
  EXPECT_GT(least, 0.00099f);
  EXPECT_LT(least, 0.003f);
  EXPECT_GT(most, 0.04f);
  EXPECT_LT(most, 0.101f);
  std::vector<float> rates = values("mamba", "A_log");
  EXPECT_EQ(rates[0], 0);
  EXPECT_NEAR(rates[15], std::log(16.0f), 1e-6);
  EXPECT_EQ(rates[16], 0) << "each channel begins anew";
  auto [fastest, slowest] =
      extremes(values("recurrent_gemma", "recurrent_param"), [&](float x) { return std::exp(-softplus(x)); });
  EXPECT_GT(fastest, 0.899f);
  EXPECT_LT(slowest, 0.9991f);
  std::vector<float> decays = values("rwkv", "blocks.0.attention.time_decay");
  EXPECT_FLOAT_EQ(decays.front(), -5);
  EXPECT_FLOAT_EQ(decays.back(), 3);
}

// The reference halves RWKV's stream where it is not trained, which only the norms' epsilon sees.
TEST(Rwkv, ItsStreamIsHalvedOnlyWhereItIsNotTrained) {
  auto hidden = [](int64_t rescale_every, bool training) {
    ConfigDocument document;
    document.root = {
        {"model_type", "rwkv"},    {"hidden_size", 16},         {"num_hidden_layers", 3},        {"vocab_size", 32},
        {"intermediate_size", 32}, {"layer_norm_epsilon", 0.1}, {"rescale_every", rescale_every}};
    auto model = *make_model(document, document.root);
    model->parameters.allocate(Purpose::kTraining, DType::kF32);
    model->parameters.initialize(1);
    Arena arena = std::move(*Arena::create(16 << 20));
    StoragePool pool;
    Stream stream;
    Context context;
    context.arena = &arena;
    context.pool = &pool;
    context.stream = &stream;
    context.backend = &kernels::cpu_backend();
    context.training = training;
    std::vector<int32_t> ids = {3, 1, 4, 1, 5};
    nn::BatchBuilder batch;
    batch.add(ids);
    Var rows = model->backbone->forward(context, batch.batch());
    return std::vector<float>(rows.value.as<float>(), rows.value.as<float>() + rows.value.elements());
  };
  EXPECT_EQ(hidden(0, true), hidden(0, false));
  EXPECT_EQ(hidden(1, true), hidden(0, true));
  EXPECT_NE(hidden(1, false), hidden(0, false));
  EXPECT_EQ(hidden(-6, false), hidden(0, false));
}

class Damaged : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = Path(testing::TempDir()) / "damaged_model";
    std::filesystem::remove_all(folder_);
    std::filesystem::copy(Path(MALMOI_TEST_DATA) / "models" / "gpt2-hub", folder_);
  }
  std::string refusal() const {
    auto model = load_model(folder_, {Purpose::kServing, DType::kF32});
    return model.ok() ? "accepted" : model.error().to_string();
  }
  Path folder_;
};

// The header of a safetensors file, and the bytes behind it.
struct Weights {
  Json header;
  std::string data;
  explicit Weights(const Path& file) {
    std::string bytes = *read_file(file);
    uint64_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof length);
    header = *parse_json(bytes.substr(sizeof length, length), "");
    data = bytes.substr(sizeof length + length);
  }
  void write(const Path& file) const {
    std::string text = dump_json(header);
    text.resize((text.size() + 7) / 8 * 8, ' ');
    uint64_t length = text.size();
    ASSERT_TRUE(
        write_file(file, std::string(reinterpret_cast<const char*>(&length), sizeof length) + text + data).ok());
  }
  void set(const std::string& name, size_t element, float value) {
    size_t begin = header[name]["data_offsets"][0];
    const std::string type = header[name]["dtype"];
    const DType to = type == "F32" ? DType::kF32 : type == "F16" ? DType::kF16 : DType::kBF16;
    convert(&value, DType::kF32, data.data() + begin + element * dtype_size(to), to, 1);
  }
};

TEST_F(Damaged, TruncatedWeights) {
  std::string bytes = *read_file(folder_ / "model.safetensors");
  ASSERT_TRUE(write_file(folder_ / "model.safetensors", bytes.substr(0, bytes.size() / 2)).ok());
  EXPECT_THAT(refusal(), HasSubstr("model.safetensors"));
}

TEST_F(Damaged, ConfigOfAnotherSize) {
  Json config = *read_json((folder_ / "config.json").string());
  config["n_embd"] = 64;
  ASSERT_TRUE(write_file(folder_ / "config.json", dump_json(config)).ok());
  EXPECT_THAT(refusal(), HasSubstr("shape"));
}

TEST_F(Damaged, MissingLayer) {
  Json config = *read_json((folder_ / "config.json").string());
  config["n_layer"] = 3;
  ASSERT_TRUE(write_file(folder_ / "config.json", dump_json(config)).ok());
  EXPECT_THAT(refusal(), HasSubstr("missing"));
  config["n_layer"] = 1;
  ASSERT_TRUE(write_file(folder_ / "config.json", dump_json(config)).ok());
  EXPECT_THAT(refusal(), HasSubstr("belongs to nothing"));
}

TEST_F(Damaged, LayersBehindTheOthersAreThoseThatTheConfigCounts) {
  std::filesystem::remove_all(folder_);
  std::filesystem::copy(Path(MALMOI_TEST_DATA) / "models" / "deepseek_v3", folder_);
  EXPECT_EQ(refusal(), "accepted");
  Json config = *read_json((folder_ / "config.json").string());
  config["num_nextn_predict_layers"] = 0;
  ASSERT_TRUE(write_file(folder_ / "config.json", dump_json(config)).ok());
  EXPECT_THAT(refusal(), AllOf(HasSubstr("model.layers.2."), HasSubstr("belongs to nothing")));
}

TEST_F(Damaged, AClassThatNeedsAHeadWhichIsNotThere) {
  auto model = load_model(folder_, {.task = Task::kMaskedLm});
  ASSERT_FALSE(model.ok());
  EXPECT_THAT(model.error().to_string(), HasSubstr("gpt2"));
}

// Named as the file has it, whatever it is a part of here and however it lies there.
TEST_F(Damaged, ValueThatIsNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  auto told = [&](const char* model, const std::string& tensor, size_t element) {
    std::filesystem::remove_all(folder_);
    std::filesystem::copy(Path(MALMOI_TEST_DATA) / "models" / model, folder_);
    Weights weights(folder_ / "model.safetensors");
    weights.set(tensor, element, element % 2 ? nan : -INFINITY);
    weights.write(folder_ / "model.safetensors");
    EXPECT_THAT(refusal(), AllOf(HasSubstr("model.safetensors"),
                                 HasSubstr("'" + tensor + "' holds a value that is not finite (element " +
                                           std::to_string(element) + ")")));
  };
  told("gpt2-hub", "h.1.attn.c_attn.weight", 77);  // transposed, and without the name's prefix
  told("llama-gqa-rope3", "model.layers.0.self_attn.k_proj.weight", 50);
  told("llama-gqa-rope3", "model.layers.1.mlp.up_proj.weight", 3);
  told("gpt_neox", "gpt_neox.layers.0.attention.query_key_value.weight", 101);  // heads alternate
  told("mistral", "model.layers.1.self_attn.v_proj.weight", 12);
}

TEST_F(Damaged, AShapeWithADimensionMoreOrLess) {
  Weights weights(folder_ / "model.safetensors");
  const Json header = weights.header;
  auto told = [&](const std::string& tensor, const Json& shape) {
    weights.header = header;
    weights.header[tensor]["shape"] = shape;
    weights.write(folder_ / "model.safetensors");
    EXPECT_THAT(refusal(), AllOf(HasSubstr("'" + tensor + "' has shape"), HasSubstr("the config asks for")));
  };
  const int64_t width = header["ln_f.weight"]["shape"][0];
  told("ln_f.weight", {1, width});
  told("ln_f.weight", {width, 1});
  const Json matrix = header["wte.weight"]["shape"];
  told("wte.weight", {1, matrix[0], matrix[1]});
  told("wte.weight", {matrix[0].get<int64_t>() * matrix[1].get<int64_t>()});
}

TEST(Load, APathThatIsTooLongIsAnError) {
  for (const Path& path : {Path(std::string(5000, 'a')), Path("/" + std::string(300, 'a'))}) {
    EXPECT_FALSE(load_model(path, {}).ok());
    EXPECT_FALSE(load_config(path).ok());
  }
}

// What is not trained is held as products read it, and written as it was: fused, transposed or as it lies.
TEST(Save, FrozenWeightsAreWrittenAsTheyWere) {
  auto frozen = [](const nn::ParameterSpec&) { return true; };
  for (const char* name : {"mistral", "gpt2", "mamba2"}) {
    const Path from = Path(MALMOI_TEST_DATA) / "models" / name, to = Path(testing::TempDir()) / "frozen_copy";
    auto model = load_model(from, {.purpose = Purpose::kTraining, .dtype = DType::kBF16, .frozen = frozen});
    ASSERT_TRUE(model.ok()) << model.error().to_string();
    auto before = formats::Safetensors::open(from / "model.safetensors");
    for (DType type : {DType::kF32, DType::kBF16}) {
      ASSERT_TRUE(save_model(**model, to, type).ok());
      auto after = formats::Safetensors::open(to / "model.safetensors");
      for (const formats::TensorView& tensor : after->tensors()) {
        auto was = before->find(tensor.name)->bytes;
        const size_t elements = was.size() / sizeof(float);
        std::vector<std::byte> expected(elements * dtype_size(type));
        convert(was.data(), DType::kF32, expected.data(), type, elements);
        EXPECT_TRUE(std::equal(expected.begin(), expected.end(), tensor.bytes.begin(), tensor.bytes.end()))
            << name << " " << tensor.name;
      }
    }
  }
}

// A folder whose config ties the head to the table of words, and whose file holds what it is given for the head.
class TiedHeads : public testing::Test {
 protected:
  // The table, the head (empty: none in the file) as they are written, both [5, 8]; the rest is zeros.
  void write(const std::string& family, const std::vector<float>& words, const std::vector<float>& head) {
    folder_ = Path(testing::TempDir()) / "tied_model";
    std::filesystem::remove_all(folder_);
    ConfigDocument document;
    document.root = {{"architecture", family},      {"vocab_size", 5},          {"hidden_size", 8},
                     {"num_hidden_layers", 1},      {"num_attention_heads", 1}, {"tie_word_embeddings", true},
                     {"max_position_embeddings", 8}};
    auto made = make_model(document, document.root, {.training = true});
    ASSERT_TRUE(made.ok()) << made.error().to_string();
    auto model = std::move(*made);
    model->parameters.allocate(Purpose::kTraining, DType::kF32);
    Parameter& table = model->head->weight->parameter();
    std::copy(words.begin(), words.end(), table.master.as<float>());
    if (!head.empty()) {
      model->untie_head();
      Parameter& own = model->head->weight->parameter();
      own.master = Tensor::zeros(DType::kF32, own.shape);
      std::copy(head.begin(), head.end(), own.master.as<float>());
    }
    ASSERT_TRUE(save_model(*model, folder_, DType::kF32).ok());
    Json config = *read_json((folder_ / "config.json").string());
    config["tie_word_embeddings"] = true;
    ASSERT_TRUE(write_file(folder_ / "config.json", dump_json(config)).ok());
  }
  std::unique_ptr<Model> open(Purpose purpose = Purpose::kServing) {
    auto model = load_model(folder_, {.purpose = purpose, .warn = [this](const std::string& w) { warnings_ += w; }});
    EXPECT_TRUE(model.ok()) << model.error().to_string();
    return model.ok() ? std::move(*model) : nullptr;
  }
  static float head_value(const Model& model) { return model.head->weight->parameter().compute.as<float>()[7]; }

  const std::vector<float> words_ = std::vector<float>(40, 0.5f), other_ = std::vector<float>(40, 0.25f);
  Path folder_;
  std::string warnings_;
};

TEST_F(TiedHeads, AnotherMatrixInTheFileIsKeptWithAWarning) {
  for (const char* family : {"llama", "gpt2", "gpt_neox", "gemma3_text", "t5", "bart"}) {
    SCOPED_TRACE(family);
    write(family, words_, other_);
    for (Purpose purpose : {Purpose::kServing, Purpose::kTraining}) {
      warnings_.clear();
      auto model = open(purpose);
      ASSERT_NE(model, nullptr);
      EXPECT_EQ(head_value(*model), 0.25f);
      EXPECT_THAT(warnings_, HasSubstr("it is kept"));
    }
    // What is written again says so itself; only T5's config has no field for it.
    auto model = open();
    ASSERT_TRUE(save_model(*model, folder_, DType::kF32).ok());
    warnings_.clear();
    EXPECT_EQ(head_value(*open()), 0.25f);
    EXPECT_EQ(warnings_.empty(), std::string(family) != "t5");
  }
}

TEST_F(TiedHeads, TheSameMatrixOnceMoreIsTheTable) {
  write("llama", words_, words_);
  auto model = open();
  EXPECT_EQ(warnings_, "");
  EXPECT_EQ(model->head->weight->parameter().role, autograd::Role::kEmbedding);
  EXPECT_TRUE(model->config()["tie_word_embeddings"].get<bool>());
}

// transformers 5 writes tie_word_embeddings as true whatever the head is: the file says it.
TEST_F(TiedHeads, AT5WithoutAHeadInItsFileHasTheTable) {
  for (const bool own : {true, false}) {
    write("t5", words_, own ? other_ : std::vector<float>());
    Json config = *read_json((folder_ / "config.json").string());
    config["scale_decoder_outputs"] = false;
    ASSERT_TRUE(write_file(folder_ / "config.json", dump_json(config)).ok());
    auto model = open();
    EXPECT_EQ(head_value(*model), own ? 0.25f : 0.5f);
    EXPECT_EQ(model->head->weight->parameter().role, own ? autograd::Role::kHead : autograd::Role::kEmbedding);
    EXPECT_EQ(model->head->logit_scale, 1);
    EXPECT_EQ(warnings_, "");
  }
}

TEST(Initialisation, AnEncoderAloneHasNoDecoder) {
  ConfigDocument document;
  document.root = {{"model_type", "t5"}, {"vocab_size", 32}, {"d_model", 16}, {"architectures", {"T5EncoderModel"}}};
  auto model = *make_model(document, document.root);
  EXPECT_EQ(model->config()["architectures"][0].get<std::string>(), "T5EncoderModel");
  EXPECT_EQ(model->head, nullptr);
  EXPECT_TRUE(model->backbone->states().empty());
  for (const auto& entry : model->parameters.entries()) EXPECT_FALSE(entry->spec.name.starts_with("decoder"));
}

// sin(p / 10000^(2k/d)) in the first half of row p, the cosines in the second.
TEST(Initialisation, MariansPositionsAreSinesAndCosinesThatNothingTrains) {
  ConfigDocument document;
  document.root = {{"architecture", "marian"},
                   {"vocab_size", 16},
                   {"d_model", 8},
                   {"encoder_layers", 1},
                   {"encoder_attention_heads", 2},
                   {"max_position_embeddings", 4}};
  auto model = *make_model(document, document.root, {.training = true});
  model->parameters.allocate(Purpose::kTraining, DType::kF32);
  model->parameters.initialize(1);
  for (const auto& entry : model->parameters.entries()) {
    EXPECT_EQ(entry->parameter.trainable, !entry->spec.fixed);
    if (entry->spec.name != "model.encoder.embed_positions.weight") continue;
    EXPECT_TRUE(entry->spec.fixed);
    const float* row = entry->parameter.compute.as<float>() + 3 * 8;
    EXPECT_NEAR(row[1], std::sin(0.3), 1e-6);
    EXPECT_NEAR(row[5], std::cos(0.3), 1e-6);
  }
}

TEST_F(TiedHeads, TheHeadAloneFillsTheTable) {
  write("llama", words_, other_);
  std::string bytes = *read_file(folder_ / "model.safetensors");
  size_t at = bytes.find("embed_tokens.weight");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 19, "rotary_emb.inv_freq");  // a buffer, which is passed over
  ASSERT_TRUE(write_file(folder_ / "model.safetensors", bytes).ok());
  EXPECT_EQ(head_value(*open()), 0.25f);
  EXPECT_EQ(warnings_, "");
}

}  // namespace
}  // namespace malmoi::model

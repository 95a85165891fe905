// Tests of what families make of their published configs: what is honoured, and what is refused by name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <set>

#include "base/file.h"
#include "formats/safetensors.h"
#include "model/load.h"
#include "model/registry.h"
#include "model/test_refusal.h"
#include "model/save.h"

namespace malmoi::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;

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

// Every family that takes divisors for long texts tells the engine from where on a text is read again.
TEST(Configs, WhoeverRotatesLongTextsOtherwiseTellsWhereTheyBegin) {
  constexpr int64_t kWhere = 16, kMostDivisors = 64;
  std::set<std::string> told;
  for (const auto& entry : std::filesystem::directory_iterator(Path(MALMOI_TEST_DATA) / "models")) {
    auto config = read_json((entry.path() / "config.json").string());
    if (!config.ok()) continue;
    if (config->value("alibi", false)) continue;  // rotates nothing
    config->erase("rope_scaling");
    if (config->contains("original_max_position_embeddings")) (*config)["original_max_position_embeddings"] = kWhere;
    const std::string type = config->value("model_type", "");
    const bool by_layer_type = type == "gemma3_text" || type == "modernbert";
    Json& rope = by_layer_type ? (*config)["rope_parameters"]["full_attention"] : (*config)["rope_parameters"];
    if (!rope.is_object()) rope = Json::object();
    rope.update(Json{{"rope_type", "longrope"}, {"original_max_position_embeddings", kWhere}, {"factor", 4.0}});
    for (int64_t divisors = 1; divisors <= kMostDivisors; ++divisors) {
      rope["short_factor"] = std::vector<double>(static_cast<size_t>(divisors), 1);
      rope["long_factor"] = std::vector<double>(static_cast<size_t>(divisors), 2);
      ConfigDocument document;
      document.root = *config;
      auto model = make_model(document, document.root);
      if (!model.ok() || !(*model)->generates()) continue;
      EXPECT_EQ((*model)->sizes.switch_length, kWhere) << (*model)->model_type();
      told.insert((*model)->model_type());
      break;
    }
  }
  for (const char* name :
       {"llama", "phi3", "phi", "gpt_neox", "falcon", "deepseek_v3", "falcon_h1", "lfm2", "qwen3_next"})
    EXPECT_TRUE(told.contains(name)) << name;
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

}  // namespace
}  // namespace malmoi::model

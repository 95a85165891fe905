// K-EXAONE (LG AI Research 2025): EXAONE's layers with and without positions, a norm before each part; behind the first layers
// a mixture of experts that a sigmoid router chooses, with a part that all rows share.
#include <algorithm>

#include "model/families/exaone.h"
#include "model/families/experts_gguf.h"
#include "model/families/llama_decoder.h"
#include "model/families/llama_gguf.h"
#include "nn/either.h"
#include "nn/experts.h"

namespace malmoi::model::exaone_moe {
namespace {

using FeedForward = nn::Either<nn::GatedMlp, nn::Experts>;

// Which layers have experts: by `mlp_layer_types` (or `is_moe_layer`, which the first files have beside it), else all but the
// first ones.
std::vector<bool> read_sparse_layers(ConfigFields& f, int64_t layers) {
  int64_t dense = f.integer("first_k_dense_replace", 1, 0);
  std::vector<std::string> types = f.reader().texts("mlp_layer_types"), by_flags;
  const Json& flags = f.reader().raw("is_moe_layer");
  if (flags.is_array()) {
    for (const Json& flag : flags) by_flags.push_back(flag == true ? "sparse" : "dense");
  }
  if (types.empty()) types = by_flags;
  for (int64_t i = 0; !f.has("mlp_layer_types") && by_flags.empty() && i < layers; ++i)
    types.push_back(i < dense ? "dense" : "sparse");
  if (static_cast<int64_t>(types.size()) != layers)
    f.fail("mlp_layer_types",
           "has " + std::to_string(types.size()) + " entries for " + std::to_string(layers) + " layers");
  if (!by_flags.empty() && types != by_flags)
    f.fail("is_moe_layer", "contradicts mlp_layer_types", "give mlp_layer_types alone");
  std::vector<bool> sparse;
  for (const std::string& type : types) {
    if (type != "sparse" && type != "dense")
      f.fail("mlp_layer_types", "'" + type + "' is not known", "use dense or sparse");
    sparse.push_back(type == "sparse");
  }
  f.publish("mlp_layer_types", types);
  return sparse;
}

nn::ExpertsSpec read_experts(ConfigFields& f, const LlamaConfig& c) {
  nn::ExpertsSpec e{.width = c.hidden_size,
                    .inner = f.size("moe_intermediate_size", {1024, std::max<int64_t>(c.intermediate_size / 4, 1)}),
                    .experts = f.size("num_experts", "num_local_experts", {64, 8}),
                    .top_k = f.size("num_experts_per_tok", {8, 2}),
                    .activation = c.hidden_act,
                    .scores = kernels::RouterScores::kSigmoid,
                    .renormalise = f.flag("norm_topk_prob", true),
                    .scale = f.number("routed_scaling_factor", 2.5, 1e-9, 1e6),
                    .groups = f.size("n_group", {1, 1}),
                    .top_groups = f.size("topk_group", {1, 1}),
                    .group_best = 2,
                    .choice_bias = "e_score_correction_bias",
                    .gate_name = "gate_proj",
                    .up_name = "up_proj",
                    .down_name = "down_proj"};
  e.shared_inner = e.inner * f.integer("num_shared_experts", 1, 0, 1 << 10);
  for (auto [key, only] : {std::pair{"scoring_func", "sigmoid"}, std::pair{"topk_method", "noaux_tc"}})
    f.refuse(key, f.reader().text(key, only) != only, "another one than " + std::string(only) + " is not supported");
  if (e.experts % e.groups != 0 || e.experts / e.groups < e.group_best || e.groups > kernels::kMostRouterGroups)
    f.fail("n_group", "does not make groups of two experts or more of num_experts", "use a divisor");
  else if (e.top_groups > e.groups) f.fail("topk_group", "is larger than n_group", "use fewer");
  else if (e.top_k > e.top_groups * (e.experts / e.groups))
    f.fail("num_experts_per_tok", "is larger than the number of experts in topk_group groups", "use fewer");
  if (e.experts > kMostExperts / c.num_hidden_layers) f.fail("num_experts", "is too large for so many layers");
  return e;
}

Parts make(ConfigFields& f, Task, int64_t) {
  LlamaConfig c = read_llama_fields(f, {.vocab_size = 102400,
                                        .intermediate_size = 16384,
                                        .num_key_value_heads = 32,
                                        .rms_norm_eps = 1e-5,
                                        .pad_token_id = 0});
  read_exaone_layers(f, c);
  c.qk_norm = nn::QkNorm::kEachHead;
  nn::ExpertsSpec experts = read_experts(f, c);
  std::vector<bool> sparse = read_sparse_layers(f, static_cast<int64_t>(c.window.size()));
  // Layers that predict tokens further on, for drafts, may stand beside: as here, or behind the others in GGUF files.
  int64_t drafts = f.reader().integer("num_nextn_predict_layers", 0, 0, kMostLayers);
  if (f.failed()) return {};
  auto make_mlp = [&](const nn::Declare& layer, int64_t index) -> FeedForward {
    if (sparse[static_cast<size_t>(index)]) return {nn::Experts(layer / "mlp", experts)};
    return {make_gated_mlp(layer, c)};
  };
  Parts parts = make_decoder_parts<nn::PreNormBlock<FeedForward>>(c, make_mlp);
  parts.beside = {"mtp."};
  for (int64_t i = 0; i < drafts; ++i) parts.beside.push_back("blk." + std::to_string(c.num_hidden_layers + i) + ".");
  return parts;
}

constexpr std::string_view kArchitecture = "exaone-moe";
// The keys of Llama, and of experts.
constexpr GgufField kGgufFields[] = {{"num_experts", "expert_count"},
                                     {"num_experts_per_tok", "expert_used_count"},
                                     {"moe_intermediate_size", "expert_feed_forward_length"},
                                     {"num_shared_experts", "expert_shared_count"},
                                     {"routed_scaling_factor", "expert_weights_scale"},
                                     {"norm_topk_prob", "expert_weights_norm"},
                                     {"n_group", "expert_group_count"},
                                     {"topk_group", "expert_group_used_count"},
                                     {"first_k_dense_replace", "leading_dense_block_count"},
                                     {"num_nextn_predict_layers", "nextn_predict_layers"}};
constexpr GgufName kGgufNames[] = {
    {".mlp.e_score_correction_bias", ".exp_probs_b.bias"}, {".mlp.gate.", ".ffn_gate_inp."},
    {".mlp.experts.#.gate_proj.", ".ffn_gate_exps."},      {".mlp.experts.#.up_proj.", ".ffn_up_exps."},
    {".mlp.experts.#.down_proj.", ".ffn_down_exps."},      {".mlp.shared_experts.gate_proj.", ".ffn_gate_shexp."},
    {".mlp.shared_experts.up_proj.", ".ffn_up_shexp."},    {".mlp.shared_experts.down_proj.", ".ffn_down_shexp."}};
constexpr std::string_view kGgufInert[] = {"attention.sliding_window", "attention.sliding_window_pattern",
                                           "expert_shared_feed_forward_length", "expert_gating_func"};

// There the layers for drafts count among the others.
void derive_layers(Json& config, const formats::Gguf& file) {
  derive_exaone_layers(config, file, kArchitecture);
  auto count = [&](const char* key) { return file.integer_or(std::string(kArchitecture) + "." + key, 0); };
  config["num_hidden_layers"] = count("block_count") - count("nextn_predict_layers");
  const int64_t scores = count("expert_gating_func");  // absent in older files
  if (scores != 0 && scores != kGgufSigmoid) config["scoring_func"] = "gating function " + std::to_string(scores);
}

// Layers without experts stand before the others, as many as the list of layers says.
void simplify(Json& config) {
  simplify_exaone_layers(config);
  const Json types = config["mlp_layer_types"];
  config["first_k_dense_replace"] = std::ranges::find(types, Json("sparse")) - types.begin();
}

Status describe(const Json& config, formats::GgufMetadata& metadata) {
  describe_exaone_layers(config, metadata, kArchitecture);
  auto put = [&](const char* key, int64_t value) {
    metadata.set_u32(std::string(kArchitecture) + "." + key, static_cast<uint32_t>(value));
  };
  put("expert_gating_func", kGgufSigmoid);
  put("nextn_predict_layers", 0);
  put("expert_shared_feed_forward_length",
      config["moe_intermediate_size"].get<int64_t>() * config["num_shared_experts"].get<int64_t>());
  return {};
}

constexpr GgufDialect kGguf{.architecture = kArchitecture,
                            .fields = kGgufFields,
                            .shared_fields = kLlamaGgufFields,
                            .names = kGgufNames,
                            .shared = kLlamaGgufNames,
                            .inert = kGgufInert,
                            .derive = derive_layers,
                            .simplify = simplify,
                            .describe = describe};

// The second name is that of the first files.
constexpr ModelClass kClasses[] = {{Task::kCausalLm, "ExaoneMoeForCausalLM"},
                                   {Task::kCausalLm, "ExaoneMoEForCausalLM"}};
// The library's own name of what is added for choosing.
constexpr Family::Alias kAliases[] = {{".mlp.e_score_correction_bias", ".mlp.gate.e_score_correction_bias"}};
constexpr std::string_view kInert[] = {"output_router_logits"};

}  // namespace

extern const Family family{.model_type = "exaone_moe",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .aliases = kAliases,
                           .head_prefixes = kLmHead,
                           .buffers = kRotaryBuffers,
                           .inert = kInert,
                           .gguf = &kGguf};

}  // namespace malmoi::model::exaone_moe

// DeepSeek-V3 (DeepSeek-AI 2024): V2's decoder whose experts are chosen by sigmoids and a bias that keeps them equally busy.
#include <algorithm>

#include "model/families/deepseek.h"
#include "model/families/deepseek_gguf.h"

namespace malmoi::model::deepseek_v3 {
namespace {

constexpr DeepseekDefaults kDefaults{.vocab_size = 129280,
                                     .hidden_size = 7168,
                                     .intermediate_size = 18432,
                                     .num_hidden_layers = 61,
                                     .num_attention_heads = 128,
                                     .max_position_embeddings = 4096,
                                     .n_routed_experts = 256,
                                     .n_shared_experts = 1,
                                     .num_experts_per_tok = 8,
                                     .moe_intermediate_size = 2048,
                                     .first_k_dense_replace = 3,
                                     .n_group = 8,
                                     .topk_group = 4,
                                     .routed_scaling_factor = 2.5,
                                     .norm_topk_prob = true};

// Layers that predict tokens further on stand behind the others: a file may hold them, a forward pass has no use for them.
std::vector<std::string> further_layers(ConfigFields& f, int64_t layers) {
  std::vector<std::string> names;
  ConfigReader& reader = f.reader();
  int64_t count = std::max(reader.integer("num_nextn_predict_layers", f.training() ? 0 : 1, 0, kMostLayers),
                           reader.integer("num_mtp_layers", 0, 0, kMostLayers));
  for (int64_t i = 0; i < count; ++i) names.push_back("model.layers." + std::to_string(layers + i) + ".");
  f.publish("num_nextn_predict_layers", 0);  // none is saved
  return names;
}

Parts make(ConfigFields& f, Task, int64_t) {
  DeepseekConfig c = read_deepseek_fields(f, kDefaults);
  c.rotary.interleaved = f.flag("rope_interleave", true);
  std::string scores = f.text("scoring_func", "sigmoid"), method = f.text("topk_method", "noaux_tc");
  f.refuse("scoring_func", scores != "sigmoid", "'" + scores + "' is not sigmoid, by which deepseek_v3 chooses");
  f.refuse("topk_method", method != "noaux_tc", "'" + method + "' is not noaux_tc");
  c.experts.scores = kernels::RouterScores::kSigmoid;
  c.experts.choice_bias = "gate.e_score_correction_bias";
  c.experts.group_best = 2;
  read_groups(f, c, kDefaults, true);
  std::vector<std::string> further = further_layers(f, c.num_hidden_layers);
  Parts parts = make_deepseek_parts(f, c);
  parts.beside = std::move(further);
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "DeepseekV3ForCausalLM"}};

void derive(Json& config, const formats::Gguf& file) {
  derive_deepseek(config, file);
  for (const char* field : {"n_group", "topk_group"}) {
    if (!config.contains(field)) config[field] = 1;
  }
}

constexpr GgufDialect kGguf = deepseek_gguf(derive, kGgufSigmoid);

}  // namespace

extern const Family family{.model_type = "deepseek_v3",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kLmHead,
                           .buffers = kRotaryBuffers,
                           .inert = kDeepseekInert,
                           .gguf = &kGguf};

}  // namespace malmoi::model::deepseek_v3

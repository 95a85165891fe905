// DeepSeek-V2 (DeepSeek-AI 2024): latent attention, many small experts chosen by their softmax, some of them shared by all rows.
#include "model/families/deepseek.h"
#include "model/families/deepseek_gguf.h"

namespace malmoi::model::deepseek_v2 {
namespace {

constexpr DeepseekDefaults kDefaults{.vocab_size = 102400,
                                     .hidden_size = 4096,
                                     .intermediate_size = 11008,
                                     .num_hidden_layers = 32,
                                     .num_attention_heads = 32,
                                     .max_position_embeddings = 2048,
                                     .n_routed_experts = 64,
                                     .n_shared_experts = 2,
                                     .num_experts_per_tok = 6,
                                     .moe_intermediate_size = 1407,
                                     .first_k_dense_replace = 0};

Parts make(ConfigFields& f, Task, int64_t) {
  DeepseekConfig c = read_deepseek_fields(f, kDefaults);
  c.mlp_bias = c.experts.shared_bias = f.flag("mlp_bias", false);
  std::string scores = f.text("scoring_func", "softmax"), method = f.text("topk_method", "greedy");
  f.refuse("scoring_func", scores != "softmax", "'" + scores + "' is not softmax, by which deepseek_v2 chooses");
  f.refuse("topk_method", method != "greedy" && method != "group_limited_greedy",
           "'" + method + "' is not greedy or group_limited_greedy");
  // The authors' code makes the weights sum to one, the published one passes the switch over; no published model has it.
  f.refuse("norm_topk_prob", c.experts.renormalise, "true has no one meaning for deepseek_v2");
  read_groups(f, c, kDefaults, method == "group_limited_greedy");
  return make_deepseek_parts(f, c);
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "DeepseekV2ForCausalLM"}};

void derive(Json& config, const formats::Gguf& file) {
  derive_deepseek(config, file);
  // No key says it. Groups of which one is used are no groups.
  bool grouped = config.contains("n_group") && config["n_group"] != 1;
  config["topk_method"] = grouped ? "group_limited_greedy" : "greedy";
  int64_t function = file.integer_or("deepseek2.expert_gating_func", 0);
  if (function > 1) config["scoring_func"] = "gating function " + std::to_string(function);  // 0, 1: softmax
}

constexpr GgufDialect kGguf = deepseek_gguf(derive);

}  // namespace

extern const Family family{.model_type = "deepseek_v2",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kLmHead,
                           .buffers = kRotaryBuffers,
                           .inert = kDeepseekInert,
                           .gguf = &kGguf};

}  // namespace malmoi::model::deepseek_v2

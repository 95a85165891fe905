#include "model/peft_config.h"

#include <cmath>

namespace malmoi::model {
namespace {

// What `task_type` says of classes that add to the adapter nothing but a new head.
Json peft_task_type(Task task, bool new_head) {
  if (new_head && head_task(task) == Task::kClassification) return "SEQ_CLS";
  if (task == Task::kCausalLm) return "CAUSAL_LM";
  if (task == Task::kSeq2Seq) return "SEQ_2_SEQ_LM";
  return nullptr;
}

}  // namespace

Json peft_config(const NewAdapter& options, const PeftModules& modules, Task task) {
  const Json none = nullptr;
  // Beside what is trained stands what it began with, at the same scale.
  const double more = !options.principal        ? 1
                      : options.rank_stabilised ? std::sqrt(2.0)
                                                : 2,
               scaled = options.alpha * more;
  Json alpha = scaled;
  if (scaled == std::floor(scaled) && std::abs(scaled) < 1e9) alpha = static_cast<int64_t>(scaled);
  return {{"alora_invocation_tokens", none},
          {"alpha_pattern", Json::object()},
          {"arrow_config", none},
          {"auto_mapping", none},
          {"base_model_name_or_path", options.base},
          {"bias", "none"},
          {"corda_config", none},
          {"ensure_weight_tying", modules.keeps_tied},
          {"eva_config", none},
          {"exclude_modules", none},
          {"fan_in_fan_out", modules.transposed},
          {"inference_mode", true},
          {"init_lora_weights", true},
          {"kasa_config", none},
          {"layer_replication", none},
          {"layers_pattern", none},
          {"layers_to_transform", none},
          {"loftq_config", Json::object()},
          {"lora_alpha", alpha},
          {"lora_bias", false},
          {"lora_dropout", 0.0},
          {"lora_ga_config", none},
          {"megatron_config", none},
          {"megatron_core", "megatron.core"},
          {"modules_to_save", modules.whole.empty() ? none : Json(modules.whole)},
          {"monteclora_config", none},
          {"peft_type", "LORA"},
          {"peft_version", "0.21.2"},
          {"qalora_group_size", 16},
          {"r", options.principal ? 2 * options.rank : options.rank},
          {"rank_pattern", Json::object()},
          {"revision", none},
          {"target_modules", modules.targets},
          {"target_parameters", none},
          {"task_type", peft_task_type(task, options.new_head)},
          {"trainable_token_indices", none},
          {"use_bdlora", none},
          {"use_dora", options.magnitudes},
          {"use_qalora", false},
          {"use_rslora", options.rank_stabilised},
          {"velora_config", none}};
}

}  // namespace malmoi::model

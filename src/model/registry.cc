#include "model/registry.h"

#include "model/arch/arch.h"

namespace malmoi::model {
namespace {

// One line a family.
constexpr ArchitectureEntry kArchitectures[] = {
    {"gpt2", "GPT2LMHeadModel", make_gpt2},
    {"llama", "LlamaForCausalLM", make_llama},
    {"mistral", "MistralForCausalLM", make_mistral},
    {"qwen2", "Qwen2ForCausalLM", make_qwen2},
};

// Fields of published configs that change no number of a forward pass: bookkeeping, generation defaults of older
// versions, switches of how a result is returned.
constexpr const char* kWithoutEffect[] = {
    "architectures",
    "model_type",
    "architecture",
    "transformers_version",
    "torch_dtype",
    "dtype",
    "use_cache",
    "bos_token_id",
    "eos_token_id",
    "pad_token_id",
    "sep_token_id",
    "cls_token_id",
    "mask_token_id",
    "unk_token_id",
    "decoder_start_token_id",
    "return_dict",
    "output_hidden_states",
    "output_attentions",
    "torchscript",
    "use_bfloat16",
    "tf_legacy_loss",
    "pruned_heads",
    "chunk_size_feed_forward",
    "is_encoder_decoder",
    "is_decoder",
    "finetuning_task",
    "id2label",
    "label2id",
    "num_labels",
    "problem_type",
    "tokenizer_class",
    "prefix",
    "name_or_path",
    "task_specific_params",
    "max_length",
    "min_length",
    "do_sample",
    "early_stopping",
    "num_beams",
    "num_beam_groups",
    "diversity_penalty",
    "temperature",
    "top_k",
    "top_p",
    "typical_p",
    "repetition_penalty",
    "length_penalty",
    "no_repeat_ngram_size",
    "encoder_no_repeat_ngram_size",
    "bad_words_ids",
    "num_return_sequences",
    "output_scores",
    "return_dict_in_generate",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "remove_invalid_values",
    "exponential_decay_length_penalty",
    "suppress_tokens",
    "begin_suppress_tokens",
    "pretraining_tp",
    "attn_implementation",
    "auto_map",
    "cross_attention_hidden_size",
    "n_ctx",
    "gradient_checkpointing",
    "quantization_config",
    "summary_type",
    "summary_use_proj",
    "summary_activation",
    "summary_proj_to_labels",
    "summary_first_dropout",
    "initializer_range",
};

}  // namespace

std::span<const ArchitectureEntry> architecture_table() { return kArchitectures; }

Result<std::unique_ptr<Model>> make_model(const ConfigDocument& document, const Json& object, std::string path) {
  ConfigReader reader(document, object, std::move(path));
  std::string name = reader.text("model_type", reader.text("architecture", ""));
  for (const char* key : kWithoutEffect) reader.raw(key);
  for (const auto& [key, value] : object.items()) {
    if (key.starts_with("_") || value.is_null()) reader.raw(key);  // private notes, and fields that are not used
  }
  if (!reader.raw("quantization_config").is_null())
    return unsupported("quantized weights are not read", reader.where("quantization_config"), "use the original model");
  std::string all;
  for (const ArchitectureEntry& entry : kArchitectures) {
    if (entry.name == name) {
      auto model = entry.make(reader);
      if (!model.ok()) return std::move(model).error();
      MALMOI_TRY(reader.finish());
      return model;
    }
    all += (all.empty() ? "" : ", ") + std::string(entry.name);
  }
  if (name.empty())
    return usage_error("no architecture is named", document.where(""),
                       "set model_type (in a training configuration: architecture)");
  return unsupported("the architecture '" + name + "' is not known",
                     reader.where(object.contains("model_type") ? "model_type" : "architecture"), "use one of " + all);
}

}  // namespace malmoi::model

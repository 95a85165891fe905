#include "app/compare/sizes.h"

#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "model/registry.h"

namespace malmoi::app {
namespace {

constexpr int64_t kWidthStep = 16;
constexpr int64_t kWidest = 8192;
constexpr int64_t kHeadWidth = 32;

int64_t count_parameters(const model::Model& model, bool without_words) {
  int64_t count = 0;
  for (const auto& entry : model.parameters.entries()) {
    const bool words = entry->spec.role == nn::Role::kEmbedding || entry->spec.role == nn::Role::kHead;
    if (without_words && words) continue;
    int64_t n = 1;
    for (int i = 0; i < entry->spec.shape.rank(); ++i) n *= entry->spec.shape[i];
    count += n;
  }
  return count;
}

Json at_width(const Json& model, int64_t vocab_size, int64_t max_positions, int64_t width) {
  Json sized = model;
  auto fill = [&](const char* key, Json value) {
    if (!sized.contains(key)) sized[key] = std::move(value);
  };
  fill("vocab_size", vocab_size);
  sized["hidden_size"] = width;
  const std::string name = json_string(model, "architecture");
  const bool gated_recurrence = name == "lstm" || name == "gru";
  if (gated_recurrence) fill("embed_size", width);
  else fill("max_position_embeddings", max_positions);
  const model::Family* family = model::find_family(name);
  const bool attends = family && !gated_recurrence && name != "mamba" && name != "mamba2" && name != "rwkv";
  if (attends) fill("num_attention_heads", std::max<int64_t>(width / kHeadWidth, 1));
  return sized;
}

Result<SizedModel> make(const Json& sized, bool without_words, const std::string& where) {
  ConfigDocument document;
  document.file = where;
  document.root = sized;
  MALMOI_ASSIGN(auto model, model::make_model(document, sized, {.task = model::Task::kCausalLm, .training = true}));
  return SizedModel{sized, count_parameters(*model, without_words)};
}

}  // namespace

Result<SizedModel> fit_size(const Json& model, int64_t vocab_size, int64_t max_positions, int64_t wanted,
                            double tolerance, bool without_words, const std::string& where) {
  const bool fixed = model.contains("hidden_size");
  std::optional<SizedModel> best;
  std::optional<Error> refused;
  auto distance = [&](const SizedModel& sized) { return std::llabs(sized.parameters - wanted); };
  for (int64_t width = kWidthStep; width <= kWidest; width += kWidthStep) {
    if (fixed) {
      if (!model["hidden_size"].is_number_integer()) return usage_error("hidden_size is not a whole number", where);
      width = model["hidden_size"].get<int64_t>();
    }
    auto sized = make(at_width(model, vocab_size, max_positions, width), without_words, where);
    if (!sized.ok() && !refused) refused = sized.error();
    if (sized.ok() && (!best || distance(*sized) < distance(*best))) best = *sized;
    if (fixed || (sized.ok() && sized->parameters > 2 * wanted)) break;  // wider ones only have more
  }
  if (!best) return *refused;
  if (static_cast<double>(distance(*best)) <= tolerance * static_cast<double>(wanted)) return *best;
  return usage_error(fmt::format("has {} parameters at the closest width, {}; {} were asked for", best->parameters,
                                 best->model["hidden_size"].get<int64_t>(), wanted),
                     where,
                     fixed ? "leave hidden_size out, or change other sizes" : "change its layers, or raise tolerance");
}

}  // namespace malmoi::app

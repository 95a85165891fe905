#include "app/compare/sizes.h"

#include <cmath>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "model/registry.h"

namespace malmoi::app {
namespace {

constexpr int64_t kWidthStep = 8;
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

// As many heads of about kHeadWidth as divide the width into even parts.
int64_t heads_of(int64_t width) {
  int64_t heads = std::max<int64_t>(width / kHeadWidth, 1);
  while (heads > 1 && (width % heads != 0 || width / heads % 2 != 0)) --heads;
  return heads;
}

// What else a family may want to be told of its sizes. Which, it says itself: a field that it does not know is an error.
std::vector<Json> ways_to_say(int64_t vocab_size, int64_t max_positions, int64_t width) {
  const Json positions = {{"max_position_embeddings", max_positions}},
             heads = {{"num_attention_heads", heads_of(width)}}, inner_heads = {{"num_heads", heads_of(2 * width)}},
             words = {{"embed_size", width}};
  std::vector<Json> ways;
  for (const Json* more : {&heads, &inner_heads, &words}) {
    for (bool with_positions : {true, false}) {
      Json way = {{"vocab_size", vocab_size}};
      if (with_positions) way.update(positions);
      way.update(*more);
      ways.push_back(std::move(way));
    }
  }
  ways.push_back({{"vocab_size", vocab_size}});
  return ways;
}

Result<SizedModel> make(const Json& sized, bool without_words, const std::string& where) {
  ConfigDocument document;
  document.file = where;
  document.root = sized;
  MALMOI_ASSIGN(auto model, model::make_model(document, sized, {.task = model::Task::kCausalLm, .training = true}));
  return SizedModel{sized, count_parameters(*model, without_words)};
}

// Families round the width of their gated parts, to as much as a fifth of a small model: here it is 8/3 of the width.
Result<SizedModel> make_even(Json sized, bool without_words, const std::string& where) {
  auto made = make(sized, without_words, where);
  if (!made.ok() || sized.contains("intermediate_size")) return made;
  constexpr int64_t kRound = 8;
  sized["intermediate_size"] = (sized["hidden_size"].get<int64_t>() * 8 / 3 + kRound - 1) / kRound * kRound;
  auto even = make(sized, without_words, where);
  return even.ok() ? even : made;  // one that has no such part
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
    Result<SizedModel> sized = Error{};
    for (const Json& way : ways_to_say(vocab_size, max_positions, width)) {
      Json fields = way;
      fields.update(model);
      fields["hidden_size"] = width;
      sized = make_even(std::move(fields), without_words, where);
      if (!refused && !sized.ok()) refused = sized.error();
      if (sized.ok()) break;
    }
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

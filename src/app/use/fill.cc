#include "app/use/fill.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/ascii.h"
#include "infer/known_ids.h"
#include "infer/sampling.h"
#include "infer/session.h"
#include "train/token_rules.h"

namespace malmoi::app {
namespace {

// The ids that may stand in a gap: all words, or those that were asked for.
Result<std::vector<int32_t>> candidates(const FillOptions& options, const LoadedModel& loaded,
                                        const train::TokenRules& rules) {
  std::vector<int32_t> ids;
  for (const std::string& word : options.words) {
    std::vector<int32_t> pieces = loaded.tokenizer->encode(word, {.parse_special = false});
    // Vocabularies that mark where words begin have a word in the middle of a text with a space before it.
    if (pieces.size() != 1) pieces = loaded.tokenizer->encode(" " + word, {.parse_special = false});
    if (pieces.size() != 1) {
      std::vector<std::string> shown;
      for (int32_t id : pieces) shown.push_back(loaded.tokenizer->piece(id));
      return usage_error(fmt::format("the tokenizer cuts '{}' in {} pieces ({}), and a gap holds one", word,
                                     pieces.size(), fmt::join(shown, " ")),
                         "--words", "ask for a word of the vocabulary");
    }
    ids.push_back(pieces[0]);
  }
  if (!options.words.empty()) return ids;
  for (int32_t id = 0; id < rules.vocab_size; ++id) {
    if (!rules.is_special[static_cast<size_t>(id)]) ids.push_back(id);
  }
  return ids;
}

std::vector<FilledText::Word> most_probable(std::span<const float> logits, std::vector<int32_t> ids, int64_t top,
                                            const tokenizer::Tokenizer& tokenizer) {
  auto logit = [&](int32_t id) { return static_cast<double>(logits[static_cast<size_t>(id)]); };
  const double whole = infer::log_sum_exp(logits);
  const auto wanted = std::min(static_cast<size_t>(top), ids.size());
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(wanted), ids.end(),
                    [&](int32_t a, int32_t b) { return logit(a) != logit(b) ? logit(a) > logit(b) : a < b; });
  std::vector<FilledText::Word> words;
  for (size_t i = 0; i < wanted; ++i) {
    std::string text(ascii_trim(tokenizer.decode({&ids[i], 1})));
    words.push_back({ids[i], std::move(text), std::exp(logit(ids[i]) - whole)});
  }
  return words;
}

}  // namespace

Json to_json(const FilledText& filled) {
  Json json = {{"text", filled.text}, {"gaps", Json::array()}};
  for (const auto& gap : filled.gaps) {
    Json words = Json::array();
    for (const FilledText::Word& word : gap)
      words.push_back({{"token", word.id}, {"text", word.text}, {"probability", word.probability}});
    json["gaps"].push_back(std::move(words));
  }
  return json;
}

Result<FilledText> fill(const FillOptions& options, const Job& job) {
  MALMOI_ASSIGN(LoadedModel loaded, load_for_generation(options.model, {options.dtype, options.adapters}, job));
  const model::Model& model = *loaded.model;
  if (model.task() != model::Task::kMaskedLm)
    return usage_error("this " + model.model_type() + " model fills no gaps", "model",
                       "use one that was trained by masked_lm");
  const train::TokenRules rules = train::token_rules(loaded.tokenizer.get(), model.vocab_size());
  if (!rules.mask_id)
    return invalid_data("the vocabulary has no mask token", loaded.folder.string(),
                        "use the tokenizer of the training");
  std::vector<int32_t> ids = loaded.tokenizer->encode(options.text, {.add_special = true, .parse_special = true});
  const std::string mask = loaded.tokenizer->piece(*rules.mask_id);
  if (std::find(ids.begin(), ids.end(), *rules.mask_id) == ids.end())
    return usage_error("the text has no gap", "TEXT", "write " + mask + " where a word is to be found");
  if (static_cast<int64_t>(ids.size()) > model.max_positions())
    return usage_error(fmt::format("the text has {} tokens, the context {}", ids.size(), model.max_positions()), "TEXT",
                       "shorten it");
  MALMOI_TRY(infer::check_known(ids, model));
  MALMOI_ASSIGN(std::vector<int32_t> words, candidates(options, loaded, rules));
  MALMOI_TRY(infer::check_known(words, model));
  MALMOI_ASSIGN(auto session, infer::Session::create(model, {.row_invariant = false}));
  session->add({.ids = ids}, static_cast<int64_t>(ids.size()));
  MALMOI_ASSIGN(std::span<const float> logits, session->logits());
  const size_t width = logits.size() / ids.size();
  const int64_t top = options.words.empty() ? options.top : static_cast<int64_t>(words.size());
  FilledText filled;
  std::vector<int32_t> whole;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == *rules.mask_id) {
      filled.gaps.push_back(most_probable(logits.subspan(i * width, width), words, top, *loaded.tokenizer));
      whole.push_back(filled.gaps.back()[0].id);
    } else if (!loaded.tokenizer->is_special(ids[i])) {
      whole.push_back(ids[i]);
    }
  }
  filled.text = loaded.tokenizer->decode(whole, true);
  return filled;
}

}  // namespace malmoi::app

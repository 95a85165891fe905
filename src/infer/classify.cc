#include "infer/classify.h"

#include <algorithm>
#include <cmath>

#include "infer/known_ids.h"
#include "infer/sampling.h"
#include "infer/token_pieces.h"
#include "tokenizer/mask_id.h"

namespace malmoi::infer {
namespace {

// Rows of all passes that explain one text: seconds of a small encoder's time, which no client that goes away ends.
constexpr int64_t kExplainedRows = 1 << 14;

int32_t nothing(const tokenizer::Tokenizer& tokenizer) {
  if (const auto mask = tokenizer::mask_id(tokenizer)) return *mask;
  return tokenizer.pad_id().value_or(tokenizer.unk_id().value_or(0));
}

Result<chat::LabelExplanation> explain(model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                       const tokenizer::EncodedText& text, size_t label) {
  const AttributionOptions defaults;
  const int64_t most =
      std::clamp(kExplainedRows / std::max<int64_t>(std::ssize(text.ids), 1), defaults.steps, defaults.most_steps);
  MALMOI_ASSIGN(const TokenShares shares, token_shares(model, tokenizer, text, label, most));
  chat::LabelExplanation explanation{.tokens = {}, .difference = shares.difference, .gap = shares.gap};
  for (const TokenShares::Share& share : shares.tokens)
    explanation.tokens.push_back({token_piece(tokenizer, share.id), share.share});
  return explanation;
}

}  // namespace

std::vector<double> label_probabilities(const model::Model& model, std::span<const float> logits) {
  std::vector<double> chances;
  const bool each = model.task() == model::Task::kMultiLabel;
  const double whole = each ? 0 : log_sum_exp(logits);
  for (float logit : logits) {
    const auto x = static_cast<double>(logit);
    chances.push_back(each ? 1 / (1 + std::exp(-x)) : std::exp(x - whole));
  }
  return chances;
}

size_t chosen_label(std::span<const float> logits) {
  return static_cast<size_t>(std::ranges::max_element(logits) - logits.begin());
}

std::vector<std::string> held_labels(const model::Model& model, std::span<const float> logits) {
  std::vector<std::string> held;
  for (size_t label = 0; label < logits.size(); ++label) {
    if (logits[label] > 0) held.push_back(model.labels[label]);
  }
  return held;
}

Result<TokenShares> token_shares(model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                 const tokenizer::EncodedText& text, size_t label, int64_t most_steps) {
  const int32_t baseline = nothing(tokenizer);
  MALMOI_TRY(check_known({&baseline, 1}, model));
  std::vector<bool> is_text;
  for (int32_t id : text.ids) is_text.push_back(!tokenizer.is_special(id));
  MALMOI_ASSIGN(const Attribution found,
                attribute(model, text.ids, text.type_ids, is_text,
                          {.label = static_cast<int32_t>(label), .baseline = baseline, .most_steps = most_steps}));
  TokenShares shares{.tokens = {}, .difference = found.difference, .gap = found.gap};
  for (size_t i = 0; i < text.ids.size(); ++i) {
    if (is_text[i]) shares.tokens.push_back({text.ids[i], found.shares[i]});
  }
  return shares;
}

Result<chat::ClassifiedText> classify(Session& session, model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                      const tokenizer::EncodedText& text) {
  session.forget();  // what a pass that threw has left
  session.add({.ids = text.ids, .token_types = text.type_ids}, 1);
  MALMOI_ASSIGN(const std::span<const float> logits, session.logits());
  const size_t chosen = chosen_label(logits);
  chat::ClassifiedText said{.labels = {}, .chosen = model.labels[chosen], .held = {}, .explanation = {}};
  const std::vector<double> chances = label_probabilities(model, logits);
  for (size_t label = 0; label < chances.size(); ++label) said.labels.push_back({model.labels[label], chances[label]});
  if (model.task() == model::Task::kMultiLabel) said.held = held_labels(model, logits);
  if (model.dtype() != DType::kF32 || std::ssize(text.ids) > chat::kMostExplored) return said;
  MALMOI_ASSIGN(said.explanation, explain(model, tokenizer, text, chosen));
  return said;
}

}  // namespace malmoi::infer

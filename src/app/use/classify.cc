#include "app/use/classify.h"

#include <algorithm>
#include <cmath>

#include "infer/attribution.h"
#include "infer/sampling.h"
#include "train/token_rules.h"

namespace malmoi::app {
namespace {

// What stands for nothing in a text: the mask, else padding, else the unknown token.
int32_t baseline_of(const TextHead& head) {
  const train::TokenRules rules = train::token_rules(&head.tokenizer(), head.model().vocab_size());
  if (rules.mask_id) return *rules.mask_id;
  return head.tokenizer().pad_id().value_or(head.tokenizer().unk_id().value_or(0));
}

}  // namespace

Json to_json(const ClassifiedText& text) {
  Json json = {{"label", text.label}, {"scores", Json::object()}};
  if (text.labels) json["labels"] = *text.labels;
  for (const auto& [label, score] : text.scores) json["scores"][label] = score;
  if (text.cut > 0) json["cut_tokens"] = text.cut;
  if (!text.explanation) return json;
  json["tokens"] = Json::array();
  for (const auto& [token, share] : text.explanation->tokens) json["tokens"].push_back(Json::array({token, share}));
  json["logit_difference"] = text.explanation->difference;
  json["completeness_gap"] = text.explanation->gap;
  return json;
}

Result<Classifier> Classifier::open(const ClassifyOptions& options, const Job& job) {
  MALMOI_ASSIGN(LoadedModel loaded, load_for_generation(options.model, {options.dtype, options.adapters}, job));
  return of(std::move(loaded), options.explain);
}

Result<Classifier> Classifier::of(LoadedModel loaded, bool explain) {
  MALMOI_TRY(infer::check_classifies(*loaded.model));
  MALMOI_ASSIGN(TextHead head, TextHead::of(std::move(loaded)));
  Classifier classifier(std::move(head));
  if (explain) classifier.baseline_ = baseline_of(classifier.head_);
  return classifier;
}

Result<std::vector<ClassifiedText>> Classifier::classify(const std::vector<TextPair>& texts) {
  MALMOI_ASSIGN(auto encoded, head_.encode(texts));
  MALMOI_ASSIGN(auto logits, head_.logits(encoded));
  std::vector<ClassifiedText> out(texts.size());
  for (size_t t = 0; t < texts.size(); ++t) {
    const std::span<const float> row = logits[t];
    const auto best = static_cast<size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    out[t].label = labels()[best];
    if (head_.model().task() == model::Task::kMultiLabel) score_each(row, out[t]);
    else score_one(row, out[t]);
    out[t].cut = encoded[t].cut;
    if (baseline_) MALMOI_TRY(explain(encoded[t], static_cast<int32_t>(best), out[t]));
  }
  return out;
}

// Softmax: one label holds.
void Classifier::score_one(std::span<const float> logits, ClassifiedText& out) const {
  const double whole = infer::log_sum_exp(logits);
  for (size_t l = 0; l < logits.size(); ++l)
    out.scores.emplace_back(labels()[l], std::exp(static_cast<double>(logits[l]) - whole));
}

// A sigmoid for each label, whatever the others are.
void Classifier::score_each(std::span<const float> logits, ClassifiedText& out) const {
  std::vector<std::string>& held = out.labels.emplace();
  for (size_t l = 0; l < logits.size(); ++l) {
    out.scores.emplace_back(labels()[l], 1 / (1 + std::exp(-static_cast<double>(logits[l]))));
    if (logits[l] > 0) held.push_back(labels()[l]);
  }
}

Status Classifier::explain(const train::EncodedText& encoded, int32_t label, ClassifiedText& out) {
  std::vector<bool> is_text;
  for (int32_t id : encoded.ids) is_text.push_back(!head_.tokenizer().is_special(id));
  MALMOI_ASSIGN(infer::Attribution shares, infer::attribute(head_.model(), encoded.ids, encoded.type_ids, is_text,
                                                            {.label = label, .baseline = *baseline_}));
  ClassifiedText::Explanation& explanation = out.explanation.emplace();
  for (size_t i = 0; i < encoded.ids.size(); ++i) {
    if (is_text[i]) explanation.tokens.emplace_back(head_.tokenizer().piece(encoded.ids[i]), shares.shares[i]);
  }
  explanation.difference = shares.difference;
  explanation.gap = shares.gap;
  return {};
}

}  // namespace malmoi::app

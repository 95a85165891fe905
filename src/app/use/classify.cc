#include "app/use/classify.h"

#include "infer/classify.h"

namespace malmoi::app {
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
  classifier.explains_ = explain;
  return classifier;
}

Result<std::vector<ClassifiedText>> Classifier::classify(const std::vector<TextPair>& texts) {
  MALMOI_ASSIGN(auto encoded, head_.encode(texts));
  MALMOI_ASSIGN(auto logits, head_.logits(encoded));
  std::vector<ClassifiedText> out(texts.size());
  for (size_t t = 0; t < texts.size(); ++t) {
    const std::span<const float> row = logits[t];
    const size_t chosen = infer::chosen_label(row);
    out[t].label = labels()[chosen];
    const std::vector<double> chances = infer::label_probabilities(head_.model(), row);
    for (size_t l = 0; l < chances.size(); ++l) out[t].scores.emplace_back(labels()[l], chances[l]);
    if (head_.model().task() == model::Task::kMultiLabel) out[t].labels = infer::held_labels(head_.model(), row);
    out[t].cut = encoded[t].cut;
    if (explains_) MALMOI_TRY(explain(encoded[t], chosen, out[t]));
  }
  return out;
}

Status Classifier::explain(const train::EncodedText& encoded, size_t label, ClassifiedText& out) {
  MALMOI_ASSIGN(const infer::TokenShares shares, infer::token_shares(head_.model(), head_.tokenizer(), encoded, label));
  LabelExplanation& explanation = out.explanation.emplace();
  for (const auto& [id, share] : shares.tokens) explanation.tokens.emplace_back(head_.tokenizer().piece(id), share);
  explanation.difference = shares.difference;
  explanation.gap = shares.gap;
  return {};
}

}  // namespace malmoi::app

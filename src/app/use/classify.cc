#include "app/use/classify.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/counted.h"
#include "data/readers/lines.h"
#include "infer/attribution.h"
#include "infer/sampling.h"
#include "train/token_rules.h"

namespace malmoi::app {
namespace {

constexpr size_t kTextsAtOnce = 32;

// What stands for nothing in a text: the mask, else padding, else the unknown token.
int32_t baseline_of(const LoadedModel& loaded) {
  const train::TokenRules rules = train::token_rules(loaded.tokenizer.get(), loaded.model->vocab_size());
  if (rules.mask_id) return *rules.mask_id;
  return loaded.tokenizer->pad_id().value_or(loaded.tokenizer->unk_id().value_or(0));
}

}  // namespace

Json to_json(const ClassifiedText& text) {
  Json json = {{"label", text.label}, {"scores", Json::object()}};
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
  MALMOI_ASSIGN(LoadedModel loaded, load_for_generation(options.model, options.dtype, job));
  return of(std::move(loaded), options.explain);
}

Result<Classifier> Classifier::of(LoadedModel loaded, bool explain) {
  MALMOI_TRY(infer::check_classifies(*loaded.model));
  Classifier classifier;
  if (explain) classifier.baseline_ = baseline_of(loaded);
  classifier.loaded_ = std::move(loaded);
  MALMOI_ASSIGN(classifier.session_, infer::Session::create(*classifier.loaded_.model, {.row_invariant = false}));
  return classifier;
}

Result<std::vector<ClassifiedText>> Classifier::classify(const std::vector<TextPair>& texts) {
  const model::Model& model = *loaded_.model;
  std::vector<train::EncodedText> encoded;
  for (const TextPair& text : texts) {
    encoded.push_back(
        train::encode_text(text.text, text.pair ? &*text.pair : nullptr, *loaded_.tokenizer, model.max_positions()));
    if (encoded.back().ids.empty())
      return invalid_data("the text is empty, and the tokenizer puts nothing around it", "classify", "give a text");
    session_->add({.ids = encoded.back().ids, .token_types = encoded.back().type_ids}, 1);
  }
  if (texts.empty()) return std::vector<ClassifiedText>();
  MALMOI_ASSIGN(std::span<const float> logits, session_->logits());
  const size_t labels = logits.size() / texts.size();
  std::vector<ClassifiedText> out(texts.size());
  for (size_t t = 0; t < texts.size(); ++t) {
    const std::span<const float> row = logits.subspan(t * labels, labels);
    const double whole = infer::log_sum_exp(row);
    const auto best = static_cast<size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    for (size_t l = 0; l < labels; ++l)
      out[t].scores.emplace_back(model.labels[l], std::exp(static_cast<double>(row[l]) - whole));
    out[t].label = model.labels[best];
    out[t].cut = encoded[t].cut;
    if (baseline_) MALMOI_TRY(explain(encoded[t], static_cast<int32_t>(best), out[t]));
  }
  return out;
}

Status Classifier::explain(const train::EncodedText& encoded, int32_t label, ClassifiedText& out) {
  std::vector<bool> is_text;
  for (int32_t id : encoded.ids) is_text.push_back(!loaded_.tokenizer->is_special(id));
  MALMOI_ASSIGN(infer::Attribution shares, infer::attribute(*loaded_.model, encoded.ids, encoded.type_ids, is_text,
                                                            {.label = label, .baseline = *baseline_}));
  ClassifiedText::Explanation& explanation = out.explanation.emplace();
  for (size_t i = 0; i < encoded.ids.size(); ++i) {
    if (is_text[i]) explanation.tokens.emplace_back(loaded_.tokenizer->piece(encoded.ids[i]), shares.shares[i]);
  }
  explanation.difference = shares.difference;
  explanation.gap = shares.gap;
  return {};
}

Status classify(const ClassifyOptions& options, const std::function<Status(const ClassifiedText&)>& sink,
                const Job& job) {
  MALMOI_ASSIGN(auto source, data::open_line_source(options.file));
  MALMOI_ASSIGN(Classifier classifier, Classifier::open(options, job));
  data::DecodedLines lines(std::move(source), data::ReaderLimits().document_bytes);
  uint64_t cut = 0;
  bool more = true;
  while (more) {
    std::vector<TextPair> texts;
    std::string_view line;
    while (texts.size() < kTextsAtOnce && more) {
      MALMOI_ASSIGN(more, lines.next(line));
      if (more && lines.too_long())
        return invalid_data("the line is longer than the limit",
                            fmt::format("{} (line {})", options.file, lines.number()), "split it");
      if (more) texts.push_back({std::string(line)});
    }
    MALMOI_TRY(job.stop.check());
    MALMOI_ASSIGN(std::vector<ClassifiedText> classified, classifier.classify(texts));
    for (const ClassifiedText& text : classified) {
      cut += text.cut > 0;
      MALMOI_TRY(sink(text));
    }
  }
  if (cut > 0) job.warn(fmt::format("{} longer than the model's context, cut at the end", counted(cut, "text")));
  return {};
}

}  // namespace malmoi::app

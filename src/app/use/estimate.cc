#include "app/use/estimate.h"

namespace malmoi::app {

Json to_json(const EstimatedNumbers& numbers) {
  Json json = Json::object();
  if (numbers.values.size() == 1) json["value"] = numbers.values[0].second;
  else
    for (const auto& [name, value] : numbers.values) json["values"][name] = value;
  if (numbers.cut > 0) json["cut_tokens"] = numbers.cut;
  return json;
}

Result<Estimator> Estimator::of(LoadedModel loaded) {
  MALMOI_ASSIGN(TextHead head, TextHead::of(std::move(loaded)));
  return Estimator(std::move(head));
}

Result<std::vector<EstimatedNumbers>> Estimator::estimate(const std::vector<TextPair>& texts) {
  MALMOI_ASSIGN(auto encoded, head_.encode(texts));
  MALMOI_ASSIGN(auto logits, head_.logits(encoded));
  const std::vector<std::string>& names = head_.model().labels;
  std::vector<EstimatedNumbers> out(texts.size());
  for (size_t t = 0; t < texts.size(); ++t) {
    for (size_t i = 0; i < names.size(); ++i) out[t].values.emplace_back(names[i], logits[t][i]);
    out[t].cut = encoded[t].cut;
  }
  return out;
}

}  // namespace malmoi::app

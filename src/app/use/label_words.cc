#include "app/use/label_words.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "infer/sampling.h"
#include "metrics/entities.h"

namespace malmoi::app {
namespace {

Json entities(const LabelledWords& labelled, const std::vector<PlacedWord>& words) {
  std::vector<std::string> labels;
  for (const LabelledWords::Word& word : labelled.words) labels.push_back(word.label);
  Json list = Json::array();
  for (const metrics::Entity& entity : metrics::entities_of(labels)) {
    std::string text;
    for (size_t w = entity.begin; w < entity.end; ++w) text += (text.empty() ? "" : " ") + words[w].text;
    list.push_back({{"text", text},
                    {"label", entity.kind},
                    {"start", words[entity.begin].begin},
                    {"end", words[entity.end - 1].end}});
  }
  return list;
}

}  // namespace

std::vector<PlacedWord> placed_words(std::string_view text) {
  std::vector<PlacedWord> words;
  int64_t place = 0;  // code points before
  size_t counted = 0;
  for (std::string_view word : train::words_of(text)) {
    const auto begin = static_cast<size_t>(word.data() - text.data());
    place += static_cast<int64_t>(count_code_points(text.substr(counted, begin - counted)));
    const int64_t end = place + static_cast<int64_t>(count_code_points(word));
    words.push_back({std::string(word), place, end});
    place = end;
    counted = begin + word.size();
  }
  return words;
}

Json to_json(const LabelledWords& labelled, const std::vector<PlacedWord>& words, bool is_iob) {
  Json json = {{"words", Json::array()}};
  for (size_t w = 0; w < words.size(); ++w) {
    const LabelledWords::Word& word = labelled.words[w];
    Json entry = {{"text", words[w].text}, {"label", nullptr}};
    if (!word.label.empty()) entry.update({{"label", word.label}, {"probability", word.probability}});
    json["words"].push_back(std::move(entry));
  }
  if (is_iob) json["entities"] = entities(labelled, words);
  if (labelled.cut > 0) json["cut_tokens"] = labelled.cut;
  return json;
}

Result<WordLabeler> WordLabeler::of(LoadedModel loaded) {
  MALMOI_ASSIGN(TextHead head, TextHead::of(std::move(loaded)));
  return WordLabeler(std::move(head));
}

Result<std::vector<LabelledWords>> WordLabeler::label(const std::vector<std::vector<std::string>>& texts) {
  std::vector<LabelledWords> out(texts.size());
  std::vector<train::EncodedText> encoded;
  std::vector<std::vector<int64_t>> first;
  std::vector<size_t> read;  // texts of which there is anything to read
  for (size_t t = 0; t < texts.size(); ++t) {
    out[t].words.resize(texts[t].size());
    train::EncodedWords words = train::encode_words(texts[t], head_.tokenizer(), head_.model().max_positions());
    out[t].cut = words.text.cut;
    if (words.text.ids.empty()) continue;
    read.push_back(t);
    encoded.push_back(std::move(words.text));
    first.push_back(std::move(words.first));
  }
  MALMOI_ASSIGN(auto logits, head_.logits(encoded));
  const auto width = static_cast<size_t>(head_.model().outputs());
  for (size_t i = 0; i < read.size(); ++i) {
    for (size_t w = 0; w < first[i].size(); ++w) {
      if (first[i][w] < 0) continue;
      const std::span<const float> row = logits[i].subspan(static_cast<size_t>(first[i][w]) * width, width);
      const auto best = static_cast<size_t>(std::max_element(row.begin(), row.end()) - row.begin());
      out[read[i]].words[w] = {labels()[best], std::exp(static_cast<double>(row[best]) - infer::log_sum_exp(row))};
    }
  }
  return out;
}

}  // namespace malmoi::app

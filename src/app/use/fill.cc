#include "app/use/fill.h"

#include <utility>

#include "infer/fill.h"

namespace malmoi::app {

Json to_json(const chat::FilledGaps& filled) {
  Json json = {{"text", filled.text}, {"gaps", Json::array()}};
  for (const auto& gap : filled.gaps) {
    Json words = Json::array();
    for (const chat::GapWord& word : gap)
      words.push_back({{"token", word.id}, {"text", word.text}, {"probability", word.probability}});
    json["gaps"].push_back(std::move(words));
  }
  return json;
}

Result<chat::FilledGaps> fill(const FillOptions& options, const Job& job) {
  MALMOI_ASSIGN(LoadedModel loaded, load_for_generation(options.model, {options.dtype, options.adapters}, job));
  MALMOI_ASSIGN(const infer::TextWithGaps text, infer::read_gaps(*loaded.model, *loaded.tokenizer, options.text, "TEXT",
                                                                 loaded.model->max_positions()));
  MALMOI_ASSIGN(auto session, infer::Session::create(*loaded.model, {.row_invariant = false}));
  return infer::fill_gaps(*session, *loaded.tokenizer, text, {.top = options.top, .words = options.words});
}

}  // namespace malmoi::app

#include <algorithm>

#include <fmt/format.h>

#include "app/train/chats.h"
#include "app/train/new_model.h"
#include "app/train/texts.h"
#include "app/tune/survey.h"
#include "base/counted.h"
#include "base/json_read.h"
#include "data/chats/reader.h"
#include "train/config.h"

namespace malmoi::app {
namespace {

struct ShapeOfFile {
  data::ChatShape shape = data::ChatShape::kMessages;
  std::vector<double> places;
  uint64_t rows = 0;
};

// The objective that learns from a shape.
const char* objective_of(data::ChatShape shape) {
  switch (shape) {
    case data::ChatShape::kPreference: return "dpo";
    case data::ChatShape::kUnpaired: return "kto";
    default: return "sft";
  }
}

Result<ShapeOfFile> read_shape_of(const Path& file, const Json& asked, const Job& job) {
  ShapeOfFile found;
  const auto forced = data::shape_named(json_string(asked, "shape"));
  MALMOI_ASSIGN(found.shape, data::for_each_chat(file, forced, [&](Result<data::ChatRow>&& row) {
                  ++found.rows;
                  if (row.ok()) found.places.push_back(held_out_place(first_question(*row)));
                  return job.stop.check();
                }));
  return found;
}

// A configuration that encodes every row whole.
ConfigDocument whole_rows(const Path& file, const std::string& base, const Json& asked, const std::string& objective,
                          int64_t longest) {
  ConfigDocument document;
  document.file = "--set";
  document.root = {
      {"objective", {{"name", objective}}},
      {"model", {{"init_from", base}}},
      {"data", {{"format", "chat"}, {"train", Json::array({file.string()})}, {"sequence_length", longest}}},
      {"train", {{"steps", 1}}},
      {"out", "unused"}};
  for (const char* key : {"shape", "chat_template", "date", "learn"}) {
    if (asked.contains(key)) document.root["data"][key] = asked[key];
  }
  return document;
}

}  // namespace

Result<Survey> survey_chats(const Path& data, const std::string& base, const Json& asked, const Job& job) {
  const Json& of_data = json_object(asked, "data");
  MALMOI_ASSIGN(ShapeOfFile found, read_shape_of(data, of_data, job));
  Survey survey{.objective = objective_of(found.shape),
                .format = "chat",
                .rows = found.rows,
                .places = std::move(found.places),
                .pairs = found.shape == data::ChatShape::kPreference || found.shape == data::ChatShape::kUnpaired};
  survey.objective = json_string(json_object(asked, "objective"), "name", survey.objective);
  constexpr int64_t kLongest = 1 << 20;
  const ConfigDocument document = whole_rows(data, base, of_data, survey.objective, kLongest);
  MALMOI_ASSIGN(const train::TrainConfig config, train::parse_train_config(document));
  const auto use = train::chat_use(train::objective_entry(config.objective.name).arrays);
  if (!use)
    return unsupported("the objective '" + survey.objective + "' does not learn from conversations", "objective.name",
                       "use sft, or dpo and its kin for preferences");
  MALMOI_ASSIGN(const auto tokenizer, open_tokenizer(config));
  const Job quiet{.progress = job.progress, .message = {}, .warn = {}, .stop = job.stop};
  MALMOI_ASSIGN(const EncodedChats chats, encode_chats(config, *use, *tokenizer, kLongest, quiet));
  for (const train::EncodedChat& chat : chats.train)
    survey.lengths.push_back(static_cast<int64_t>(std::max(chat.chosen.ids.size(), chat.rejected.ids.size())));
  const ChatTally& tally = chats.tally;
  if (survey.lengths.empty())
    return invalid_data(
        fmt::format("no row can be learned from ({}): {}", tally.problems_text(), fmt::join(tally.bad_rows, "; ")),
        data.string(), "correct them");
  survey.told = fmt::format("{} of the shape '{}'; {} of {} tokens are learned; {}", counted(tally.rows, "row"),
                            data::shape_name(found.shape), tally.learned, tally.tokens, chats.template_name);
  if (tally.bad() > 0)
    survey.told +=
        fmt::format("; {} teach nothing ({}): {}", tally.bad(), tally.problems_text(), fmt::join(tally.bad_rows, "; "));
  return survey;
}

}  // namespace malmoi::app

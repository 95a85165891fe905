#include <fmt/format.h>

#include "app/data/pairs.h"
#include "app/recipe/kinds/kinds.h"
#include "base/json_read.h"

namespace malmoi::app::kinds {
namespace {

std::vector<Path> pairs_inputs(const Json& settings) {
  return {json_string(settings, "source"), json_string(settings, "target")};
}

Status pairs_run(const StageCall& call) {
  ConfigReader reader(call.settings);
  PairsOptions options{.source = reader.text("source", ""), .target = reader.text("target", ""), .out = call.out};
  if (options.source.empty()) reader.fail("source", "the folder of the one language is missing");
  if (options.target.empty()) reader.fail("target", "the folder of the other language is missing");
  options.valid_fraction = reader.number("valid_fraction", options.valid_fraction, 0, 0.9);
  options.test_fraction = reader.number("test_fraction", options.test_fraction, 0, 0.9);
  options.pairs.least_characters = static_cast<size_t>(reader.integer("least_characters", 2, 1, 1'000'000));
  options.pairs.most_characters = static_cast<size_t>(reader.integer("most_characters", 1000, 1, 1'000'000));
  MALMOI_TRY(reader.finish());
  auto made = make_pairs(options, call.job);
  return made.ok() ? Status() : Status(made.error());
}

Result<Json> pairs_result(const Path& out) { return read_json((out / "pairs.json").string()); }

Result<std::string> pairs_show(const Path& out) {
  MALMOI_ASSIGN(Json made, pairs_result(out));
  auto count = [&](const char* key) { return json_count(made, key).value_or(0); };
  return fmt::format("{} pairs of {} documents: {} to train, {} to validate, {} to test\n", count("pairs"),
                     count("documents"), count("train"), count("valid"), count("test"));
}

}  // namespace

const StageKind kPairs = {
    "pairs",     "aligned paragraphs of two trees of documents", 1, false, pairs_inputs, pairs_run, pairs_show,
    pairs_result};

}  // namespace malmoi::app::kinds

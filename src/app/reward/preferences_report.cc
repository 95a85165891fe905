// What stands around `prefer`: its settings, and what is told of it.
#include <algorithm>

#include <fmt/format.h>

#include "app/reward/preferences.h"
#include "base/counted.h"
#include "base/json_read.h"
#include "base/shown.h"

namespace malmoi::app {
namespace {

PreferOptions read_prefer_options(ConfigReader& reader) {
  constexpr int64_t kMost = 4096;
  PreferOptions options;
  options.model = reader.text("model", "");
  if (options.model.empty()) reader.fail("model", "the model that answers is missing", "name a folder or a run");
  options.prompts = reader.texts("prompts");
  if (options.prompts.empty())
    reader.fail("prompts", "a file of prompts is missing", "write {\"prompt\": ...} on each of its lines");
  options.limit = reader.integer("limit", 0, 0);
  options.answers = reader.integer("answers", options.answers, 1, kMost);
  options.max_tokens = reader.integer("max_tokens", options.max_tokens, 1, 1 << 20);
  options.rules.pairs = reader.integer("pairs", options.rules.pairs, 0, kMost);
  options.rules.least_difference = reader.number("least_difference", 0, 0);
  options.sampling.temperature = reader.number("temperature", 1, 0, 100);
  options.sampling.top_p = reader.number("top_p", 1, 0, 1);
  options.sampling.top_k = reader.integer("top_k", 0, 0);
  options.sampling.seed = static_cast<uint64_t>(reader.integer("seed", 1, 0));
  options.chat_template = reader.text("chat_template", options.chat_template);
  options.before = reader.text("before", "");
  if (options.rules.pairs > 0 && options.answers < 2)
    reader.fail("answers", "one answer makes no pair", "ask for more, or for no pairs (pairs: 0)");
  if (options.rules.pairs > 0 && options.sampling.temperature == 0)
    reader.fail("temperature", "is 0: all answers to a prompt would be the same",
                "raise it, or ask for no pairs (pairs: 0)");
  return options;
}

// The numbers of an object, by name.
std::vector<std::pair<std::string, double>> numbers_in(const Json& object) {
  std::vector<std::pair<std::string, double>> numbers;
  for (const auto& [name, value] : object.items()) {
    if (value.is_number()) numbers.emplace_back(name, value.get<double>());
  }
  return numbers;
}

std::string figures_text(const Json& now, const Json& before) {
  const auto figures = numbers_in(now);
  size_t width = 0;
  for (const auto& [name, value] : figures) width = std::max(width, show_controls(name).size());
  std::string text;
  for (const auto& [name, value] : figures) {
    const auto earlier = json_number(before, name);
    text += fmt::format("  {:<{}}  {}{:.4g}\n", show_controls(name), width,
                        earlier ? fmt::format("{:.4g} -> ", *earlier) : "", value);
  }
  return text;
}

}  // namespace

Result<PreferConfig> read_prefer_config(ConfigReader& reader) {
  PreferConfig config{.options = read_prefer_options(reader), .rewards = {}};
  MALMOI_ASSIGN(config.rewards, reward::RewardSet::read(reader));
  MALMOI_TRY(reader.finish());
  MALMOI_TRY(config.options.sampling.check());
  return config;
}

Json to_json(const PreferReport& report) {
  Json figures = Json::object();
  for (const auto& [name, value] : report.figures) figures[name] = value;
  Json json = {{"prompts", report.prompts}, {"answers", report.answers},   {"pairs", report.pairs},
               {"ties", report.ties},       {"unusable", report.unusable}, {"failed", report.failed},
               {"figures", figures}};
  if (!report.before.empty()) json["before"] = report.before;
  return json;
}

std::string preferences_text(const Json& report) {
  auto count = [&](const char* key) { return static_cast<uint64_t>(json_count(report, key).value_or(0)); };
  const Json& before = json_object(report, "before");
  std::string text = fmt::format("{} to {}", counted(count("answers"), "answer"), counted(count("prompts"), "prompt"));
  if (count("failed") > 0) text += fmt::format(", {} of which could not be judged", count("failed"));
  if (count("pairs") > 0)
    text += fmt::format("; {}; of {} all answers are worth the same, of {} others none make a pair",
                        counted(count("pairs"), "pair"), counted(count("ties"), "prompt"), count("unusable"));
  text += before.empty() ? "\n" : "; before -> now\n";
  return text + figures_text(json_object(report, "figures"), before);
}

}  // namespace malmoi::app

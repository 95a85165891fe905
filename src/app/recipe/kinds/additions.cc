// Sums of two numbers as texts to pretrain on and as prompts to be rewarded for: a task so small that reinforcement learning can be
// watched on it.
#include <compare>
#include <set>

#include <fmt/format.h>

#include "app/recipe/kinds/kinds.h"
#include "base/json_read.h"
#include "base/rng.h"

namespace malmoi::app::kinds {
namespace {

struct Sum {
  int64_t a = 0, b = 0;
  auto operator<=>(const Sum&) const = default;
};

// Different sums of numbers below `limit`, in the order of their drawing.
std::vector<Sum> draw_sums(int64_t count, int64_t limit, uint64_t seed) {
  std::vector<Sum> sums;
  std::set<Sum> known;
  Rng rng(seed);
  const auto below = static_cast<uint64_t>(limit);
  while (static_cast<int64_t>(sums.size()) < count) {
    const Sum sum{static_cast<int64_t>(rng.below(below)), static_cast<int64_t>(rng.below(below))};
    if (known.insert(sum).second) sums.push_back(sum);
  }
  return sums;
}

std::string question(const Sum& sum) { return fmt::format("{}+{}=", sum.a, sum.b); }

std::string prompt_line(const Sum& sum) {
  return dump_json(Json{{"prompt", question(sum)}, {"answer", sum.a + sum.b}}) + "\n";
}

Status additions_run(const StageCall& call) {
  ConfigReader reader(call.settings);
  const int64_t digits = reader.integer("digits", 2, 1, 4);
  const int64_t texts = reader.integer("texts", 3000, 1, 1'000'000),
                prompts = reader.integer("prompts", 1500, 1, 1'000'000);
  const int64_t held_out = reader.integer("held_out", 200, 1, 100'000);
  const double wrong = reader.number("wrong", 0.5, 0, 1);
  const auto seed = static_cast<uint64_t>(reader.integer("seed", 1, 0));
  int64_t limit = 1;
  for (int64_t d = 0; d < digits; ++d) limit *= 10;
  const int64_t asked = texts + prompts + held_out;
  if (asked > limit * limit / 2)
    reader.fail("texts",
                fmt::format("asks for {} sums with prompts and held_out; of {} digits there are {}", asked, digits,
                            limit * limit),
                "ask for at most half of them");
  MALMOI_TRY(reader.finish());

  const std::vector<Sum> sums = draw_sums(asked, limit, seed);
  std::string corpus, train, valid;
  Rng rng(seed + 1);
  for (int64_t i = 0; i < texts; ++i) {
    const Sum& sum = sums[static_cast<size_t>(i)];
    const bool right = rng.uniform() >= wrong;
    const int64_t said = right ? sum.a + sum.b : static_cast<int64_t>(rng.below(static_cast<uint64_t>(2 * limit)));
    corpus += dump_json(Json{{"text", fmt::format("{}{}", question(sum), said)}}) + "\n";
  }
  for (int64_t i = texts; i < texts + prompts; ++i) train += prompt_line(sums[static_cast<size_t>(i)]);
  for (int64_t i = texts + prompts; i < asked; ++i) valid += prompt_line(sums[static_cast<size_t>(i)]);
  MALMOI_TRY(write_file(call.out / "texts.jsonl", corpus));
  MALMOI_TRY(write_file(call.out / "prompts.jsonl", train));
  MALMOI_TRY(write_file(call.out / "held_out.jsonl", valid));
  const Json made = {{"texts", texts}, {"prompts", prompts}, {"held_out", held_out}, {"wrong", wrong}};
  return write_file(call.out / "additions.json", dump_json(made, 2) + "\n");
}

Result<Json> additions_result(const Path& out) { return read_json((out / "additions.json").string()); }

Result<std::string> additions_show(const Path& out) {
  MALMOI_ASSIGN(const Json made, additions_result(out));
  auto count = [&](const char* key) { return json_count(made, key).value_or(0); };
  return fmt::format("{} sums as texts, {:.0f} % of them wrong; {} as prompts, {} held out\n", count("texts"),
                     100 * json_number(made, "wrong").value_or(0), count("prompts"), count("held_out"));
}

}  // namespace

const StageKind kAdditions = {"additions",
                              "sums of two numbers, as texts and as prompts with their answers",
                              1,
                              false,
                              nullptr,
                              additions_run,
                              additions_show,
                              additions_result};

}  // namespace malmoi::app::kinds

#include "reward/reward_set.h"

#include <algorithm>
#include <numeric>

#include "base/shown.h"

namespace malmoi::reward {
namespace {

constexpr int64_t kToldOneByOne = 3;
constexpr size_t kShownPrompt = 60;

std::string type_names() {
  std::string names;
  for (const RewardEntry* entry : reward_table()) names += (names.empty() ? "" : ", ") + std::string(entry->type);
  return names;
}

// Names stand in metrics, as reward_NAME.
bool is_name(const std::string& name) {
  auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && name.size() <= 40 && std::ranges::all_of(name, fits);
}

// reward_std is told of groups, and reward_NAME_failed of what could not be judged.
bool is_other_figure(std::string_view name) { return name == "std" || name.ends_with("_failed"); }

std::string_view text_after(std::string_view text, std::string_view mark) {
  if (mark.empty()) return text;
  const size_t at = text.rfind(mark);
  return at == std::string_view::npos ? std::string_view() : text.substr(at + mark.size());
}

}  // namespace

int64_t PartRewards::failed() const {
  return std::ranges::count_if(failures, [](const std::string& failure) { return !failure.empty(); });
}

double PartRewards::mean() const {
  if (rewards.empty()) return 0;
  return std::accumulate(rewards.begin(), rewards.end(), 0.0) / static_cast<double>(rewards.size());
}

std::vector<std::pair<std::string, double>> BatchRewards::figures() const {
  std::vector<std::pair<std::string, double>> figures;
  const double sum = std::accumulate(totals.begin(), totals.end(), 0.0);
  figures.emplace_back("reward", totals.empty() ? 0 : sum / static_cast<double>(totals.size()));
  for (const PartRewards& part : parts) {
    figures.emplace_back("reward_" + part.name, part.mean());
    if (part.failed() > 0) figures.emplace_back("reward_" + part.name + "_failed", static_cast<double>(part.failed()));
  }
  return figures;
}

Result<RewardSet> RewardSet::read(ConfigReader& reader, std::string_view key) {
  const Json& list = reader.raw(key);
  if (!list.is_array() || list.empty())
    return usage_error("a list of rewards was expected", reader.where(key),
                       "write " + std::string(key) + ": [{type: number, column: answer}]");
  RewardSet set;
  for (size_t i = 0; i < list.size(); ++i)
    MALMOI_TRY(set.add(reader.document(), list[i], reader.path_of(key) + "[" + std::to_string(i) + "]"));
  return set;
}

Status RewardSet::add(const ConfigDocument& document, const Json& item, const std::string& path) {
  ConfigReader reader(document, item, path);
  const std::string type = reader.text("type", "");
  const RewardEntry* entry = find_reward(type);
  if (!entry)
    return usage_error(type.empty() ? "a reward without a type" : "there is no reward '" + show_controls(type) + "'",
                       reader.where("type"), "use one of " + type_names());
  Member member;
  member.name = reader.text("name", type);
  member.after = reader.text("after", "");
  member.weight = reader.number("weight", 1, -1e6, 1e6);
  member.failed_reward = reader.number("failed_reward", 0, -1e6, 1e6);
  member.reward = entry->read(reader);
  if (!is_name(member.name)) reader.fail("name", "is no name", "use up to 40 of the letters a to z, digits and _");
  if (is_other_figure(member.name)) reader.fail("name", "is that of another figure", "give it another");
  if (std::ranges::any_of(members_, [&](const Member& other) { return other.name == member.name; }))
    reader.fail("name", "two rewards are called '" + show_controls(member.name) + "'", "give each a name of its own");
  MALMOI_TRY(reader.finish());
  members_.push_back(std::move(member));
  return {};
}

template <typename Make>
Status RewardSet::make_ready(const Make& make) {
  for (Member& member : members_) {
    Status made = make(*member.reward);
    if (made.ok()) continue;
    Error error = std::move(made).error();
    error.where = "reward " + member.name + (error.where.empty() ? "" : ": " + error.where);
    error.remedy += "; or leave this reward out";
    return error;
  }
  return {};
}

Status RewardSet::open_models(const OpenJudge& open) {
  return make_ready([&](Reward& reward) { return reward.open_model(open); });
}

Status RewardSet::begin() {
  return make_ready([](Reward& reward) { return reward.begin(); });
}

Status RewardSet::check_row(const Json& row) const {
  for (const Member& member : members_) {
    Status checked = member.reward->check_row(row);
    if (checked.ok()) continue;
    Error error = std::move(checked).error();
    error.where = "reward " + member.name + (error.where.empty() ? "" : ": " + error.where);
    return error;
  }
  return {};
}

Result<BatchRewards> RewardSet::judge(std::span<const RewardInput> batch, const Job& job) {
  BatchRewards rewards;
  rewards.totals.assign(batch.size(), 0);
  for (Member& member : members_) {
    MALMOI_ASSIGN(PartRewards part, judge_part(member, batch, job));
    for (size_t i = 0; i < batch.size(); ++i) rewards.totals[i] += part.weight * part.rewards[i];
    rewards.parts.push_back(std::move(part));
  }
  return rewards;
}

Result<PartRewards> RewardSet::judge_part(Member& member, std::span<const RewardInput> batch, const Job& job) {
  std::vector<RewardInput> judged;
  judged.reserve(batch.size());
  for (const RewardInput& input : batch)
    judged.push_back({input.prompt, text_after(input.completion, member.after), input.row});
  MALMOI_ASSIGN(RewardResult result, member.reward->judge(judged, job.stop));
  PartRewards part{.name = member.name, .weight = member.weight, .rewards = {}, .failures = {}};
  for (size_t i = 0; i < result.size(); ++i) {
    part.rewards.push_back(result[i].failed() ? member.failed_reward : result[i].reward);
    if (result[i].failed()) tell(member, batch[i], result[i].failure, job.warn);
    part.failures.push_back(std::move(result[i].failure));
  }
  return part;
}

void RewardSet::tell(Member& member, const RewardInput& input, const std::string& failure, const Warn& warn) {
  ++member.failures;
  if (member.failures <= kToldOneByOne)
    warn("reward " + member.name + ": " + failure + " (prompt: " + show_controls(input.prompt.substr(0, kShownPrompt)) +
         ")");
  if (member.failures < member.told_at) return;
  warn("reward " + member.name + ": " + std::to_string(member.failures) + " answers could not be judged so far");
  member.told_at *= 10;
}

std::vector<std::pair<std::string, int64_t>> RewardSet::failures() const {
  std::vector<std::pair<std::string, int64_t>> out;
  for (const Member& member : members_) out.emplace_back(member.name, member.failures);
  return out;
}

}  // namespace malmoi::reward

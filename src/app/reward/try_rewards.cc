#include "app/reward/try_rewards.h"

#include <fmt/format.h>

#include "app/data/json_lines.h"
#include "app/reward/folder_judge.h"
#include "base/ascii.h"
#include "base/config.h"
#include "data/json_text.h"
#include "reward/reward_set.h"

namespace malmoi::app {
namespace {

constexpr size_t kRowsAtOnce = 256;

struct RewardRow {
  uint64_t line = 0;
  std::string prompt, completion;
  Json row;
};

Result<RewardRow> parse_row(std::string_view line, uint64_t number, const std::string& name) {
  const std::string where = fmt::format("{}:{}", name, number);
  RewardRow out{.line = number, .prompt = {}, .completion = {}, .row = {}};
  MALMOI_ASSIGN(out.row, data::parse_foreign_json(line, where));
  if (!out.row.is_object()) return invalid_data("is no JSON object", where, "write {\"completion\": ...}");
  auto completion = out.row.find("completion");
  if (completion == out.row.end() || !completion->is_string())
    return invalid_data("has no text under \"completion\"", where, "write {\"prompt\": ..., \"completion\": ...}");
  out.completion = completion->get<std::string>();
  if (auto prompt = out.row.find("prompt"); prompt != out.row.end())
    out.prompt = prompt->is_string() ? prompt->get<std::string>() : dump_json(*prompt);
  return out;
}

class RewardTry {
 public:
  RewardTry(reward::RewardSet rewards, const Job& job) : rewards_(std::move(rewards)), job_(job) {}

  Result<RewardTrial> run(const TryRewardsOptions& options) {
    MALMOI_ASSIGN(RawLines lines, RawLines::open(options.rows));
    MALMOI_TRY(rewards_.open_models([&](const reward::JudgeOptions& judge) { return open_judge(judge, job_); }));
    MALMOI_TRY(rewards_.begin());
    std::vector<RewardRow> batch;
    uint64_t rows = 0;
    for (std::string_view line; options.limit == 0 || rows < static_cast<uint64_t>(options.limit);) {
      MALMOI_ASSIGN(bool more, lines.next(line));
      if (!more) break;
      if (ascii_trim(line).empty()) continue;
      MALMOI_ASSIGN(batch.emplace_back(), parse_row(line, lines.line_number(), input_name(options.rows)));
      ++rows;
      if (batch.size() == kRowsAtOnce) MALMOI_TRY(judge(batch));
    }
    MALMOI_TRY(judge(batch));
    if (rows == 0)
      return invalid_data("has no rows", input_name(options.rows), "write {\"completion\": ...} on a line");
    for (TriedReward& reward : trial_.rewards) reward.mean /= static_cast<double>(rows);
    trial_.mean /= static_cast<double>(rows);
    return std::move(trial_);
  }

 private:
  Status judge(std::vector<RewardRow>& batch) {
    if (batch.empty()) return {};
    std::vector<reward::RewardInput> inputs;
    for (const RewardRow& row : batch) inputs.push_back({row.prompt, row.completion, row.row});
    MALMOI_ASSIGN(reward::BatchRewards judged, rewards_.judge(inputs, job_));
    for (size_t i = 0; i < batch.size(); ++i) add_row(batch[i].line, i, judged);
    if (trial_.rewards.empty())
      for (const reward::PartRewards& part : judged.parts)
        trial_.rewards.push_back({.name = part.name, .weight = part.weight});
    for (size_t p = 0; p < judged.parts.size(); ++p) {
      trial_.rewards[p].mean += judged.parts[p].mean() * static_cast<double>(batch.size());
      trial_.rewards[p].failed += judged.parts[p].failed();
    }
    if (batch.size() == kRowsAtOnce && job_.progress.due()) job_.progress(fmt::format("{} rows", trial_.rows.size()));
    batch.clear();
    return {};
  }

  void add_row(uint64_t line, size_t i, const reward::BatchRewards& judged) {
    TriedRow row{.line = line, .total = judged.totals[i], .rewards = {}, .failures = {}};
    for (const reward::PartRewards& part : judged.parts) {
      row.rewards.push_back(part.rewards[i]);
      if (part.failures[i].empty()) continue;
      row.failures += (row.failures.empty() ? "" : "; ") + part.name + ": " + part.failures[i];
    }
    trial_.mean += row.total;
    trial_.rows.push_back(std::move(row));
  }

  reward::RewardSet rewards_;
  const Job& job_;
  RewardTrial trial_;
};

Result<reward::RewardSet> read_rewards(const Path& config) {
  MALMOI_ASSIGN(ConfigDocument document, read_config(config));
  ConfigReader root(document);
  if (root.has("rewards") || !root.has("objective")) return reward::RewardSet::read(root);
  ConfigReader objective = root.object("objective");
  return reward::RewardSet::read(objective);
}

}  // namespace

int64_t RewardTrial::failed() const {
  int64_t sum = 0;
  for (const TriedReward& reward : rewards) sum += reward.failed;
  return sum;
}

Json to_json(const RewardTrial& trial) {
  Json out = Json::object(), rows = Json::array(), rewards = Json::array();
  for (const TriedRow& row : trial.rows) {
    Json fields = {{"line", row.line}, {"reward", row.total}};
    for (size_t p = 0; p < row.rewards.size(); ++p) fields["reward_" + trial.rewards[p].name] = row.rewards[p];
    if (trial.failed() > 0) fields["failed"] = row.failures;
    rows.push_back(std::move(fields));
  }
  for (const TriedReward& reward : trial.rewards)
    rewards.push_back(
        {{"name", reward.name}, {"weight", reward.weight}, {"mean", reward.mean}, {"failed", reward.failed}});
  out["rows"] = std::move(rows);
  out["rewards"] = std::move(rewards);
  out["reward"] = trial.mean;
  return out;
}

std::string reward_types() {
  std::string lines;
  for (const reward::RewardEntry* entry : reward::reward_table())
    lines += fmt::format("  {:<12} {}\n", entry->type, entry->summary);
  return lines;
}

Result<RewardTrial> try_rewards(const TryRewardsOptions& options, const Job& job) {
  MALMOI_ASSIGN(reward::RewardSet rewards, read_rewards(options.config));
  return RewardTry(std::move(rewards), job).run(options);
}

}  // namespace malmoi::app

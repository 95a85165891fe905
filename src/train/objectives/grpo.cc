// Group relative policy optimisation: sampled answers of one prompt are better or worse than their mean (Shao et al. 2024),
// with the options of Dr. GRPO (Liu et al. 2025), DAPO (Yu et al. 2025) and GSPO (Zheng et al. 2025).
#include <algorithm>
#include <cmath>

#include "train/objectives/completions.h"
#include "train/objectives/rollouts.h"

namespace malmoi::train::grpo {
namespace {

enum File { kIds, kPromptLength, kLength, kRewards, kOldLogps };
constexpr ArrayColumn kFiles[] = {{.name = "ids", .axis = ArrayAxis::kOther, .values = ArrayValues::kIds},
                                  {.name = "prompt_len", .axis = ArrayAxis::kRow, .values = ArrayValues::kLengths},
                                  {.name = "length", .axis = ArrayAxis::kRow, .values = ArrayValues::kLengths},
                                  {.name = "rewards", .axis = ArrayAxis::kRow, .values = ArrayValues::kNumbers},
                                  {.name = "old_logps", .axis = ArrayAxis::kOther, .values = ArrayValues::kNumbers}};

std::string fault(const ArrayRow& row) {
  // old_logps[t] is that of ids[t + 1].
  const size_t room = std::min(row.integers[kIds].size(), row.numbers[kOldLogps].size() + 1);
  return completion_fault("answer", row.integers[kPromptLength][0], row.integers[kLength][0], room);
}

void append_row(const ArrayRow& row, const RowRules&, Examples& out) {
  const auto length = static_cast<size_t>(row.integers[kLength][0]);
  append_completion(row.integers[kIds].first(length), row.integers[kPromptLength][0], false, out);
  const std::span<const float> old = row.numbers[kOldLogps].first(length - 1);
  out.sampled_logps.insert(out.sampled_logps.end(), old.begin(), old.end());
  out.numbers.push_back(row.numbers[kRewards][0]);
}

// (R - mean) / (std + 1e-4) within each group, std with n - 1; without the division where rewards are not scaled.
std::vector<double> advantages_of(std::span<const float> rewards, const RolloutConfig& options) {
  constexpr double kLeastDeviation = 1e-4;  // added to it, as published
  const auto group = static_cast<size_t>(options.group);
  std::vector<double> advantages;
  for (size_t begin = 0; begin < rewards.size(); begin += group) {
    const std::span<const float> own = rewards.subspan(begin, std::min(group, rewards.size() - begin));
    double mean = 0, squares = 0;
    for (float r : own) mean += static_cast<double>(r) / static_cast<double>(own.size());
    for (float r : own) squares += (static_cast<double>(r) - mean) * (static_cast<double>(r) - mean);
    const double deviation = own.size() > 1 ? std::sqrt(squares / static_cast<double>(own.size() - 1)) : 0;
    for (float r : own) {
      const double off = static_cast<double>(r) - mean;
      advantages.push_back(options.scale_rewards ? off / (deviation + kLeastDeviation) : off);
    }
  }
  return advantages;
}

// -min(q A, clamp(q) A), its slope by log q, and whether the clamp held it.
struct Clipped {
  double loss, slope;
  bool held;
};
Clipped clipped_loss(double q, double advantage, const RolloutConfig& options) {
  const double clamped = std::clamp(q, 1 - options.clip_low, 1 + options.clip_high);
  const bool held = clamped * advantage < q * advantage;
  return {-std::min(q * advantage, clamped * advantage), held ? 0 : -q * advantage, held};
}

class Grpo final : public LogpsObjective {
 public:
  Grpo(const ObjectiveConfig& options, const FrozenModel& frozen)
      : LogpsObjective(options.rollouts.kl_coefficient > 0 ? &frozen : nullptr), options_(options.rollouts) {}

  // Weight: tokens of completions.
  Counts count(const Examples& examples) const override {
    const auto tokens =
        std::count_if(examples.targets.begin(), examples.targets.end(), [](int32_t target) { return target >= 0; });
    return {.terms = static_cast<int64_t>(examples.input.runs().size()),
            .tokens = examples.tokens(),
            .weight = static_cast<double>(tokens)};
  }

  void append_rehearsal(int64_t batch, int64_t length, Examples& out) const override {
    append_completions_rehearsal(batch, length, out);
    out.sampled_logps.resize(out.targets.size(), 0.0f);
    out.numbers.resize(out.input.runs().size(), 0.0f);
  }

 protected:
  LossSums loss(const Examples& examples, const Counts& whole, const Logps& logps,
                std::span<float> slopes) const override {
    const std::vector<CompletionSum> answers = completion_sums(examples, logps.policy);
    const std::vector<double> advantages = advantages_of(examples.numbers, options_);
    std::vector<float> sampled;  // of the targets that count
    for (size_t row = 0; row < examples.targets.size(); ++row) {
      if (examples.targets[row] >= 0) sampled.push_back(examples.sampled_logps[row]);
    }
    const double token_share = 1 / std::max(whole.weight, 1.0);
    double loss = 0, kl_mean = 0, held = 0;
    for (size_t i = 0; i < answers.size(); ++i) {
      const CompletionSum& answer = answers[i];
      const double share = share_of(answer, whole);
      const auto tokens = static_cast<size_t>(answer.tokens);
      const double mean_ratio = mean_log_ratio(logps.policy.subspan(answer.first, tokens),
                                               std::span<const float>(sampled).subspan(answer.first, tokens));
      for (size_t at = answer.first; at < answer.first + tokens; ++at) {
        const auto lp = static_cast<double>(logps.policy[at]);
        const double log_q = options_.sequence_ratios ? mean_ratio : log_ratio(logps.policy[at], sampled[at]);
        // The mean's slope reaches each of its tokens by its part; those of all tokens add up to the same.
        const Clipped clipped = clipped_loss(std::exp(log_q), advantages[i], options_);
        loss += share * clipped.loss;
        held += clipped.held ? token_share : 0;
        double slope = clipped.slope;
        if (!logps.reference.empty()) {
          const double apart = static_cast<double>(logps.reference[at]) - lp, k3 = std::exp(apart) - apart - 1;
          loss += share * options_.kl_coefficient * k3;
          slope += options_.kl_coefficient * (1 - std::exp(apart));
          kl_mean += token_share * k3;
        }
        slopes[at] = static_cast<float>(share * slope);
      }
    }
    LossSums sums{.loss = loss};
    sums.figures = {{"mean_kl", kl_mean}, {"clipped", held}, {"advantages", 0, advantages}};
    return sums;
  }

 private:
  // Of one token of the answer.
  double share_of(const CompletionSum& answer, const Counts& whole) const {
    if (options_.average == "token") return 1 / std::max(whole.weight, 1.0);
    const double rows = static_cast<double>(whole.terms);
    if (options_.average == "constant") return 1 / (rows * static_cast<double>(options_.longest));
    return 1 / (rows * static_cast<double>(std::max<int64_t>(answer.tokens, 1)));
  }

  // An answer that was drawn by the very weights that learn from it says so by a number that is not finite.
  static double log_ratio(float policy, float sampled) {
    return std::isfinite(sampled) ? static_cast<double>(policy) - static_cast<double>(sampled) : 0;
  }

  static double mean_log_ratio(std::span<const float> policy, std::span<const float> sampled) {
    double sum = 0;
    for (size_t t = 0; t < policy.size(); ++t) sum += log_ratio(policy[t], sampled[t]);
    return sum / static_cast<double>(std::max<size_t>(policy.size(), 1));
  }

  RolloutConfig options_;
};

void read(ConfigReader& reader, ObjectiveConfig& config) {
  RolloutConfig& r = config.rollouts;
  if (!reader.has("group")) reader.fail("group", "is missing", "say how many rows in succession answer one prompt");
  r.group = reader.integer("group", 8, 2, 1 << 16);
  r.clip_low = reader.number("clip_ratio", 0.2, 0, 1);
  r.clip_high = reader.number("clip_ratio_high", r.clip_low, 0, 1e6);
  r.kl_coefficient = reader.number("kl_coefficient", 0.04, 0, 1e6);
  const std::vector<std::string> averages = {"sequence", "token", "constant"};
  r.average = averages[reader.choice("average", averages, 0)];
  r.scale_rewards = reader.boolean("scale_rewards", true);
  r.sequence_ratios = reader.choice("ratios", {"token", "sequence"}, 0) == 1;
  r.longest = reader.integer("longest_answer", 0, 0, 1 << 20);
  if (r.average == "constant" && r.longest == 0)
    reader.fail("longest_answer", "is missing", "average: constant divides by it");
  config.reference = reader.text("reference", "");
  read_rollouts(reader, "temperature", r);
}

constexpr std::string_view kOfPrompts[] = {"rewards", "max_tokens", "temperature", "top_p", "top_k"};

}  // namespace

extern const ObjectiveEntry objective{
    .name = "grpo",
    .task = model::Task::kCausalLm,
    .flat = false,
    .arrays = {.columns = kFiles, .append = append_row, .fault = fault},
    .read = read,
    .make = [](const ObjectiveConfig& config, const FrozenModel& frozen) -> std::unique_ptr<Objective> {
      return std::make_unique<Grpo>(config, frozen);
    },
    .prompts = Prompts::kJudged,
    .prompt_options = kOfPrompts,
    .beside =
        [](const ObjectiveConfig& config) {
          return config.rollouts.kl_coefficient > 0 ? Beside::kReference : Beside::kNothing;
        },
    .rows_together = [](const ObjectiveConfig& config) { return config.rollouts.group; }};

}  // namespace malmoi::train::grpo

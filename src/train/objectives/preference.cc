#include "train/objectives/preference.h"

#include <cmath>

namespace malmoi::train {
namespace {

enum PairFile { kChosenIds, kRejectedIds, kPromptLength, kChosenLength, kRejectedLength };
constexpr ArrayColumn kPairFiles[] = {
    {.name = "chosen_ids", .axis = ArrayAxis::kOther, .values = ArrayValues::kIds},
    {.name = "rejected_ids", .axis = ArrayAxis::kOther, .values = ArrayValues::kIds},
    {.name = "prompt_len", .axis = ArrayAxis::kRow, .values = ArrayValues::kLengths},
    {.name = "chosen_len", .axis = ArrayAxis::kRow, .values = ArrayValues::kLengths},
    {.name = "rejected_len", .axis = ArrayAxis::kRow, .values = ArrayValues::kLengths}};

std::string pair_fault(const ArrayRow& row) {
  const int64_t prompt = row.integers[kPromptLength][0];
  const std::string chosen =
      completion_fault("chosen answer", prompt, row.integers[kChosenLength][0], row.integers[kChosenIds].size());
  if (!chosen.empty()) return chosen;
  return completion_fault("rejected answer", prompt, row.integers[kRejectedLength][0],
                          row.integers[kRejectedIds].size());
}

void append_answer(const ArrayRow& row, PairFile ids, PairFile length, bool whole_text, Examples& out) {
  append_completion(row.integers[ids].first(static_cast<size_t>(row.integers[length][0])),
                    row.integers[kPromptLength][0], whole_text, out);
}

template <bool kWholeChosenText>
void append_pair(const ArrayRow& row, const RowRules&, Examples& out) {
  append_answer(row, kChosenIds, kChosenLength, kWholeChosenText, out);
  append_answer(row, kRejectedIds, kRejectedLength, false, out);
}

// Pairs stand side by side: run 2i is the chosen answer, 2i + 1 the rejected one.
AnswerLogps answer_of(const CompletionSum& policy, const CompletionSum& reference) {
  AnswerLogps answer{.sum = policy.logp, .mean = policy.mean(), .tokens = std::max<int64_t>(policy.tokens, 1)};
  answer.ratio = policy.logp - reference.logp;
  answer.mean_ratio = answer.ratio / static_cast<double>(answer.tokens);
  return answer;
}

void add_slope(const CompletionSum& completion, double slope, std::span<float> slopes) {
  for (float& s : slopes.subspan(completion.first, static_cast<size_t>(completion.tokens)))
    s += static_cast<float>(slope);
}

// Tokens of the chosen answers that have a target, their prompts' too where those are learned.
int64_t chosen_tokens(const Examples& examples) {
  int64_t tokens = 0;
  for (size_t i = 0; i < examples.input.runs().size(); i += 2) {
    const autograd::Run& run = examples.input.runs()[i];
    for (int64_t row = run.begin; row < run.begin + run.length; ++row)
      tokens += examples.targets[static_cast<size_t>(row)] >= 0;
  }
  return tokens;
}

}  // namespace

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

LogSigmoid minus_log_sigmoid(double x) {
  return {std::max(-x, 0.0) + std::log1p(std::exp(-std::abs(x))), -sigmoid(-x)};
}

Counts Preference::count(const Examples& examples) const {
  return {.terms = static_cast<int64_t>(examples.input.runs().size() / 2),
          .tokens = examples.tokens(),
          .weight = static_cast<double>(chosen_tokens(examples))};
}

LossSums Preference::loss(const Examples& examples, const Counts& whole, const Logps& logps,
                          std::span<float> slopes) const {
  const std::vector<CompletionSum> policy = completion_sums(examples, logps.policy);
  const std::vector<CompletionSum> reference = reference_sums(examples, logps.reference);
  const double share = 1 / static_cast<double>(whole.terms);
  double chosen_logps = 0, rejected_logps = 0, chosen_rewards = 0, rejected_rewards = 0, right = 0;
  LossSums sums;
  for (size_t i = 0; i + 1 < policy.size(); i += 2) {
    const AnswerLogps chosen = answer_of(policy[i], reference[i]),
                      rejected = answer_of(policy[i + 1], reference[i + 1]);
    const PairLoss pair = rule_.rule(options_, chosen, rejected);
    sums.loss += share * pair.loss;
    add_slope(policy[i], share * pair.chosen_slope, slopes);
    add_slope(policy[i + 1], share * pair.rejected_slope, slopes);
    chosen_logps += share * chosen.sum;
    rejected_logps += share * rejected.sum;
    chosen_rewards += share * pair.chosen_reward;
    rejected_rewards += share * pair.rejected_reward;
    right += pair.chosen_reward > pair.rejected_reward ? share : 0;
  }
  sums.figures = {{"chosen_logps", chosen_logps},
                  {"rejected_logps", rejected_logps},
                  {"chosen_rewards", chosen_rewards},
                  {"rejected_rewards", rejected_rewards},
                  {"margin", chosen_rewards - rejected_rewards},
                  {"accuracy", right}};
  if (rule_.likelihood == 0) return sums;
  double nll = 0;
  const double token_share = 1 / std::max(whole.weight, 1.0);
  for (size_t i = 0; i < policy.size(); i += 2) {
    const size_t end = policy[i].first + static_cast<size_t>(policy[i].tokens);
    for (size_t at = policy[i].begin; at < end; ++at) {
      nll -= token_share * static_cast<double>(logps.policy[at]);
      slopes[at] -= static_cast<float>(rule_.likelihood * token_share);
    }
  }
  sums.loss += rule_.likelihood * nll;
  sums.figures.push_back({"nll", nll});
  return sums;
}

void Preference::append_rehearsal(int64_t batch, int64_t length, Examples& out) const {
  append_completions_rehearsal(2 * batch, length, out);
}

ArrayFormat pair_arrays(bool whole_chosen_text) {
  return {
      .columns = kPairFiles, .append = whole_chosen_text ? append_pair<true> : append_pair<false>, .fault = pair_fault};
}

void read_beta(ConfigReader& reader, ObjectiveConfig& config, double otherwise) {
  config.preference.beta = reader.number("beta", otherwise, 1e-6, 1e6);
}

void read_reference(ConfigReader& reader, ObjectiveConfig& config) {
  config.reference = reader.text("reference", "");
  config.precompute_reference = reader.boolean("precompute_reference", false);
}

}  // namespace malmoi::train

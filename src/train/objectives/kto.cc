// Kahneman-Tversky optimisation: each answer is good or bad by itself, against what the model gains over its reference on
// answers to other prompts (Ethayarajh et al. 2024).
#include <algorithm>

#include "train/objectives/preference.h"
#include "train/reference.h"

namespace malmoi::train::kto {
namespace {

enum File { kChosen, kRejected, kOther, kPromptLength, kChosenLength, kRejectedLength, kOtherPrompt, kOtherLength };
constexpr ArrayColumn kFiles[] = {{.name = "chosen_ids", .axis = ArrayAxis::kOther, .values = ArrayValues::kIds},
                                  {.name = "rejected_ids", .axis = ArrayAxis::kOther, .values = ArrayValues::kIds},
                                  {.name = "kl_ids", .axis = ArrayAxis::kOther, .values = ArrayValues::kIds},
                                  {.name = "prompt_len", .axis = ArrayAxis::kRow, .values = ArrayValues::kLengths},
                                  {.name = "chosen_len", .axis = ArrayAxis::kRow, .values = ArrayValues::kLengths},
                                  {.name = "rejected_len", .axis = ArrayAxis::kRow, .values = ArrayValues::kLengths},
                                  {.name = "kl_prompt_len", .axis = ArrayAxis::kRow, .values = ArrayValues::kLengths},
                                  {.name = "kl_len", .axis = ArrayAxis::kRow, .values = ArrayValues::kLengths}};

struct Text {
  const char* what;
  File ids, prompt, length;
};
constexpr Text kTexts[] = {{"chosen answer", kChosen, kPromptLength, kChosenLength},
                           {"rejected answer", kRejected, kPromptLength, kRejectedLength},
                           {"answer to another prompt (kl_ids)", kOther, kOtherPrompt, kOtherLength}};

std::string fault(const ArrayRow& row) {
  for (const Text& text : kTexts) {
    const std::string fault = completion_fault(text.what, row.integers[text.prompt][0], row.integers[text.length][0],
                                               row.integers[text.ids].size());
    if (!fault.empty()) return fault;
  }
  return {};
}

void append_row(const ArrayRow& row, const RowRules&, Examples& out) {
  if (out.beside.empty()) out.beside.emplace_back();
  for (const Text& text : kTexts) {
    append_completion(row.integers[text.ids].first(static_cast<size_t>(row.integers[text.length][0])),
                      row.integers[text.prompt][0], false, text.ids == kOther ? out.beside[0] : out);
  }
}

// A sum less the reference's.
double ratio(const CompletionSum& policy, const CompletionSum& reference) { return policy.logp - reference.logp; }

class Kto final : public LogpsObjective {
 public:
  Kto(const ObjectiveConfig& options, const FrozenModel& frozen)
      : LogpsObjective(&frozen), options_(options.preference) {}

  Counts count(const Examples& examples) const override {
    return {.terms = static_cast<int64_t>(examples.input.runs().size()), .tokens = examples.tokens()};
  }

  // z = max(0, the mean ratio of the mismatched answers), of all parts of the step.
  double prepare(autograd::Context& context, const model::Model& model,
                 std::span<const Examples> parts) const override {
    double sum = 0, answers = 0;
    for (const Examples& part : parts) {
      if (part.beside.empty()) continue;
      const Examples& others = part.beside[0];
      const std::vector<float> policy = frozen_logps(context, {}, model, others);
      const std::vector<float> held = frozen_logps(context, reference(), model, others);
      if (context.rehearsal()) continue;
      const std::vector<CompletionSum> mine = completion_sums(others, policy), its = completion_sums(others, held);
      for (size_t i = 0; i < mine.size(); ++i) sum += ratio(mine[i], its[i]);
      answers += static_cast<double>(mine.size());
    }
    return answers > 0 ? std::max(0.0, sum / answers) : 0;
  }

  void append_rehearsal(int64_t batch, int64_t length, Examples& out) const override {
    append_completions_rehearsal(2 * batch, length, out);
    if (out.beside.empty()) out.beside.emplace_back();
    append_completions_rehearsal(batch, length, out.beside[0]);
  }

 protected:
  LossSums loss(const Examples& examples, const Counts& whole, const Logps& logps,
                std::span<float> slopes) const override {
    const std::vector<CompletionSum> policy = completion_sums(examples, logps.policy);
    const std::vector<CompletionSum> held = completion_sums(examples, logps.reference);
    const double share = 1 / static_cast<double>(whole.terms), beta = options_.beta;
    double sums_of_logps[2] = {}, rewards[2] = {}, right = 0, before = 0;
    LossSums sums;
    for (size_t i = 0; i < policy.size(); ++i) {
      const bool chosen = i % 2 == 0;
      const double r = ratio(policy[i], held[i]), sign = chosen ? 1 : -1;
      const double s = sigmoid(sign * beta * (r - whole.baseline));
      const double weight = share * (chosen ? options_.desirable_weight : options_.undesirable_weight);
      sums.loss += weight * (1 - s);
      for (float& slope : slopes.subspan(policy[i].first, static_cast<size_t>(policy[i].tokens)))
        slope = static_cast<float>(-sign * beta * weight * s * (1 - s));
      sums_of_logps[i % 2] += 2 * share * policy[i].logp;
      rewards[i % 2] += 2 * share * beta * r;
      if (!chosen) right += beta * before > beta * r ? 2 * share : 0;
      before = r;
    }
    // The baseline is one of the whole step: each part tells its share.
    const double part = share * static_cast<double>(policy.size());
    sums.figures = {{"chosen_logps", sums_of_logps[0]},  {"rejected_logps", sums_of_logps[1]},
                    {"chosen_rewards", rewards[0]},      {"rejected_rewards", rewards[1]},
                    {"margin", rewards[0] - rewards[1]}, {"accuracy", right},
                    {"kl", part * whole.baseline}};
    return sums;
  }

 private:
  PreferenceConfig options_;
};

void read(ConfigReader& reader, ObjectiveConfig& config) {
  read_beta(reader, config);
  read_reference(reader, config);
  config.preference.desirable_weight = reader.number("desirable_weight", 1, 0, 1e6);
  config.preference.undesirable_weight = reader.number("undesirable_weight", 1, 0, 1e6);
}

}  // namespace

extern const ObjectiveEntry objective{
    .name = "kto",
    .task = model::Task::kCausalLm,
    .flat = false,
    .arrays = {.columns = kFiles, .append = append_row, .fault = fault},
    .read = read,
    .make = [](const ObjectiveConfig& config, const FrozenModel& frozen) -> std::unique_ptr<Objective> {
      return std::make_unique<Kto>(config, frozen);
    },
    .scores = kPreferenceScores,
    .beside = ask_reference};

}  // namespace malmoi::train::kto

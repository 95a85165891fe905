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

int64_t tokens_of(const ArrayRow& row, File length) { return row.integers[length][0]; }

// Who judged one answer alone has no other: it ends with its prompt.
bool is_there(const ArrayRow& row, const Text& text) {
  return tokens_of(row, text.length) != tokens_of(row, text.prompt);
}

std::string fault(const ArrayRow& row) {
  for (const Text& text : kTexts) {
    if (text.ids != kOther && !is_there(row, text)) continue;
    const std::string fault = completion_fault(text.what, tokens_of(row, text.prompt), tokens_of(row, text.length),
                                               row.integers[text.ids].size());
    if (!fault.empty()) return fault;
  }
  if (!is_there(row, kTexts[0]) && !is_there(row, kTexts[1])) return "both answers are empty";
  return {};
}

// Examples::numbers: whether a run is a good answer.
void append_row(const ArrayRow& row, const RowRules&, Examples& out) {
  if (out.beside.empty()) out.beside.emplace_back();
  for (const Text& text : kTexts) {
    if (!is_there(row, text)) continue;
    const bool answer = text.ids != kOther;
    append_completion(row.integers[text.ids].first(static_cast<size_t>(tokens_of(row, text.length))),
                      tokens_of(row, text.prompt), false, answer ? out : out.beside[0]);
    if (answer) out.numbers.push_back(text.ids == kChosen ? 1 : 0);
  }
}

// A sum less the reference's.
double ratio(const CompletionSum& policy, const CompletionSum& reference) { return policy.logp - reference.logp; }

class Kto final : public LogpsObjective {
 public:
  Kto(const ObjectiveConfig& options, const FrozenModel& frozen)
      : LogpsObjective(&frozen, options.precompute_reference), options_(options.preference) {}

  // Terms are answers, weight the good ones among them, `filled` the pairs.
  Counts count(const Examples& examples) const override {
    Counts counts{.terms = static_cast<int64_t>(examples.numbers.size()), .tokens = examples.tokens()};
    for (size_t i = 0; i < examples.numbers.size(); ++i) {
      counts.weight += is_good(examples, i) ? 1 : 0;
      counts.filled += is_second_of_pair(examples, i);
    }
    return counts;
  }

  // z = max(0, the mean ratio of the mismatched answers), of all parts of the step.
  double prepare(autograd::Context& context, const model::Model& model,
                 std::span<const Examples> parts) const override {
    double sum = 0, answers = 0;
    for (const Examples& part : parts) {
      if (part.beside.empty()) continue;
      const Examples& others = part.beside[0];
      const std::vector<float> policy = frozen_logps(context, {}, model, others);
      const std::vector<float> held = reference_logps(context, model, others);
      if (context.rehearsal()) continue;
      const std::vector<CompletionSum> mine = completion_sums(others, policy), its = reference_sums(others, held);
      for (size_t i = 0; i < mine.size(); ++i) sum += ratio(mine[i], its[i]);
      answers += static_cast<double>(mine.size());
    }
    return answers > 0 ? std::max(0.0, sum / answers) : 0;
  }

  void append_rehearsal(int64_t batch, int64_t length, Examples& out) const override {
    append_completions_rehearsal(2 * batch, length, out);
    for (int64_t i = 0; i < 2 * batch; ++i) out.numbers.push_back(i % 2 == 0 ? 1 : 0);
    if (out.beside.empty()) out.beside.emplace_back();
    append_completions_rehearsal(batch, length, out.beside[0]);
  }

 protected:
  LossSums loss(const Examples& examples, const Counts& whole, const Logps& logps,
                std::span<float> slopes) const override {
    const std::vector<CompletionSum> policy = completion_sums(examples, logps.policy);
    const std::vector<CompletionSum> held = reference_sums(examples, logps.reference);
    const double share = 1 / static_cast<double>(std::max<int64_t>(whole.terms, 1)), beta = options_.beta;
    Side good(whole.weight), bad(static_cast<double>(whole.terms) - whole.weight);
    const double pair_share = 1 / static_cast<double>(std::max<int64_t>(whole.filled, 1));
    double right = 0, before = 0;
    LossSums sums;
    for (size_t i = 0; i < policy.size(); ++i) {
      const bool chosen = is_good(examples, i);
      const double r = ratio(policy[i], held[i]), sign = chosen ? 1 : -1;
      const double s = sigmoid(sign * beta * (r - whole.baseline));
      const double weight = share * (chosen ? options_.desirable_weight : options_.undesirable_weight);
      sums.loss += weight * (1 - s);
      for (float& slope : slopes.subspan(policy[i].first, static_cast<size_t>(policy[i].tokens)))
        slope = static_cast<float>(-sign * beta * weight * s * (1 - s));
      (chosen ? good : bad).add(policy[i].logp, beta * r);
      if (is_second_of_pair(examples, i) && before > r) right += pair_share;
      before = r;
    }
    // The baseline is one of the whole step: each part tells its share. Of what a step has none nothing is told.
    sums.figures = {{"kl", share * static_cast<double>(policy.size()) * whole.baseline}};
    good.tell("chosen_logps", "chosen_rewards", sums.figures);
    bad.tell("rejected_logps", "rejected_rewards", sums.figures);
    if (good.answers > 0 && bad.answers > 0) sums.figures.push_back({"margin", good.rewards - bad.rewards});
    if (whole.filled > 0) sums.figures.push_back({"accuracy", right});
    return sums;
  }

 private:
  // Means over the good or the bad answers.
  struct Side {
    explicit Side(double answers_in) : answers(answers_in) {}
    void add(double logp, double reward) {
      logps += logp / answers;
      rewards += reward / answers;
    }
    void tell(std::string_view logps_name, std::string_view rewards_name, std::vector<Figure>& figures) const {
      if (answers > 0) figures.insert(figures.end(), {{logps_name, logps}, {rewards_name, rewards}});
    }
    double answers, logps = 0, rewards = 0;
  };

  static bool is_good(const Examples& examples, size_t i) { return examples.numbers[i] > 0; }
  // A bad answer that stands behind a good one is of the same prompt, or makes as good a pair.
  static bool is_second_of_pair(const Examples& examples, size_t i) {
    return i > 0 && !is_good(examples, i) && is_good(examples, i - 1);
  }

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

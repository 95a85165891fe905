// Reward models: a number for a text, such that the better of two answers gets the larger one (Bradley & Terry 1952; Ouyang et
// al. 2022).
#include "train/objectives/logits_loss.h"
#include "train/objectives/preference.h"

namespace malmoi::train::reward {
namespace {

enum File { kChosenIds, kRejectedIds, kChosenLength, kRejectedLength, kMargin };
constexpr ArrayColumn kFiles[] = {
    {.name = "chosen_ids", .axis = ArrayAxis::kOther, .values = ArrayValues::kIds},
    {.name = "rejected_ids", .axis = ArrayAxis::kOther, .values = ArrayValues::kIds},
    {.name = "chosen_len", .axis = ArrayAxis::kRow, .values = ArrayValues::kLengths},
    {.name = "rejected_len", .axis = ArrayAxis::kRow, .values = ArrayValues::kLengths},
    {.name = "margin", .axis = ArrayAxis::kRow, .values = ArrayValues::kNumbers, .optional = true}};

std::string fault(const ArrayRow& row) {
  for (int answer = 0; answer < 2; ++answer) {
    const int32_t length = row.integers[static_cast<size_t>(kChosenLength + answer)][0];
    if (length < 1 || length > static_cast<int64_t>(row.integers[static_cast<size_t>(kChosenIds + answer)].size()))
      return std::string("the length of the ") + (answer ? "rejected" : "chosen") + " answer is not one of its row";
  }
  return {};
}

// Whole texts: the head reads the last token of each.
void append_row(const ArrayRow& row, const RowRules&, Examples& out) {
  for (int answer = 0; answer < 2; ++answer) {
    const auto length = static_cast<size_t>(row.integers[static_cast<size_t>(kChosenLength + answer)][0]);
    out.input.add(row.integers[static_cast<size_t>(kChosenIds + answer)].first(length));
  }
  out.numbers.push_back(row.numbers[kMargin].empty() ? 0 : row.numbers[kMargin][0]);
}

class Reward final : public LogitsLoss {
 public:
  explicit Reward(double centre) : centre_(centre) {}

  Counts count(const Examples& examples) const override {
    return {.terms = static_cast<int64_t>(examples.numbers.size()), .tokens = examples.tokens()};
  }

  // -log s(r_c - r_j - margin) + centre (r_c + r_j)^2.
  LossSums loss(const Examples& examples, const Counts& whole, std::span<const double> logits,
                std::span<double> gradient) const override {
    const double share = 1 / static_cast<double>(whole.terms);
    double right = 0, chosen_mean = 0, rejected_mean = 0;
    LossSums sums;
    for (size_t i = 0; i < examples.numbers.size(); ++i) {
      const double chosen = logits[2 * i], rejected = logits[2 * i + 1], both = chosen + rejected;
      const LogSigmoid better = minus_log_sigmoid(chosen - rejected - static_cast<double>(examples.numbers[i]));
      sums.loss += share * (better.loss + centre_ * both * both);
      gradient[2 * i] = share * (better.slope + 2 * centre_ * both);
      gradient[2 * i + 1] = share * (-better.slope + 2 * centre_ * both);
      right += chosen > rejected ? share : 0;
      chosen_mean += share * chosen;
      rejected_mean += share * rejected;
    }
    sums.figures = {{"chosen_rewards", chosen_mean},
                    {"rejected_rewards", rejected_mean},
                    {"margin", chosen_mean - rejected_mean},
                    {"accuracy", right}};
    return sums;
  }

  void append_rehearsal(int64_t batch, int64_t length, Examples& out) const override {
    const std::vector<int32_t> row(static_cast<size_t>(length), 0);
    for (int64_t b = 0; b < batch; ++b) {
      out.input.add(row);
      out.input.add(row);
      out.numbers.push_back(0);
    }
  }

 private:
  double centre_;
};

void read(ConfigReader& reader, ObjectiveConfig& config) {
  config.preference.centre = reader.number("centre", 0, 0, 1e6);
}

}  // namespace

extern const ObjectiveEntry objective{
    .name = "reward",
    .task = model::Task::kRegression,
    .flat = false,
    .arrays = {.columns = kFiles, .append = append_row, .fault = fault},
    .read = read,
    .make = [](const ObjectiveConfig& config, const FrozenModel&) -> std::unique_ptr<Objective> {
      return std::make_unique<Reward>(config.preference.centre);
    },
    .scores = kPreferenceScores};

}  // namespace malmoi::train::reward

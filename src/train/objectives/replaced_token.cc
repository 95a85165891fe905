// Replaced tokens: of each token of a text whether it was put in place of another (ELECTRA's discriminator, Clark et al. 2020).
#include <algorithm>
#include <cmath>

#include "train/objectives/logits_loss.h"

namespace malmoi::train {
namespace {

enum File { kIds, kMask, kLabels, kTypes };
constexpr ArrayColumn kFiles[] = {{.name = "ids", .values = ArrayValues::kIds},
                                  {.name = "mask", .values = ArrayValues::kMask},
                                  {.name = "labels", .values = ArrayValues::kFlags},
                                  {.name = "token_type_ids", .values = ArrayValues::kTokenTypes, .optional = true}};

void append_row(const ArrayRow& row, const RowRules&, Examples& out) {
  RealTokens real = real_tokens(row.integers[kMask]);
  out.input.add(real.input(row.integers[kIds], row.integers[kMask], row.integers[kTypes]));
  auto labels = real.of(row.integers[kLabels]), mask = real.of(row.integers[kMask]);
  for (size_t i = 0; i < labels.size(); ++i) out.targets.push_back(mask[i] != 0 ? labels[i] : -1);
}

class ReplacedToken final : public LogitsLoss {
 public:
  Counts count(const Examples& examples) const override {
    auto counted = std::count_if(examples.targets.begin(), examples.targets.end(), [](int32_t t) { return t >= 0; });
    return {.terms = counted, .tokens = examples.tokens()};
  }

  // -log sigmoid of the logit where the token was replaced, of its opposite where it was not.
  LossSums loss(const Examples& examples, const Counts& whole, std::span<const double> logits,
                std::span<double> gradient) const override {
    const double share = 1.0 / static_cast<double>(std::max<int64_t>(whole.terms, 1));
    LossSums sums{.figures = {{"accuracy"}}};
    for (size_t r = 0; r < logits.size(); ++r) {
      if (examples.targets[r] < 0) continue;
      const double replaced = examples.targets[r], z = logits[r];
      sums.loss += share * (std::max(z, 0.0) - z * replaced + std::log1p(std::exp(-std::abs(z))));
      sums.figures[0].value += share * ((z > 0) == (replaced > 0));
      gradient[r] = share * (1 / (1 + std::exp(-z)) - replaced);
    }
    return sums;
  }

  void append_rehearsal(int64_t batch, int64_t length, Examples& out) const override {
    const std::vector<int32_t> row(static_cast<size_t>(length), 0);
    for (int64_t b = 0; b < batch; ++b) {
      out.input.add(row);
      out.targets.insert(out.targets.end(), row.begin(), row.end());
    }
  }
};

constexpr std::string_view kScores[] = {"accuracy"};

}  // namespace

extern const ObjectiveEntry replaced_token_objective{
    .name = "replaced_token",
    .task = model::Task::kDiscrimination,
    .flat = false,
    .arrays = {kFiles, append_row},
    .read = [](ConfigReader&, ObjectiveConfig&) {},
    .make = [](const ObjectiveConfig&) -> std::unique_ptr<Objective> { return std::make_unique<ReplacedToken>(); },
    .scores = kScores};

}  // namespace malmoi::train

// Classification of texts: one label each.
#include "train/objectives/cross_entropy.h"

namespace malmoi::train {
namespace {

enum File { kIds, kMask, kLabels, kTypes };
constexpr ArrayColumn kFiles[] = {{.name = "ids", .values = ArrayValues::kIds},
                                  {.name = "mask", .values = ArrayValues::kMask},
                                  {.name = "labels", .axis = ArrayAxis::kRow, .values = ArrayValues::kLabels},
                                  {.name = "token_type_ids", .values = ArrayValues::kTokenTypes, .optional = true}};

void append_row(const ArrayRow& row, const RowRules&, Examples& out) {
  RealTokens real = real_tokens(row.integers[kMask]);
  out.input.add(real.input(row.integers[kIds], row.integers[kMask], row.integers[kTypes]));
  out.targets.push_back(row.integers[kLabels][0]);
}

class Classification final : public CrossEntropy {
 public:
  Classification() : CrossEntropy({.accuracy = true}) {}
  void append_rehearsal(int64_t batch, int64_t length, Examples& out) const override {
    const std::vector<int32_t> row(static_cast<size_t>(length), 0);
    for (int64_t b = 0; b < batch; ++b) {
      out.input.add(row);
      out.targets.push_back(0);
    }
  }
};

}  // namespace

extern const ObjectiveEntry classification_objective{
    .name = "classification",
    .task = model::Task::kClassification,
    .flat = false,
    .arrays = {kFiles, append_row},
    .read = [](ConfigReader&, ObjectiveConfig&) {},
    .make = [](const ObjectiveConfig&) -> std::unique_ptr<Objective> { return std::make_unique<Classification>(); }};

}  // namespace malmoi::train

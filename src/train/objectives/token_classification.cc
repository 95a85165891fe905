// Classification of tokens: a label for each that has one, as names and their kinds in a sentence.
#include "train/objectives/cross_entropy.h"

namespace malmoi::train {
namespace {

enum File { kIds, kMask, kLabels, kTypes };
constexpr ArrayColumn kFiles[] = {{.name = "ids", .values = ArrayValues::kIds},
                                  {.name = "mask", .values = ArrayValues::kMask},
                                  {.name = "labels", .values = ArrayValues::kLabels},
                                  {.name = "token_type_ids", .values = ArrayValues::kTokenTypes, .optional = true}};

void append_row(const ArrayRow& row, const RowRules&, Examples& out) {
  RealTokens real = real_tokens(row.integers[kMask]);
  out.input.add(real.input(row.integers[kIds], row.integers[kMask], row.integers[kTypes]));
  auto labels = real.of(row.integers[kLabels]);
  out.targets.insert(out.targets.end(), labels.begin(), labels.end());
}

constexpr std::string_view kScores[] = {"accuracy"};

std::unique_ptr<Objective> make(const ObjectiveConfig&) {
  return std::make_unique<CrossEntropy>(CrossEntropyOptions{.accuracy = true});
}

}  // namespace

extern const ObjectiveEntry token_classification_objective{.name = "token_classification",
                                                           .task = model::Task::kTokenClassification,
                                                           .flat = false,
                                                           .arrays = {kFiles, append_row},
                                                           .read = [](ConfigReader&, ObjectiveConfig&) {},
                                                           .make = make,
                                                           .scores = kScores};

}  // namespace malmoi::train

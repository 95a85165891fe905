// Masked language modelling (Devlin et al. 2019): the original tokens of the positions that have a label.
#include "train/objectives/cross_entropy.h"

namespace malmoi::train::masked_lm {
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

std::unique_ptr<Objective> make(const ObjectiveConfig&, const FrozenModel&) { return std::make_unique<CrossEntropy>(); }

Result<std::unique_ptr<ExampleSource>> of_tokens(std::unique_ptr<ExampleSource> sequences, const TokenRules& rules,
                                                 const ObjectiveConfig& config, uint64_t seed, int64_t room) {
  return mask_tokens(std::move(sequences), rules, config.masking, seed, room);
}

}  // namespace

extern const ObjectiveEntry objective{
    .name = "masked_lm",
    .task = model::Task::kMaskedLm,
    .flat = true,
    .arrays = {kFiles, append_row},
    .read = [](ConfigReader& reader, ObjectiveConfig& config) { config.masking = read_masking(reader); },
    .make = make,
    .of_tokens = of_tokens,
    .flat_options = kMaskingOptions,
    .token_loss = true};

}  // namespace malmoi::train::masked_lm

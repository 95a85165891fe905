// Classification of tokens: a label for each that has one, as names and their kinds in a sentence.
#include "train/objectives/cross_entropy.h"

namespace malmoi::train::token_classification {
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

constexpr int32_t kDoesNotCount = -100;

enum Cell { kWords, kNames };
constexpr TableColumn kCells[] = {{.role = "tokens", .list = true}, {.role = "labels", .label = true, .list = true}};

// The label of a word is its first token's; the others do not count (Devlin et al. 2019, 5.3).
Result<EncodedRow> encode(const TableCells& row, const RowEncoding& rules) {
  MALMOI_ASSIGN(CellWords cell, cell_words(row.find(kWords), row.find(kNames), row.where));
  auto [text, first] = encode_words(cell.words, rules.tokenizer, rules.max_length);
  std::vector<int32_t> labels(text.ids.size(), kDoesNotCount);
  for (size_t w = 0; w < first.size(); ++w) {
    MALMOI_ASSIGN(int32_t index, label_index(cell.labels[w], rules.labels, row.where));
    if (first[w] >= 0) labels[static_cast<size_t>(first[w])] = index;
  }
  std::vector<int32_t> mask = text.mask();
  return EncodedRow{.integers = {std::move(text.ids), std::move(mask), std::move(labels), std::move(text.type_ids)},
                    .cut = text.cut};
}

constexpr std::string_view kScores[] = {"accuracy"};

std::unique_ptr<Objective> make(const ObjectiveConfig&, const FrozenModel&) {
  return std::make_unique<CrossEntropy>(CrossEntropyOptions{.accuracy = true});
}

}  // namespace

extern const ObjectiveEntry objective{.name = "token_classification",
                                      .task = model::Task::kTokenClassification,
                                      .flat = false,
                                      .arrays = {kFiles, append_row},
                                      .table = {kCells, encode},
                                      .read = [](ConfigReader&, ObjectiveConfig&) {},
                                      .make = make,
                                      .scores = kScores};

}  // namespace malmoi::train::token_classification

// Classification of texts: one label each.
#include "train/objectives/cross_entropy.h"

namespace malmoi::train::classification {
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

enum Cell { kText, kPair, kLabel };
constexpr TableColumn kCells[] = {
    {.role = "text"}, {.role = "text_pair", .optional = true}, {.role = "label", .label = true}};

Result<EncodedRow> encode(const TableCells& row, const RowEncoding& rules) {
  MALMOI_ASSIGN(CellTexts texts, cell_texts(row.find(kText), row.find(kPair), row.where));
  MALMOI_ASSIGN(std::string label, cell_text(row.find(kLabel), "label", row.where));
  MALMOI_ASSIGN(int32_t index, label_index(label, rules.labels, row.where));
  EncodedText encoded = encode_text(texts.first, texts.pair(), rules.tokenizer, rules.max_length);
  std::vector<int32_t> mask = encoded.mask();
  return EncodedRow{.integers = {std::move(encoded.ids), std::move(mask), {index}, std::move(encoded.type_ids)},
                    .cut = encoded.cut};
}

class Classification final : public CrossEntropy {
 public:
  explicit Classification(const ObjectiveConfig& config)
      : CrossEntropy({.label_smoothing = static_cast<float>(config.label_smoothing),
                      .accuracy = true,
                      .f1 = true,
                      .target_weights = config.class_weights}) {}
  void append_rehearsal(int64_t batch, int64_t length, Examples& out) const override {
    const std::vector<int32_t> row(static_cast<size_t>(length), 0);
    for (int64_t b = 0; b < batch; ++b) {
      out.input.add(row);
      out.targets.push_back(0);
    }
  }
};

constexpr std::string_view kScores[] = {"accuracy", "f1"};

// label_smoothing; class_weights: balanced, or {label: weight}, the others 1.
void read(ConfigReader& reader, ObjectiveConfig& config) {
  config.label_smoothing = reader.number("label_smoothing", 0, 0, 0.99);
  if (!reader.has("class_weights")) return;
  const Json& weights = reader.raw("class_weights");
  config.balanced_classes = weights == "balanced";
  if (config.balanced_classes) return;
  if (!weights.is_object()) {
    reader.fail("class_weights", "is neither balanced nor weights by label", "write balanced, or {label: 2.0}");
    return;
  }
  for (const auto& [label, weight] : weights.items()) {
    if (weight.is_number() && weight.get<double>() >= 0) config.named_class_weights[label] = weight.get<double>();
    else reader.fail("class_weights", "the weight of '" + label + "' is not a number from 0 on");
  }
}

}  // namespace

extern const ObjectiveEntry objective{
    .name = "classification",
    .task = model::Task::kClassification,
    .flat = false,
    .arrays = {kFiles, append_row},
    .table = {kCells, encode},
    .read = read,
    .make = [](const ObjectiveConfig& config, const FrozenModel&) -> std::unique_ptr<Objective> {
      return std::make_unique<Classification>(config);
    },
    .scores = kScores};

}  // namespace malmoi::train::classification

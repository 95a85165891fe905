// An encoder reads a text, a decoder writes another: each of its tokens is predicted from those before it.
#include <algorithm>

#include "train/objectives/cross_entropy.h"
#include "train/objectives/seq2seq.h"

namespace malmoi::train {
namespace {

enum Seq2SeqFile { kSeq2SeqIds, kSeq2SeqMask, kSeq2SeqLabels };

}  // namespace

const ArrayColumn kSeq2SeqFiles[3] = {{.name = "ids", .values = ArrayValues::kIds},
                                      {.name = "mask", .values = ArrayValues::kMask},
                                      {.name = "labels", .axis = ArrayAxis::kOutput, .values = ArrayValues::kLabels}};

// The decoder reads its start token, then the labels moved right by one; where there is no label, padding.
void append_seq2seq_row(const ArrayRow& row, const RowRules& rules, Examples& out) {
  RealTokens real = real_tokens(row.integers[kSeq2SeqMask]);
  out.input.add(real.input(row.integers[kSeq2SeqIds], row.integers[kSeq2SeqMask], {}));
  std::span<const int32_t> labels = row.integers[kSeq2SeqLabels];
  // Rows behind the last label change nothing. One row stays, since every run of the encoder has a run of the decoder.
  while (labels.size() > 1 && labels.back() < 0) labels = labels.first(labels.size() - 1);
  std::vector<int32_t> moved{rules.decoder_start_token_id};
  for (size_t i = 0; i + 1 < labels.size(); ++i) moved.push_back(labels[i] < 0 ? rules.pad_token_id : labels[i]);
  out.decoder.add(moved);
  out.targets.insert(out.targets.end(), labels.begin(), labels.end());
}

void append_pairs(int64_t batch, int64_t input, int64_t output, Examples& out) {
  const std::vector<int32_t> source(static_cast<size_t>(input), 0), target(static_cast<size_t>(output), 0);
  for (int64_t b = 0; b < batch; ++b) {
    out.input.add(source);
    out.decoder.add(target);
    out.targets.insert(out.targets.end(), target.begin(), target.end());
  }
}

}  // namespace malmoi::train

namespace malmoi::train::seq2seq {
namespace {

enum Cell { kSource, kTarget };
constexpr TableColumn kCells[] = {{.role = "source"}, {.role = "target"}};

Result<EncodedRow> encode(const TableCells& row, const RowEncoding& rules) {
  MALMOI_ASSIGN(std::string source, cell_text(row.find(kSource), "source", row.where));
  MALMOI_ASSIGN(std::string target, cell_text(row.find(kTarget), "target", row.where));
  EncodedText input = encode_text(source, nullptr, rules.tokenizer, rules.max_length);
  MALMOI_ASSIGN(EncodedText output, encode_output(target, rules.tokenizer, rules.max_output));
  std::vector<int32_t> mask = input.mask();
  return EncodedRow{.integers = {std::move(input.ids), std::move(mask), std::move(output.ids)},
                    .cut = input.cut + output.cut};
}

class Seq2Seq final : public CrossEntropy {
 public:
  using CrossEntropy::CrossEntropy;
  void append_rehearsal(int64_t batch, int64_t length, Examples& out) const override {
    append_pairs(batch, length, length, out);
  }
};

void read(ConfigReader& reader, ObjectiveConfig& config) {
  config.label_smoothing = reader.number("label_smoothing", 0, 0, 0.99);
}

std::unique_ptr<Objective> make(const ObjectiveConfig& config, const FrozenModel&) {
  return std::make_unique<Seq2Seq>(smoothed(config));
}

}  // namespace

extern const ObjectiveEntry objective{.name = "seq2seq",
                                      .task = model::Task::kSeq2Seq,
                                      .flat = false,
                                      .arrays = {kSeq2SeqFiles, append_seq2seq_row},
                                      .table = {kCells, encode},
                                      .read = read,
                                      .make = make,
                                      .token_loss = true};

}  // namespace malmoi::train::seq2seq

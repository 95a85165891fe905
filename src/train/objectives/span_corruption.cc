// Span corruption (Raffel et al. 2020), T5's own objective: the encoder reads a text with spans cut out, the decoder writes them.
#include "train/objectives/cross_entropy.h"
#include "train/objectives/seq2seq.h"
#include "train/spans.h"

namespace malmoi::train::span_corruption {
namespace {

class SpanCorruption final : public CrossEntropy {
 public:
  explicit SpanCorruption(const ObjectiveConfig& config) : CrossEntropy(smoothed(config)) {}
  // An example's sides have as much room as its sequence: short documents may be cut out by half.
  void append_rehearsal(int64_t batch, int64_t length, Examples& out) const override {
    append_pairs(batch, length, length, out);
  }
};

void read(ConfigReader& reader, ObjectiveConfig& config) {
  config.spans = read_spans(reader);
  read_smoothing(reader, config);
}

std::unique_ptr<Objective> make(const ObjectiveConfig& config, const FrozenModel&) {
  return std::make_unique<SpanCorruption>(config);
}

Result<std::unique_ptr<ExampleSource>> of_tokens(std::unique_ptr<ExampleSource> sequences, const TokenRules& rules,
                                                 const ObjectiveConfig& config, uint64_t seed, int64_t room) {
  return corrupt_sequences(std::move(sequences), rules, config.spans, seed, room);
}

}  // namespace

extern const ObjectiveEntry objective{.name = "span_corruption",
                                      .task = model::Task::kSeq2Seq,
                                      .flat = true,
                                      .arrays = {kSeq2SeqFiles, append_seq2seq_row},  // rows corrupted beforehand
                                      .read = read,
                                      .make = make,
                                      .of_tokens = of_tokens,
                                      .flat_options = kSpanOptions,
                                      .token_loss = true};

}  // namespace malmoi::train::span_corruption

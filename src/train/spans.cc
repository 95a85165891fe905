#include "train/spans.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace malmoi::train {
namespace {

constexpr uint64_t kSpanStream = 0x7370616E;  // "span": beside the draws of shuffling and dropout

// `total` as the sum of `parts` numbers of at least 1, each way as likely as another: which of the places between tokens are
// cut is drawn one after the other (Knuth, The Art of Computer Programming 2, algorithm 3.4.2 S).
std::vector<int64_t> cut(int64_t total, int64_t parts, Rng& rng) {
  std::vector<int64_t> lengths{0};
  int64_t wanted = parts - 1;
  for (int64_t left = total - 1; left >= 0; --left) {  // places behind this token
    ++lengths.back();
    if (left == 0 || static_cast<int64_t>(rng.below(static_cast<uint64_t>(left))) >= wanted) continue;
    --wanted;
    lengths.push_back(0);
  }
  return lengths;
}

class CorruptedSequences final : public ExampleSource {
 public:
  CorruptedSequences(std::unique_ptr<ExampleSource> sequences, TokenRules rules, const SpanConfig& config,
                     uint64_t seed, int64_t room)
      : sequences_(std::move(sequences)),
        rules_(std::move(rules)),
        config_(config),
        seed_(seed),
        room_(static_cast<size_t>(room)) {}

  uint64_t size() const override { return sequences_->size(); }
  uint64_t tokens() const override { return sequences_->tokens(); }
  void append(uint64_t n, Examples& out) const override {
    Examples whole;
    sequences_->append(n, whole);
    Rng rng(seed_ ^ kSpanStream, n);
    const nn::Batch batch = whole.input.batch();
    size_t input_room = room_, output_room = room_;
    for (const autograd::Run& run : batch.runs) {
      auto text = batch.ids.subspan(static_cast<size_t>(run.begin), static_cast<size_t>(run.length));
      if (!text.empty() && text.back() == *rules_.end_id) text = text.first(text.size() - 1);
      // A sentinel for each span and the end are at most one token more than was cut out.
      text = text.first(std::min(text.size(), input_room - std::min<size_t>(input_room, 1)));
      if (text.size() < 2) continue;
      CorruptedText corrupted = corrupt_spans(text, config_, rules_, rng);
      if (corrupted.output.size() > output_room) return;
      input_room -= corrupted.input.size();
      output_room -= corrupted.output.size();
      add(corrupted, out);
    }
  }

 private:
  void add(const CorruptedText& text, Examples& out) const {
    out.input.add(text.input);
    std::vector<int32_t> moved{rules_.decoder_start_token_id};
    moved.insert(moved.end(), text.output.begin(), text.output.end() - 1);
    out.decoder.add(moved);
    out.targets.insert(out.targets.end(), text.output.begin(), text.output.end());
  }

  std::unique_ptr<ExampleSource> sequences_;
  TokenRules rules_;
  SpanConfig config_;
  uint64_t seed_;
  size_t room_;  // tokens of an example, of either side
};

}  // namespace

SpanConfig read_spans(ConfigReader& reader) {
  SpanConfig config;
  config.noise_density = reader.number("noise_density", config.noise_density, 0.001, 0.999);
  config.mean_span = reader.number("mean_span", config.mean_span, 1, 1000);
  return config;
}

SpanCounts count_spans(int64_t length, const SpanConfig& config, int64_t sentinels) {
  SpanCounts counts;
  counts.noise = std::clamp<int64_t>(std::llround(static_cast<double>(length) * config.noise_density), 1, length - 1);
  const int64_t most = std::min({counts.noise, length - counts.noise, sentinels});
  counts.spans = std::clamp<int64_t>(std::llround(static_cast<double>(counts.noise) / config.mean_span), 1, most);
  return counts;
}

CorruptedText corrupt_spans(std::span<const int32_t> text, const SpanConfig& config, const TokenRules& rules,
                            Rng& rng) {
  const auto length = static_cast<int64_t>(text.size());
  const SpanCounts counts = count_spans(length, config, static_cast<int64_t>(rules.sentinels.size()));
  const std::vector<int64_t> noise = cut(counts.noise, counts.spans, rng);
  const std::vector<int64_t> kept = cut(length - counts.noise, counts.spans, rng);
  CorruptedText out;
  auto at = text.begin();
  auto move = [&at](int64_t n, std::vector<int32_t>& to) {
    to.insert(to.end(), at, at + n);
    at += n;
  };
  for (size_t i = 0; i < noise.size(); ++i) {
    move(kept[i], out.input);
    out.input.push_back(rules.sentinels[i]);
    out.output.push_back(rules.sentinels[i]);
    move(noise[i], out.output);
  }
  out.input.push_back(*rules.end_id);
  out.output.push_back(*rules.end_id);
  return out;
}

Result<std::unique_ptr<ExampleSource>> corrupt_sequences(std::unique_ptr<ExampleSource> sequences,
                                                         const TokenRules& rules, const SpanConfig& config,
                                                         uint64_t seed, int64_t room) {
  if (rules.sentinels.empty())
    return usage_error("the vocabulary has no sentinels (<extra_id_0>, <extra_id_1> ...)", "tokenizer",
                       "add some: malmoi tokenizer add --tokenizer DIR --special '<extra_id_0>' ... --out DIR2");
  if (!rules.end_id)
    return usage_error("the vocabulary has no end of text", "tokenizer",
                       "add one: malmoi tokenizer add --tokenizer DIR --special '</s>' --out DIR2");
  return std::unique_ptr<ExampleSource>(
      std::make_unique<CorruptedSequences>(std::move(sequences), rules, config, seed, room));
}

}  // namespace malmoi::train

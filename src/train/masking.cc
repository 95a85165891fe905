#include "train/masking.h"

#include <algorithm>
#include <utility>

#include "base/rng.h"

namespace malmoi::train {
namespace {

constexpr int32_t kNotMasked = -100;          // a target that does not count
constexpr uint64_t kMaskStream = 0x6D61736B;  // "mask": beside the draws of shuffling and dropout

class MaskedSequences final : public ExampleSource {
 public:
  MaskedSequences(std::unique_ptr<ExampleSource> sequences, TokenRules rules, const MaskingConfig& config,
                  uint64_t seed, int64_t room)
      : sequences_(std::move(sequences)),
        rules_(std::move(rules)),
        config_(config),
        seed_(seed),
        room_(static_cast<size_t>(room)) {
    for (int32_t id = 0; id < rules_.vocab_size; ++id) {
      if (!rules_.is_special[static_cast<size_t>(id)]) plain_.push_back(id);
    }
  }

  uint64_t size() const override { return sequences_->size(); }
  uint64_t tokens() const override { return sequences_->tokens(); }
  void append(uint64_t n, Examples& out) const override {
    Examples whole;
    sequences_->append(n, whole);
    Rng rng(seed_ ^ kMaskStream, n);
    const nn::Batch batch = whole.input.batch();
    size_t room = room_;  // each document of a sequence takes some for what surrounds it
    for (const autograd::Run& run : batch.runs) {
      std::vector<int32_t> ids =
          surrounded(batch.ids.subspan(static_cast<size_t>(run.begin), static_cast<size_t>(run.length)), room);
      if (ids.empty()) return;
      room -= ids.size();
      std::vector<int32_t> targets(ids.size(), kNotMasked);
      hide(rng, ids, targets);
      out.input.add(ids);
      out.targets.insert(out.targets.end(), targets.begin(), targets.end());
    }
  }

 private:
  // A document without what a decoder's tokenizer wrote around it, cut to what `room` leaves of it, between the marks of a text;
  // nothing where these alone fill the room.
  std::vector<int32_t> surrounded(std::span<const int32_t> document, size_t room) const {
    const std::vector<int32_t>&before = rules_.before, &behind = rules_.behind;
    if (document.size() >= before.size() && std::equal(before.begin(), before.end(), document.begin()))
      document = document.subspan(before.size());
    if (document.size() >= behind.size() && std::equal(behind.rbegin(), behind.rend(), document.rbegin()))
      document = document.first(document.size() - behind.size());
    const size_t around = before.size() + behind.size();
    if (room <= around) return {};
    document = document.first(std::min(document.size(), room - around));
    std::vector<int32_t> ids = before;
    ids.insert(ids.end(), document.begin(), document.end());
    ids.insert(ids.end(), behind.begin(), behind.end());
    return ids;
  }

  void hide(Rng& rng, std::vector<int32_t>& ids, std::vector<int32_t>& targets) const {
    for (size_t begin = 0; begin < ids.size();) {
      const size_t end = end_of_unit(ids, begin);
      const bool hidden = !is_special(ids[begin]) && rng.uniform() < config_.rate;
      for (size_t i = begin; hidden && i < end; ++i) {
        targets[i] = ids[i];
        ids[i] = replacement(rng, ids[i]);
      }
      begin = end;
    }
  }

  // A token, or the tokens of a word.
  size_t end_of_unit(const std::vector<int32_t>& ids, size_t begin) const {
    size_t end = begin + 1;
    while (config_.whole_words && !is_special(ids[begin]) && end < ids.size() && !is_special(ids[end]) &&
           !rules_.begins_word[static_cast<size_t>(ids[end])])
      ++end;
    return end;
  }

  int32_t replacement(Rng& rng, int32_t id) const {
    const double draw = rng.uniform();
    if (draw < config_.mask) return *rules_.mask_id;
    if (draw < config_.mask + config_.random) return plain_[rng.below(plain_.size())];
    return id;
  }

  bool is_special(int32_t id) const { return rules_.is_special[static_cast<size_t>(id)]; }

  std::unique_ptr<ExampleSource> sequences_;
  TokenRules rules_;
  MaskingConfig config_;
  uint64_t seed_;
  size_t room_;                 // tokens of an example
  std::vector<int32_t> plain_;  // ids of text
};

}  // namespace

MaskingConfig read_masking(ConfigReader& reader, const MaskingConfig& defaults) {
  MaskingConfig config = defaults;
  config.rate = reader.number("rate", config.rate, 0.001, 0.999);
  config.mask = reader.number("mask", config.mask, 0, 1);
  config.random = reader.number("random", config.random, 0, 1);
  config.whole_words = reader.boolean("whole_words", config.whole_words);
  if (config.mask + config.random > 1) reader.fail("random", "and mask are more than all", "make their sum 1 at most");
  return config;
}

Result<std::unique_ptr<ExampleSource>> mask_tokens(std::unique_ptr<ExampleSource> sequences, const TokenRules& rules,
                                                   const MaskingConfig& config, uint64_t seed, int64_t room) {
  if (!rules.mask_id)
    return usage_error("the vocabulary has no mask token", "tokenizer",
                       "add one: malmoi tokenizer add --tokenizer DIR --special '[MASK]' --out DIR2");
  return std::unique_ptr<ExampleSource>(
      std::make_unique<MaskedSequences>(std::move(sequences), rules, config, seed, room));
}

}  // namespace malmoi::train

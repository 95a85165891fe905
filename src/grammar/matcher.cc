#include "grammar/matcher.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace malmoi::grammar {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

constexpr size_t kGroup = 8;  // logits that a byte of a mask speaks of

/// For each byte of a mask the largest values that its logits may have: one minimum for each, whatever the bits are.
struct Ceilings {
  std::array<std::array<float, kGroup>, 256> of_byte;
  Ceilings() {
    for (size_t byte = 0; byte < of_byte.size(); ++byte)
      for (size_t bit = 0; bit < kGroup; ++bit)
        of_byte[byte][bit] = (byte >> bit & 1) != 0 ? std::numeric_limits<float>::infinity() : kForbidden;
  }
};

// Whole words whose bits are all alike need no logit to be read.
void forbid_word(float* logits, uint64_t allowed) {
  static const Ceilings ceilings;
  if (allowed == ~uint64_t{0}) return;
  if (allowed == 0) {
    std::fill_n(logits, 64, kForbidden);
    return;
  }
  for (size_t group = 0; group < 64 / kGroup; ++group, logits += kGroup) {
    const std::array<float, kGroup>& ceiling = ceilings.of_byte[allowed >> (kGroup * group) & 0xFF];
    for (size_t bit = 0; bit < kGroup; ++bit) logits[bit] = std::min(logits[bit], ceiling[bit]);
  }
}

}  // namespace

Matcher::Matcher(std::shared_ptr<const CompiledGrammar> grammar, std::vector<int32_t> ends)
    : grammar_(std::move(grammar)),
      ends_(std::make_shared<const std::vector<int32_t>>(std::move(ends))),
      reading_(grammar_->beginning()) {}

bool Matcher::is_end(int32_t id) const { return std::find(ends_->begin(), ends_->end(), id) != ends_->end(); }

bool Matcher::accept(int32_t id) {
  if (ended_) return false;
  if (is_end(id)) return ended_ = can_end();
  const std::string_view bytes = vocabulary().bytes(id);
  return !bytes.empty() && accept_text(bytes);
}

bool Matcher::accept_text(std::string_view bytes) { return !ended_ && reading_.read(grammar_->automaton(), bytes); }

Status Matcher::allowed(std::span<uint64_t> mask) const {
  MALMOI_TRY(status());
  std::fill(mask.begin(), mask.end(), 0);
  if (!ended_) MALMOI_TRY(grammar_->add_tokens(reading_, mask));
  for (int32_t id : *ends_) {
    if (id < 0 || id >= vocabulary().size()) continue;
    const uint64_t bit = uint64_t{1} << (static_cast<size_t>(id) % 64);
    uint64_t& word = mask[static_cast<size_t>(id) / 64];
    word = can_end() ? word | bit : word & ~bit;
  }
  if (!can_end() && std::all_of(mask.begin(), mask.end(), [](uint64_t word) { return word == 0; }))
    return unsupported("no token of the vocabulary goes on with this answer", "grammar",
                       "the tokenizer cannot spell what the grammar asks for");
  return {};
}

Status Matcher::forbid(std::span<float> logits) const {
  std::vector<uint64_t> mask(vocabulary().mask_words());
  MALMOI_TRY(allowed(mask));
  const size_t words = std::min(mask.size(), logits.size() / 64);
  for (size_t word = 0; word < words; ++word) forbid_word(logits.data() + 64 * word, mask[word]);
  for (size_t id = 64 * words; id < logits.size(); ++id) {
    const bool allowed = id / 64 < mask.size() && (mask[id / 64] >> (id % 64) & 1) != 0;
    if (!allowed) logits[id] = kForbidden;
  }
  return {};
}

}  // namespace malmoi::grammar

#include "grammar/matcher.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace malmoi::grammar {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

void forbid_word(std::span<float> logits, uint64_t allowed) {
  if (allowed == ~uint64_t{0}) return;
  if (allowed == 0) {
    std::fill(logits.begin(), logits.end(), kForbidden);
    return;
  }
  for (size_t bit = 0; bit < logits.size(); ++bit)
    if ((allowed >> bit & 1) == 0) logits[bit] = kForbidden;
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
  for (size_t begin = 0; begin < logits.size(); begin += 64) {
    const size_t word = begin / 64;
    forbid_word(logits.subspan(begin, std::min<size_t>(64, logits.size() - begin)),
                word < mask.size() ? mask[word] : 0);
  }
  return {};
}

}  // namespace malmoi::grammar

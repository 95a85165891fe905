// Which two tokens a token of BPE is merged from.
#include <algorithm>
#include <unordered_map>

#include "base/json_read.h"
#include "base/utf8.h"
#include "reshape/tokenizer_json.h"
#include "reshape/trim.h"

namespace malmoi::reshape {
namespace {

using Pair = std::pair<int32_t, int32_t>;
constexpr Pair kNoPair{-1, -1};

uint64_t key_of(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

class MergeRules {
 public:
  MergeRules(const Json& model, const TokenTable& table)
      : prefix_(json_string(model, "continuing_subword_prefix")), suffix_(json_string(model, "end_of_word_suffix")) {
    for (size_t id = 0; id < table.pieces.size(); ++id) {
      if (!table.pieces[id].empty()) ids_.emplace(table.pieces[id], static_cast<int32_t>(id));
    }
    for (const auto& [left, right] : table.merges) {
      const int32_t a = id_of(left), b = id_of(right);
      const bool is_inner = !prefix_.empty() && right.starts_with(prefix_);
      const int32_t made = id_of(left + (is_inner ? right.substr(prefix_.size()) : right));
      if (a < 0 || b < 0 || made < 0) continue;
      rules_.try_emplace(key_of(a, b), Rule{static_cast<uint32_t>(rules_.size()), made});
    }
  }

  // Merges the piece alone, and tells the last merge, if it makes the whole.
  Pair last_merge(const std::string& piece, int32_t whole) const {
    std::vector<int32_t> symbols = symbols_of(piece);
    Pair last = kNoPair;
    while (symbols.size() > 1) {
      size_t best = symbols.size();
      const Rule* rule = nullptr;
      for (size_t i = 0; i + 1 < symbols.size(); ++i) {
        const auto found = rules_.find(key_of(symbols[i], symbols[i + 1]));
        if (found == rules_.end() || (rule && found->second.rank >= rule->rank)) continue;
        rule = &found->second;
        best = i;
      }
      if (!rule) return kNoPair;
      last = {symbols[best], symbols[best + 1]};
      symbols[best] = rule->made;
      symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    }
    return symbols.size() == 1 && symbols[0] == whole ? last : kNoPair;
  }

 private:
  struct Rule {
    uint32_t rank;
    int32_t made;
  };

  int32_t id_of(const std::string& piece) const {
    const auto found = ids_.find(piece);
    return found == ids_.end() ? -1 : found->second;
  }

  // Characters, spelled as those inside of a word and at its end are. One that has no symbol merges with nothing.
  std::vector<int32_t> symbols_of(const std::string& piece) const {
    std::string_view text = piece;
    const bool is_inner = !prefix_.empty() && text.starts_with(prefix_) && text.size() > prefix_.size();
    const bool is_end = !suffix_.empty() && text.ends_with(suffix_) && text.size() > suffix_.size();
    if (is_inner) text.remove_prefix(prefix_.size());
    if (is_end) text.remove_suffix(suffix_.size());
    std::vector<int32_t> symbols;
    for (size_t begin = 0; begin < text.size();) {
      size_t end = begin + 1;
      while (end < text.size() && is_utf8_continuation(text[end])) ++end;
      std::string symbol(text.substr(begin, end - begin));
      if (begin > 0 || is_inner) symbol = prefix_ + symbol;
      if (end == text.size() && is_end) symbol += suffix_;
      symbols.push_back(id_of(symbol));
      begin = end;
    }
    return symbols;
  }

  std::string prefix_, suffix_;
  std::unordered_map<std::string, int32_t> ids_;
  std::unordered_map<uint64_t, Rule> rules_;
};

}  // namespace

std::vector<Pair> merged_from(const Json& tokenizer, const TokenTable& table) {
  std::vector<Pair> origins(table.pieces.size(), kNoPair);
  if (table.type != "BPE") return origins;
  const MergeRules rules(json_object(tokenizer, "model"), table);
  for (size_t id = 0; id < origins.size(); ++id) {
    if (!table.pieces[id].empty()) origins[id] = rules.last_merge(table.pieces[id], static_cast<int32_t>(id));
  }
  return origins;
}

}  // namespace malmoi::reshape

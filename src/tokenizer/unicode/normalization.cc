#include "tokenizer/unicode/normalization.h"

#include <algorithm>
#include <map>

#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

struct DecompositionEntry {
  char32_t code_point;
  uint16_t offset, length;
};
struct Composition {
  char32_t first, second, composed;
};
struct CombiningClass {
  char32_t code_point;
  uint8_t value;
};
#include "tokenizer/unicode/normalization.inc"

// Hangul is computed (Unicode 9.0, section 3.12).
constexpr char32_t kSBase = 0xAC00, kLBase = 0x1100, kVBase = 0x1161, kTBase = 0x11A7;
constexpr char32_t kLCount = 19, kVCount = 21, kTCount = 28, kNCount = kVCount * kTCount, kSCount = kLCount * kNCount;

bool is_syllable(char32_t c) { return c >= kSBase && c < kSBase + kSCount; }

// What may happen to a character: flags for the quick checks, its combining class, and which tables know it.
enum Trait : uint16_t {
  kHasCanonical = 1 << 8,
  kHasCompatible = 1 << 9,
  kBeginsPair = 1 << 10,
  kEndsPair = 1 << 11,
  kChangedByNfc = 1 << 12
};

class Data {
 public:
  Data() : traits_(runs()) {}
  uint16_t traits(char32_t c) const { return traits_[c]; }
  static const Data& get() {
    static const Data instance;
    return instance;
  }

 private:
  static std::vector<CodePointTable<uint16_t>::Run> runs() {
    std::map<char32_t, uint16_t> traits;
    for (const CombiningClass& entry : kCombiningClasses) traits[entry.code_point] |= entry.value;
    for (const DecompositionEntry& entry : kCompatible) traits[entry.code_point] |= kHasCompatible;
    for (const Composition& pair : kCompositions) {
      traits[pair.first] |= kBeginsPair;
      traits[pair.second] |= kEndsPair;
    }
    for (const DecompositionEntry& entry : kCanonical) {
      traits[entry.code_point] |= kHasCanonical;
      bool composes = std::any_of(std::begin(kCompositions), std::end(kCompositions),
                                  [&](const Composition& pair) { return pair.composed == entry.code_point; });
      if (!composes) traits[entry.code_point] |= kChangedByNfc;
    }
    for (char32_t c = kSBase; c < kSBase + kSCount; ++c)
      traits[c] |= kHasCanonical | ((c - kSBase) % kTCount == 0 ? kBeginsPair : 0);
    for (char32_t c = kLBase; c < kLBase + kLCount; ++c) traits[c] |= kBeginsPair;
    for (char32_t c = kVBase; c < kVBase + kVCount; ++c) traits[c] |= kEndsPair;
    for (char32_t c = kTBase + 1; c < kTBase + kTCount; ++c) traits[c] |= kEndsPair;
    std::vector<CodePointTable<uint16_t>::Run> out{{0, 0}};
    char32_t next = 0;
    for (auto [c, value] : traits) {
      if (c != next && out.back().value != 0) out.push_back({next, 0});
      if (out.back().start == c) out.back().value = value;
      else if (out.back().value != value) out.push_back({c, value});
      next = c + 1;
    }
    out.push_back({next, 0});
    return out;
  }
  CodePointTable<uint16_t> traits_;
};

uint8_t combining_class(char32_t c) { return static_cast<uint8_t>(Data::get().traits(c) & 0xFF); }

template <size_t n>
const DecompositionEntry* find_entry(const DecompositionEntry (&table)[n], char32_t c) {
  const auto* found =
      std::lower_bound(std::begin(table), std::end(table), c,
                       [](const DecompositionEntry& entry, char32_t wanted) { return entry.code_point < wanted; });
  return found != std::end(table) && found->code_point == c ? found : nullptr;
}

template <typename Emit>
void decompose(char32_t c, bool compatible, Emit&& emit) {
  if (is_syllable(c)) {
    char32_t index = c - kSBase;
    emit(kLBase + index / kNCount);
    emit(kVBase + index % kNCount / kTCount);
    if (index % kTCount != 0) emit(kTBase + index % kTCount);
    return;
  }
  uint16_t traits = Data::get().traits(c);
  if (compatible && (traits & kHasCompatible)) {
    const DecompositionEntry* entry = find_entry(kCompatible, c);
    for (size_t i = 0; i < entry->length; ++i) emit(kCompatibleText[entry->offset + i]);
  } else if (traits & kHasCanonical) {
    const DecompositionEntry* entry = find_entry(kCanonical, c);
    for (size_t i = 0; i < entry->length; ++i) emit(kCanonicalText[entry->offset + i]);
  } else {
    emit(c);
  }
}

// The one character that two compose to, or 0.
char32_t compose(char32_t a, char32_t b) {
  if (a >= kLBase && a < kLBase + kLCount && b >= kVBase && b < kVBase + kVCount)
    return kSBase + (a - kLBase) * kNCount + (b - kVBase) * kTCount;
  if (is_syllable(a) && (a - kSBase) % kTCount == 0 && b > kTBase && b < kTBase + kTCount) return a + (b - kTBase);
  const auto* found = std::lower_bound(std::begin(kCompositions), std::end(kCompositions), std::pair{a, b},
                                       [](const Composition& pair, const auto& wanted) {
                                         return std::pair{pair.first, pair.second} < wanted;
                                       });
  return found != std::end(kCompositions) && found->first == a && found->second == b ? found->composed : 0;
}

// Decomposed, with runs of combining characters in the order of their classes.
std::vector<NormalChar> decomposed(std::string_view text, bool compatible) {
  std::vector<NormalChar> out;
  out.reserve(text.size());
  size_t pending = 0;  // where the present run of combining characters begins
  auto by_class = [](const NormalChar& a, const NormalChar& b) {
    return combining_class(a.code_point) < combining_class(b.code_point);
  };
  auto sort_pending = [&] {
    if (out.size() - pending > 1) std::stable_sort(out.begin() + static_cast<ptrdiff_t>(pending), out.end(), by_class);
  };
  for (const CodePoint c : CodePoints(text)) {
    int change = 0;
    decompose(c.value, compatible, [&](char32_t d) {
      if (combining_class(d) == 0) {
        sort_pending();
        pending = out.size() + 1;
      }
      out.push_back({d, change});
      change = 1;
    });
  }
  pending = std::min(pending, out.size());
  sort_pending();
  return out;
}

// Composition as the reference does it, its changes included: a composed character swallows what it is made of.
std::vector<NormalChar> composed(const std::vector<NormalChar>& in) {
  std::vector<NormalChar> out, blocked;
  out.reserve(in.size());
  NormalChar starter{};
  bool has_starter = false;
  int last_class = -1;  // of the characters between the starter and here; -1: none
  auto flush = [&] {
    if (has_starter) out.push_back(starter);
    out.insert(out.end(), blocked.begin(), blocked.end());
    blocked.clear();
    last_class = -1;
  };
  for (const NormalChar& c : in) {
    int ccc = combining_class(c.code_point);
    if (!has_starter) {
      if (ccc != 0) {
        out.push_back(c);
        continue;
      }
      starter = c;
      has_starter = true;
      continue;
    }
    if (last_class < ccc || last_class == -1) {
      if (char32_t made = compose(starter.code_point, c.code_point)) {
        starter = {made, starter.change + c.change - 1};
        continue;
      }
    }
    if (ccc == 0) {
      flush();
      starter = c;
      continue;
    }
    blocked.push_back(c);
    last_class = ccc;
  }
  flush();
  return out;
}

}  // namespace

bool is_normal(std::string_view text, NormalForm form) {
  static constexpr uint16_t kUnsafe[] = {
      0xFF | kEndsPair | kChangedByNfc,                   // NFC
      0xFF | kHasCanonical,                               // NFD
      0xFF | kEndsPair | kChangedByNfc | kHasCompatible,  // NFKC
      0xFF | kHasCanonical | kHasCompatible,              // NFKD
  };
  uint16_t unsafe = kUnsafe[static_cast<size_t>(form)];
  const Data& data = Data::get();
  for (const CodePoint c : CodePoints(text))
    if (c.value >= 0x80 && (data.traits(c.value) & unsafe)) return false;
  return true;
}

std::vector<NormalChar> normal_characters(std::string_view text, NormalForm form) {
  bool compatible = form == NormalForm::kNfkc || form == NormalForm::kNfkd;
  std::vector<NormalChar> out = decomposed(text, compatible);
  return form == NormalForm::kNfc || form == NormalForm::kNfkc ? composed(out) : out;
}

}  // namespace malmoi::tokenizer

#include "tokenizer/pattern/split_matcher.h"

#include <array>

#include "tokenizer/pattern/digit_groups.h"
#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

// How the patterns of the family differ. All share: words, numbers, runs of other characters, white space that leaves
// its last character to the next word.
enum class Contractions { kNone, kExact, kFolded };
struct Rules {
  Contractions contractions = Contractions::kFolded;
  bool cased = false;         // words are upper* lower+ or upper+ lower*, the contraction at their end
  bool space_prefix = false;  // only a space may begin a word (gpt2); else any one character but letter, number, CR, LF
  int max_digits = 3;         // 0: any number of them, with a space before (gpt2)
  bool newlines = true;       // \s*[\r\n]+ is a piece
  bool slash = false;         // other characters swallow / after them too, besides CR and LF
  bool space_to_end = false;  // white space to the very end is one piece (cl100k as in tiktoken)
};

struct Char {
  uint32_t flags;
  uint32_t length;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), table_(char_classes()) {
    for (char32_t c = 0; c < 128; ++c) ascii_[c] = table_[c];
  }
  // The class of the character at `at`; none beyond the end.
  Char read(std::string_view text, size_t at) const {
    auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) return {ascii_[byte], 1};
    if ((byte & 0xF0) == 0xE0 && at + 2 < text.size()) {
      char32_t c = char32_t{byte & 0x0Fu} << 12 | char32_t{static_cast<unsigned char>(text[at + 1]) & 0x3Fu} << 6 |
                   (static_cast<unsigned char>(text[at + 2]) & 0x3Fu);
      return {table_[c], 3};
    }
    const CodePoint c = code_point_at(text, at);
    return {table_[c.value], static_cast<uint32_t>(c.length())};
  }

 private:
  std::string_view text_;
  const CodePointTable<uint32_t>& table_;
  std::array<uint32_t, 128> ascii_;
};

const Reader& reader() {
  static const Reader instance{{}};
  return instance;
}

bool is_newline(char c) { return c == '\r' || c == '\n'; }

// The length of 's 't 're 've 'm 'll 'd at `at` (text[at] is '), 0 where there is none.
template <Contractions kind>
size_t contraction(std::string_view text, size_t at) {
  if constexpr (kind == Contractions::kNone) return 0;
  if (at >= text.size() || text[at] != '\'') return 0;
  auto letter = [&](size_t i) -> char {
    if (at + i >= text.size()) return 0;
    char c = text[at + i];
    return kind == Contractions::kFolded && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  };
  char c = letter(1);
  if (c == 's' || c == 't' || c == 'm' || c == 'd') return 2;
  if ((c == 'l' && letter(2) == 'l') || (c == 'v' && letter(2) == 'e') || (c == 'r' && letter(2) == 'e')) return 3;
  // The long s folds to s.
  if (kind == Contractions::kFolded && text.substr(at + 1, 2) == "\xC5\xBF") return 3;
  return 0;
}

// The end of the run of characters with one of `flags` from `at`.
inline size_t run_end(const Reader& in, std::string_view text, size_t at, uint32_t flags) {
  while (at < text.size()) {
    Char c = in.read(text, at);
    if ((c.flags & flags) == 0) break;
    at += c.length;
  }
  return at;
}

constexpr uint32_t kUpperClass = kUpper | kTitle | kModifier | kOtherLetter | kMark;
constexpr uint32_t kLowerClass = kLower | kModifier | kOtherLetter | kMark;

// [upper]*[lower]+ from `at`, with the backtracking of a regular expression: 0 where it fails. `upper_end` gets the end
// of the upper run.
size_t cased_word(const Reader& in, std::string_view text, size_t at, size_t& upper_end) {
  size_t last_lower = 0;  // the end of the last character that both classes have
  while (at < text.size()) {
    Char c = in.read(text, at);
    if ((c.flags & kUpperClass) == 0) {
      upper_end = at;
      if ((c.flags & kLowerClass) == 0) return last_lower;
      return run_end(in, text, at, kLowerClass);
    }
    at += c.length;
    if (c.flags & kLowerClass) last_lower = at;
  }
  upper_end = at;
  return last_lower;
}

// The end of the cased word that begins at `begin` (its first character read as `first`), 0 where there is none.
template <Contractions kind>
size_t match_cased(const Reader& in, std::string_view text, size_t begin, Char first) {
  bool prefix = (first.flags & (kLetter | kNumber)) == 0 && !is_newline(text[begin]);
  size_t upper_prefixed = 0, upper_plain = 0, end = 0;
  size_t after = begin + first.length;
  if (prefix) end = cased_word(in, text, after, upper_prefixed);
  if (end == 0 && (first.flags & (kLetter | kMark))) end = cased_word(in, text, begin, upper_plain);
  if (end == 0 && prefix && upper_prefixed > after) end = upper_prefixed;
  if (end == 0 && upper_plain > begin) end = upper_plain;
  return end == 0 ? 0 : end + contraction<kind>(text, end);
}

// White space that begins at `begin`: see the last alternatives of every pattern of the family.
template <Rules rules>
size_t match_space(const Reader& in, std::string_view text, size_t begin) {
  size_t at = begin, last = begin, after_newline = 0;
  while (at < text.size()) {
    Char c = in.read(text, at);
    if ((c.flags & kSpace) == 0) break;
    last = at;
    at += c.length;
    if (is_newline(text[last])) after_newline = at;
  }
  if (rules.space_to_end && at == text.size()) return at;
  if (rules.newlines && after_newline) return after_newline;
  return at == text.size() || last == begin ? at : last;
}

template <Rules rules>
size_t piece_end(const Reader& in, std::string_view text, size_t begin) {
  Char first = in.read(text, begin);
  size_t after = begin + first.length;
  if constexpr (rules.cased) {
    if (size_t end = match_cased<rules.contractions>(in, text, begin, first)) return end;
  } else {
    if (first.flags & kLetter) return run_end(in, text, after, kLetter);
    if (text[begin] == '\'') {
      if (size_t n = contraction<rules.contractions>(text, begin)) return begin + n;
    }
    bool prefix = rules.space_prefix ? text[begin] == ' ' : (first.flags & kNumber) == 0 && !is_newline(text[begin]);
    if (prefix && after < text.size()) {
      Char c = in.read(text, after);
      if (c.flags & kLetter) return run_end(in, text, after + c.length, kLetter);
    }
  }
  size_t body = text[begin] == ' ' && after < text.size() ? after : begin;
  Char c = body == begin ? first : in.read(text, body);
  if constexpr (rules.max_digits == 0) {
    if (c.flags & kNumber) return run_end(in, text, body + c.length, kNumber);
  } else if (first.flags & kNumber) {
    for (int n = 1; n < rules.max_digits && after < text.size(); ++n) {
      Char digit = in.read(text, after);
      if ((digit.flags & kNumber) == 0) break;
      after += digit.length;
    }
    return after;
  }
  if ((c.flags & (kSpace | kLetter | kNumber)) == 0) {
    size_t at = body + c.length;
    while (at < text.size()) {
      Char next = in.read(text, at);
      if (next.flags & (kSpace | kLetter | kNumber)) break;
      at += next.length;
    }
    if constexpr (rules.newlines)
      while (at < text.size() && (is_newline(text[at]) || (rules.slash && text[at] == '/'))) ++at;
    return at;
  }
  return match_space<rules>(in, text, begin);
}

template <Rules rules>
class SplitMatcher final : public CoveringPattern {
 public:
  explicit SplitMatcher(std::string_view source) { source_ = source; }
  size_t next_end(std::string_view text, size_t begin) const override { return piece_end<rules>(in_, text, begin); }

 private:
  const Reader& in_ = reader();  // made when the pattern is, so that no text waits for its tables
};

template <Rules rules>
std::shared_ptr<const Pattern> make(std::string_view source) {
  return std::make_shared<SplitMatcher<rules>>(source);
}

constexpr Rules kGpt2{Contractions::kExact, false, true, 0, false, false, false};
constexpr Rules kCl100k{Contractions::kFolded, false, false, 3, true, false, false};
constexpr Rules kCl100kToEnd{Contractions::kFolded, false, false, 3, true, false, true};
constexpr Rules kQwen2{Contractions::kFolded, false, false, 1, true, false, false};
constexpr Rules kO200k{Contractions::kFolded, true, false, 3, true, true, false};
constexpr Rules kTekken{Contractions::kNone, true, false, 1, true, true, false};
constexpr Rules kGpt2ToEnd{Contractions::kExact, false, true, 0, false, false, true};

#define GPT2_TEXT R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"
#define LLAMA3_HEAD R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|)"
#define LLAMA3_TAIL R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"
#define O200K_UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define O200K_LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
#define O200K_TAIL R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"
#define FOLDED R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
#define O200K_WORD(suffix)                                                                                            \
  R"([^\r\n\p{L}\p{N}]?)" O200K_UPPER "*" O200K_LOWER "+" suffix R"(|[^\r\n\p{L}\p{N}]?)" O200K_UPPER "+" O200K_LOWER \
  "*" suffix

enum class Reading { kBoth, kRustOnly };
struct WellKnown {
  std::string_view regex;
  Reading reading;
  std::shared_ptr<const Pattern> (*make)(std::string_view);
};
// One line a pattern text.
constexpr WellKnown kWellKnown[] = {
    {GPT2_TEXT, Reading::kBoth, make<kGpt2>},
    {R"('(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s)", Reading::kRustOnly,
     make<kGpt2ToEnd>},
    {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s)",
     Reading::kRustOnly, make<kCl100kToEnd>},
    {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)",
     Reading::kBoth, make<kCl100k>},
    {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     Reading::kBoth, make<kCl100k>},
    {LLAMA3_HEAD R"(\p{N}{1,3})" LLAMA3_TAIL, Reading::kBoth, make<kCl100k>},
    {LLAMA3_HEAD R"(\p{N})" LLAMA3_TAIL, Reading::kBoth, make<kQwen2>},
    {O200K_WORD(FOLDED) R"(|\p{N}{1,3})" O200K_TAIL, Reading::kBoth, make<kO200k>},
    {O200K_WORD("") R"(|\p{N})" O200K_TAIL, Reading::kBoth, make<kTekken>},
    {R"(\P{N}*\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N})))", Reading::kBoth, digit_groups},
};

constexpr NamedPattern kNamed[] = {
    {"gpt2", GPT2_TEXT},
    {"cl100k",
     R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)"},
    {"o200k", O200K_WORD(FOLDED) R"(|\p{N}{1,3})" O200K_TAIL},
    {"llama3", LLAMA3_HEAD R"(\p{N}{1,3})" LLAMA3_TAIL},
    {"qwen2", LLAMA3_HEAD R"(\p{N})" LLAMA3_TAIL},
    {"tekken", O200K_WORD("") R"(|\p{N})" O200K_TAIL},
};

}  // namespace

std::shared_ptr<const Pattern> well_known_pattern(std::string_view regex, Dialect dialect) {
  for (const WellKnown& known : kWellKnown)
    if (known.regex == regex && (known.reading == Reading::kBoth || dialect == Dialect::kRust))
      return known.make(regex);
  return nullptr;
}

std::vector<std::string_view> well_known_regexes() {
  std::vector<std::string_view> out;
  for (const WellKnown& known : kWellKnown) out.push_back(known.regex);
  return out;
}

std::span<const NamedPattern> named_patterns() { return kNamed; }

std::string_view pattern_by_name(std::string_view name_or_regex) {
  for (const NamedPattern& named : kNamed)
    if (named.name == name_or_regex) return named.regex;
  return name_or_regex;
}

}  // namespace malmoi::tokenizer

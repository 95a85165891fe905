#include "tokenizer/import/sentencepiece_normalizer.h"

#include "base/utf8.h"
#include "tokenizer/models/marked_words.h"
#include "tokenizer/unicode/code_points.h"

namespace malmoi::tokenizer {
namespace {

// Builds the new text of a NormalizedText; every byte put stands for the same old bytes as its neighbours in the chunk.
class Output {
 public:
  explicit Output(const NormalizedText& old) : old_(old) { text_.reserve(old.text.size() + old.text.size() / 4 + 8); }

  // Bytes that stand for old bytes [begin, end); begin == end: inserted there.
  void put(std::string_view bytes, size_t begin, size_t end) {
    text_ += bytes;
    if (!old_.tracked) return;
    Span span{0, 0};
    if (!old_.source.empty()) {
      if (begin == end) {
        uint32_t at = begin < old_.source.size() ? old_.source[begin].begin : old_.source.back().end;
        span = {at, at};
      } else {
        span = {old_.source[begin].begin, old_.source[end - 1].end};
      }
    }
    source_.insert(source_.end(), bytes.size(), span);
  }
  bool ends_with(std::string_view suffix) const { return std::string_view(text_).ends_with(suffix); }
  void drop(size_t bytes) {
    text_.resize(text_.size() - bytes);
    if (old_.tracked) source_.resize(text_.size());
  }
  void move_to(NormalizedText& target) {
    target.text = std::move(text_);
    if (target.tracked) target.source = std::move(source_);
  }

 private:
  const NormalizedText& old_;
  std::string text_;
  std::vector<Span> source_;
};

// ASCII, and what Chinese characters and Korean syllables begin with: little of what rules put together.
bool is_calm_follower(unsigned char byte) { return byte < 0x80 || (byte >= 0xE4 && byte <= 0xED); }

}  // namespace

SentencePieceNormalizer::SentencePieceNormalizer(SentencePieceNormalization rules)
    : rules_(std::move(rules)), fates_(0x10000, Fate::kLookedUp) {
  for (char32_t c = 1; c < fates_.size(); ++c) fates_[c] = fate_of(c);
  if (rules_.escape_whitespaces && !rules_.whitespace_as_suffix) find_spaces();
}

SentencePieceNormalizer::Fate SentencePieceNormalizer::fate_of(char32_t c) const {
  std::string letter;
  append_utf8(letter, c);
  // Marks are looked at since a text may have its own.
  if (c == ' ' || (c >= 0xD800 && c < 0xE000) || letter == kWordMark || rules_.user_defined.path_length(letter) > 0)
    return Fate::kLookedUp;
  const Charsmap::Path path = rules_.charsmap.follow(letter);
  if (path.met_key) return Fate::kLookedUp;
  if (!path.alive) return Fate::kPlain;
  for (int byte = 1; byte < 256; ++byte)
    if (is_calm_follower(static_cast<unsigned char>(byte)) &&
        rules_.charsmap.goes_on(path, static_cast<unsigned char>(byte)))
      return Fate::kLookedUp;
  return Fate::kCalm;
}

// The ASCII characters that become a space and that no longer rule begins with.
void SentencePieceNormalizer::find_spaces() {
  for (size_t byte = 1; byte < is_space_.size(); ++byte) {
    const std::string text(1, static_cast<char>(byte));
    bool alone = next(text).text == " " && rules_.user_defined.path_length(text) == 0;
    const Charsmap::Path path = rules_.charsmap.follow(text);
    for (int follower = 1; follower < 256 && alone; ++follower)
      alone = !rules_.charsmap.goes_on(path, static_cast<unsigned char>(follower));
    is_space_[byte] = alone;
  }
}

bool SentencePieceNormalizer::reaches_over(std::string_view rest) const {
  const Charsmap::Path path = rules_.charsmap.follow(rest);
  const bool defined = rules_.user_defined.path_length(rest) == rest.size();
  for (size_t byte = 1; byte < is_space_.size() && (path.alive || defined); ++byte) {
    if (!is_space_[byte]) continue;
    if (rules_.charsmap.goes_on(path, static_cast<unsigned char>(byte))) return true;
    if (defined && rules_.user_defined.path_length(std::string(rest) + static_cast<char>(byte)) > rest.size())
      return true;
  }
  return false;
}

size_t SentencePieceNormalizer::plain_end(std::string_view text, size_t at) const {
  // The text is valid UTF-8; the lengths that are decoded here are those of ASCII and of Hangul.
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    uint32_t c = byte;
    size_t length = 1;
    if ((byte & 0xF0) == 0xE0 && at + 2 < text.size()) {
      c = (byte & 0x0Fu) << 12 | (static_cast<unsigned char>(text[at + 1]) & 0x3Fu) << 6 |
          (static_cast<unsigned char>(text[at + 2]) & 0x3Fu);
      length = 3;
    } else if (byte >= 0x80) {
      const CodePoint other = code_point_at(text, at);
      if (!other.valid || other.value >= fates_.size()) break;
      c = other.value;
      length = other.length();
    }
    const Fate fate = fates_[c];
    if (fate == Fate::kLookedUp) break;
    if (fate == Fate::kCalm && at + length < text.size() &&
        !is_calm_follower(static_cast<unsigned char>(text[at + length])))
      break;
    at += length;
  }
  return at;
}

SentencePieceNormalizer::Chunk SentencePieceNormalizer::next(std::string_view rest) const {
  if (!rules_.user_defined.empty()) {
    size_t length =
        rules_.partial_user_defined ? rules_.user_defined.path_length(rest) : rules_.user_defined.longest(rest).length;
    if (length > 0) return {rest.substr(0, length), length};
  }
  if (!rules_.charsmap.empty())
    if (auto match = rules_.charsmap.longest(rest)) return {match->replacement, match->length};
  const CodePoint c = code_point_at(rest, 0);
  return c.valid ? Chunk{c.in(rest), c.end} : Chunk{kReplacementCharacter, 1};
}

template <typename Put>
void SentencePieceNormalizer::rewrite(std::string_view old, size_t at, bool skip_plain, bool& after_space,
                                      Put&& put) const {
  while (at < old.size()) {
    if (skip_plain) {
      if (is_space(old[at])) {  // a chunk of its own that becomes a space
        if (!after_space) put(std::string_view(" "), at, at + 1);
        after_space = rules_.remove_extra_whitespaces;
        ++at;
        continue;
      }
      if (const size_t plain = plain_end(old, at); plain > at) {
        put(old.substr(at, plain - at), at, plain);
        after_space = false;
        at = plain;
        continue;
      }
    }
    Chunk chunk = next(old.substr(at));
    const size_t end = at + chunk.consumed;
    std::string_view piece = chunk.text;
    while (after_space && piece.starts_with(' ')) piece.remove_prefix(1);
    for (size_t i = 0; i < piece.size();) {
      size_t run = std::min(piece.find(' ', i), piece.size());
      if (run > i) put(piece.substr(i, run - i), at, end);
      if (run < piece.size()) put(std::string_view(" "), at, end);
      i = run + 1;
    }
    if (!piece.empty()) after_space = piece.ends_with(' ');
    if (!rules_.remove_extra_whitespaces) after_space = false;
    at = end;
  }
}

bool SentencePieceNormalizer::normalize_word(std::string_view word, std::string& out) const {
  if (plain_end(word, 0) == word.size()) {
    out += word;
    return true;
  }
  for (size_t at = 0; at < word.size(); ++at)
    if (!is_space(word[at]) && reaches_over(word.substr(at))) return false;
  const size_t before = out.size();
  bool after_space = rules_.remove_extra_whitespaces, own_marks = false;
  rewrite(word, 0, true, after_space, [&](std::string_view part, size_t, size_t) {
    own_marks = own_marks || part.find(kWordMark) != std::string_view::npos;
    out += part == " " ? kWordMark : part;
  });
  if (own_marks) return false;
  if (rules_.remove_extra_whitespaces)
    while (out.size() > before && out.ends_with(kWordMark)) out.resize(out.size() - kWordMark.size());
  return true;
}

void SentencePieceNormalizer::normalize(NormalizedText& text) const {
  const std::string_view space = rules_.escape_whitespaces ? kWordMark : std::string_view(" ");
  const std::string_view old = text.text;
  size_t at = 0;
  if (rules_.remove_extra_whitespaces) {
    while (at < old.size()) {
      Chunk chunk = next(old.substr(at));
      if (chunk.text != " ") break;
      at += chunk.consumed;
    }
  }
  Output out(text);
  if (at == old.size()) return out.move_to(text);
  if (rules_.add_dummy_prefix && !rules_.whitespace_as_suffix) out.put(space, at, at);
  bool after_space = rules_.remove_extra_whitespaces;
  rewrite(old, at, !text.tracked, after_space,
          [&](std::string_view part, size_t begin, size_t end) { out.put(part == " " ? space : part, begin, end); });
  if (rules_.remove_extra_whitespaces)
    while (out.ends_with(space)) out.drop(space.size());
  if (rules_.add_dummy_prefix && rules_.whitespace_as_suffix) out.put(space, old.size(), old.size());
  out.move_to(text);
}

void UgmNormalizer::normalize(NormalizedText& text) const {
  const std::string_view space = rules().escape_whitespaces ? kWordMark : std::string_view(" ");
  const bool prepend = rules().add_dummy_prefix && !rules().whitespace_as_suffix;
  const std::string_view old = text.text;
  Output out(text);
  bool prepended = false, in_word = false;
  for (size_t at = 0; at < old.size();) {
    Chunk chunk = next(old.substr(at));
    const size_t end = at + chunk.consumed;
    for (char c : chunk.text) {
      if (c == ' ') {
        in_word = false;
        if (!rules().remove_extra_whitespaces) out.put(space, at, end);
        continue;
      }
      if (!in_word && ((prepend && !prepended) || rules().remove_extra_whitespaces)) {
        out.put(space, at, at);
        prepended = true;
      }
      in_word = true;
      out.put(std::string_view(&c, 1), at, end);
    }
    at = end;
  }
  if (rules().add_dummy_prefix && rules().whitespace_as_suffix) out.put(space, old.size(), old.size());
  out.move_to(text);
}

void SpmNormalizer::normalize(NormalizedText& text) const {
  const std::string_view old = text.text;
  Output out(text);
  if (add_space_prefix_ && (text.first || text.after_special)) out.put(kWordMark, 0, 0);
  for (size_t i = 0; i < old.size();) {
    size_t run = std::min(old.find(' ', i), old.size());
    // One put a run would blur the sources of its characters.
    for (const CodePoint c : CodePoints(old.substr(0, run), i)) out.put(c.in(old), c.begin, c.end);
    if (run < old.size()) out.put(kWordMark, run, run + 1);
    i = run + 1;
  }
  out.move_to(text);
}

}  // namespace malmoi::tokenizer

#include "tokenizer/import/sentencepiece_normalizer.h"

#include "base/utf8.h"
#include "tokenizer/base64.h"

namespace malmoi::tokenizer {
namespace {

constexpr std::string_view kMark = "\xE2\x96\x81";  // U+2581
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

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
  // Where it is not asked where bytes come from.
  void copy(std::string_view bytes) { text_ += bytes; }
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

constexpr std::string_view kPrependMark = R"({"type":"Prepend","prepend":"▁"})";
constexpr std::string_view kEscapeSpaces = R"({"type":"Replace","pattern":{"String":" "},"content":"▁"})";

void write_sequence(const std::vector<std::string>& steps, std::string& out) {
  out += R"({"type":"Sequence","normalizers":[)";
  for (size_t i = 0; i < steps.size(); ++i) out += (i ? "," : "") + steps[i];
  out += "]}";
}

}  // namespace

SentencePieceNormalizer::SentencePieceNormalizer(SentencePieceNormalization rules)
    : rules_(std::move(rules)), plain_(0x10000) {
  std::string letter;
  for (char32_t c = 1; c < plain_.size(); ++c) {
    if (c == ' ' || (c >= 0xD800 && c < 0xE000)) continue;
    letter.clear();
    append_utf8(letter, c);
    plain_[c] = rules_.user_defined.path_length(letter) == 0 && !rules_.charsmap.meets(letter);
  }
}

size_t SentencePieceNormalizer::plain_end(std::string_view text, size_t at) const {
  // The text is valid UTF-8; the lengths that are decoded here are those of ASCII and of Hangul.
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      if (!plain_[byte]) break;
      ++at;
    } else if ((byte & 0xF0) == 0xE0 && at + 2 < text.size()) {
      const uint32_t c = (byte & 0x0Fu) << 12 | (static_cast<unsigned char>(text[at + 1]) & 0x3Fu) << 6 |
                         (static_cast<unsigned char>(text[at + 2]) & 0x3Fu);
      if (!plain_[c]) break;
      at += 3;
    } else {
      const Utf8Char c = decode_utf8(text, at);
      if (!c.valid || c.code_point >= plain_.size() || !plain_[c.code_point]) break;
      at += c.length;
    }
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
  Utf8Char c = decode_utf8(rest, 0);
  if (!c.valid) return {kReplacement, 1};
  return {rest.substr(0, c.length), c.length};
}

void SentencePieceNormalizer::normalize(NormalizedText& text) const {
  const std::string_view space = rules_.escape_whitespaces ? kMark : std::string_view(" ");
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
  while (at < old.size()) {
    if (!text.tracked) {
      if (const size_t plain = plain_end(old, at); plain > at) {
        out.copy(old.substr(at, plain - at));
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
      if (run > i) out.put(piece.substr(i, run - i), at, end);
      if (run < piece.size()) out.put(space, at, end);
      i = run + 1;
    }
    if (!piece.empty()) after_space = piece.ends_with(' ');
    if (!rules_.remove_extra_whitespaces) after_space = false;
    at = end;
  }
  if (rules_.remove_extra_whitespaces)
    while (out.ends_with(space)) out.drop(space.size());
  if (rules_.add_dummy_prefix && rules_.whitespace_as_suffix) out.put(space, old.size(), old.size());
  out.move_to(text);
}

void UgmNormalizer::normalize(NormalizedText& text) const {
  const std::string_view space = rules().escape_whitespaces ? kMark : std::string_view(" ");
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
  if (add_space_prefix_ && (text.first || text.after_special)) out.put(kMark, 0, 0);
  for (size_t i = 0; i < old.size();) {
    size_t run = std::min(old.find(' ', i), old.size());
    // One put a run would blur the sources of its characters.
    for (size_t k = i; k < run;) {
      size_t length = decode_utf8(old, k).length;
      out.put(old.substr(k, length), k, k + length);
      k += length;
    }
    if (run < old.size()) out.put(kMark, run, run + 1);
    i = run + 1;
  }
  out.move_to(text);
}

Status SentencePieceNormalizer::write_json(std::string& out) const {
  if (rules_.whitespace_as_suffix)
    return unsupported("tokenizer.json cannot put the mark of a word at its end", "normalizer",
                       "keep the SentencePiece .model, which opens here too");
  std::vector<std::string> steps;
  if (!rules_.charsmap.empty())
    steps.push_back(R"({"type":"Precompiled","precompiled_charsmap":")" + encode_base64(rules_.charsmap.blob()) +
                    "\"}");
  if (rules_.remove_extra_whitespaces) {
    steps.emplace_back(R"({"type":"Strip","strip_left":true,"strip_right":true})");
    steps.emplace_back(R"({"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "})");
  }
  if (rules_.add_dummy_prefix) steps.emplace_back(kPrependMark);
  if (rules_.escape_whitespaces) steps.emplace_back(kEscapeSpaces);
  write_sequence(steps, out);
  return {};
}

Status SpmNormalizer::write_json(std::string& out) const {
  std::vector<std::string> steps;
  if (add_space_prefix_) steps.emplace_back(kPrependMark);
  steps.emplace_back(kEscapeSpaces);
  write_sequence(steps, out);
  return {};
}

}  // namespace malmoi::tokenizer

// A text on its way to ids: its present bytes, where each came from, and the pieces it is cut into.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace malmoi::tokenizer {

struct Span {
  uint32_t begin, end;
  bool operator==(const Span&) const = default;
};

/// What a normalizer works on: one section of the text between special tokens. Follows Hugging Face tokenizers'
/// NormalizedString: every byte of `text` knows the byte range of the original that it stands for. `source` is filled
/// only where offsets are asked for (`tracked`); it then has one span a byte of `text`.
struct NormalizedText {
  std::string text;  // valid UTF-8
  std::vector<Span> source;
  uint32_t origin = 0;  // where the section begins in the original, in bytes
  bool tracked = false;
  bool first = true;           // the first section of the text
  bool after_special = false;  // a special token stands right before it

  /// The section [begin, begin + section.size()) of an original text.
  static NormalizedText of(std::string_view section, uint32_t begin, bool tracked);
  void prepend(std::string_view prefix);
};

/// Rewrites a NormalizedText character by character, as NormalizedString::transform does. `change` tells what a
/// character put stands for: 0 replaces the next old character, 1 is inserted (shares the source of what precedes), -n
/// replaces the next and swallows n more. `skip` old characters are dropped first. The rest is dropped at `finish`.
class Rewriter {
 public:
  Rewriter(NormalizedText& text, size_t skip);
  void put(char32_t c, int change);
  /// The last character put swallows n more old ones (nothing was put yet: nothing happens, as in the reference).
  void swallow(int n);
  void finish();

 private:
  size_t next_old();  // bytes of the next old character

  NormalizedText& target_;
  std::string out_;
  std::vector<Span> source_;
  size_t at_ = 0;
};

/// A piece of the present text: [begin, end) in its bytes.
struct Piece {
  uint32_t begin, end;
  uint32_t origin;     // where it begins in the original text, in bytes (exact only where tracked)
  int32_t token = -1;  // the id of an added token that was found there; else text still to be tokenised
};

/// The whole text during pre-tokenisation. Bytes are a view of the caller's text until something rewrites them.
class Draft {
 public:
  Draft(std::string_view original, bool tracked) : view_(original), tracked_(tracked) {}
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  std::string_view bytes() const { return view_; }
  std::string_view text(const Piece& piece) const { return view_.substr(piece.begin, piece.end - piece.begin); }
  bool tracked() const { return tracked_; }
  /// Tracked: the original byte range of a range of bytes; else the range itself.
  Span source_of(uint32_t begin, uint32_t end) const;
  std::vector<Span>& source() { return source_; }

  /// Replaces all bytes (and sources); the caller sets `pieces` anew.
  void replace_bytes(std::string bytes, std::vector<Span> source);
  /// A copy of a piece, with its sources, to be rewritten.
  NormalizedText take(const Piece& piece) const;

  std::vector<Piece> pieces;
  /// The bytes stand for themselves where the tokenizer file has the byte alphabet (byte-level pre-tokenizer last): the
  /// model is given raw bytes.
  bool raw_bytes = false;

 private:
  std::string_view view_;
  std::string owned_;
  std::vector<Span> source_;
  bool tracked_;
};

}  // namespace malmoi::tokenizer

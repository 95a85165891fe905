// Cutting the pieces of a draft, and rewriting them one by one: what every pre-tokenizer is made of.
#pragma once

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tokenizer/pattern/pattern.h"
#include "tokenizer/pipeline/text.h"

namespace malmoi::tokenizer {

/// What becomes of the matches of a pattern; the names of tokenizer.json.
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };
inline constexpr std::string_view kBehaviorNames[] = {"Removed", "Isolated", "MergedWithPrevious", "MergedWithNext",
                                                      "Contiguous"};

/// A part of a piece, in bytes of the piece; `match`: the pattern matched it.
struct Part {
  Span span;
  bool match;
};

/// Matches and what lies between them, in order, covering the text. Empty matches are parts too.
void parts_of_matches(std::string_view text, const std::vector<Span>& matches, std::vector<Part>& parts);
/// What is kept of parts, as `behavior` has it, by the rule of the reference (NormalizedString::split).
void apply_behavior(std::vector<Part>& parts, SplitBehavior behavior);

/// Replaces each text piece of the draft by the spans that `cut(text, spans)` appends; empty ones are dropped.
template <typename Cut>
void cut_pieces(Draft& draft, Cut&& cut) {
  std::vector<Piece> out;
  out.reserve(draft.pieces.size() * 2);
  std::vector<Span> spans;
  std::string_view last;  // what `spans` belong to: a run of one character has many pieces of one text
  for (const Piece& piece : draft.pieces) {
    if (piece.token >= 0) {
      out.push_back(piece);
      continue;
    }
    if (std::string_view text = draft.text(piece); text != last || text.empty()) {
      spans.clear();
      cut(text, spans);
      last = text;
    }
    if (out.capacity() - out.size() < spans.size())
      out.reserve(std::max(2 * out.capacity(), out.size() + spans.size()));
    for (Span span : spans) {
      if (span.begin >= span.end) continue;
      uint32_t begin = piece.begin + span.begin;
      uint32_t origin = draft.tracked() ? draft.source()[begin].begin : piece.origin + span.begin;
      out.push_back({begin, piece.begin + span.end, origin, -1});
    }
  }
  draft.pieces = std::move(out);
}

/// Cuts by the matches that `find(text, matches)` appends (`invert`: what does not match counts as the match).
template <typename Find>
requires std::is_invocable_v < Find, std::string_view, std::vector<Span>
& > void split_pieces(Draft& draft, SplitBehavior behavior, bool invert, Find&& find) {
  std::vector<Span> matches;
  std::vector<Part> parts;
  cut_pieces(draft, [&](std::string_view text, std::vector<Span>& spans) {
    matches.clear();
    parts.clear();
    find(text, matches);
    parts_of_matches(text, matches, parts);
    if (invert)
      for (Part& part : parts) part.match = !part.match;
    apply_behavior(parts, behavior);
    for (const Part& part : parts) spans.push_back(part.span);
  });
}

/// Cuts by the matches of a pattern.
inline void split_pieces(Draft& draft, SplitBehavior behavior, bool invert, const Pattern& pattern) {
  split_pieces(draft, behavior, invert,
               [&](std::string_view text, std::vector<Span>& matches) { pattern.find_all(text, matches); });
}
/// Cuts by the characters with one of `flags` (CharClass), each a match of its own.
void split_by_class(Draft& draft, SplitBehavior behavior, uint32_t flags);

/// Rewrites each text piece by `rewrite(NormalizedText&)`; pieces that become empty are dropped.
template <typename Rewrite>
void rewrite_pieces(Draft& draft, Rewrite&& rewrite) {
  std::string bytes;
  std::vector<Span> source;
  std::vector<Piece> out;
  out.reserve(draft.pieces.size());
  for (const Piece& piece : draft.pieces) {
    NormalizedText text = draft.take(piece);
    if (piece.token < 0) rewrite(text);
    if (text.text.empty() && piece.token < 0) continue;
    auto begin = static_cast<uint32_t>(bytes.size());
    bytes += text.text;
    source.insert(source.end(), text.source.begin(), text.source.end());
    out.push_back({begin, static_cast<uint32_t>(bytes.size()), piece.origin, piece.token});
  }
  draft.replace_bytes(std::move(bytes), std::move(source));
  draft.pieces = std::move(out);
}

}  // namespace malmoi::tokenizer

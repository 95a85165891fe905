#include "tokenizer/pipeline/text.h"
#include "tokenizer/unicode/code_points.h"

#include "base/utf8.h"

namespace malmoi::tokenizer {

NormalizedText NormalizedText::of(std::string_view section, uint32_t begin, bool tracked) {
  NormalizedText out;
  out.text = section;
  out.origin = begin;
  out.tracked = tracked;
  if (!tracked) return out;
  out.source.reserve(section.size());
  for (const CodePoint c : CodePoints(section))
    out.source.insert(out.source.end(), c.length(),
                      Span{begin + static_cast<uint32_t>(c.begin), begin + static_cast<uint32_t>(c.end)});
  return out;
}

void NormalizedText::prepend(std::string_view prefix) {
  if (text.empty() || prefix.empty()) return;
  // As the reference: the first inserted character takes the place (and the source) of the first old one.
  if (tracked) source.insert(source.begin(), prefix.size(), source.front());
  text.insert(0, prefix);
}

Rewriter::Rewriter(NormalizedText& text, size_t skip) : target_(text) {
  out_.reserve(text.text.size() + text.text.size() / 8);
  if (text.tracked) source_.reserve(out_.capacity());
  for (size_t i = 0; i < skip; ++i) at_ += next_old();
}

size_t Rewriter::next_old() { return at_ < target_.text.size() ? code_point_at(target_.text, at_).length() : 0; }

void Rewriter::put(char32_t c, int change) {
  size_t before = out_.size();
  append_utf8(out_, c);
  if (target_.tracked) {
    Span span{target_.origin, target_.origin};
    if (change > 0) {
      if (at_ > 0) span = target_.source[at_ - 1];
    } else if (at_ < target_.source.size()) {
      span = target_.source[at_];
    } else if (!target_.source.empty()) {
      span = target_.source.back();
    }
    source_.insert(source_.end(), out_.size() - before, span);
  }
  if (change > 0) return;
  for (int i = change; i <= 0; ++i) at_ += next_old();
}

void Rewriter::swallow(int n) {
  for (int i = 0; i < n && !out_.empty(); ++i) at_ += next_old();
}

void Rewriter::finish() {
  target_.text = std::move(out_);
  target_.source = std::move(source_);
}

Span Draft::source_of(uint32_t begin, uint32_t end) const {
  if (!tracked_ || begin >= end || end > source_.size()) return {begin, end};
  return {source_[begin].begin, source_[end - 1].end};
}

void Draft::replace_bytes(std::string bytes, std::vector<Span> source) {
  owned_ = std::move(bytes);
  view_ = owned_;
  source_ = std::move(source);
}

NormalizedText Draft::take(const Piece& piece) const {
  NormalizedText out;
  out.text = text(piece);
  out.origin = piece.origin;
  out.tracked = tracked_;
  if (tracked_) out.source.assign(source_.begin() + piece.begin, source_.begin() + piece.end);
  return out;
}

}  // namespace malmoi::tokenizer

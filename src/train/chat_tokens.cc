#include "train/chat_tokens.h"

#include <algorithm>

#include "base/utf8.h"
#include "tokenizer/parts.h"

namespace malmoi::train {
namespace {

// Where each code point of a text begins, and its end.
std::vector<size_t> code_point_bytes(std::string_view text) {
  std::vector<size_t> bytes;
  for (size_t at = 0; at < text.size(); at += decode_utf8(text, at).length) bytes.push_back(at);
  bytes.push_back(text.size());
  return bytes;
}

}  // namespace

uint64_t ChatTokens::targets() const {
  return static_cast<uint64_t>(std::count(learned.begin(), learned.end(), uint8_t{1}));
}

void ChatTokens::cut(size_t length) {
  ids.resize(std::min(length, ids.size()));
  learned.resize(ids.size());
}

Result<ChatTokenizer> ChatTokenizer::make(const tokenizer::Tokenizer& tokenizer) {
  if (tokenizer.parts().truncation)
    return unsupported("the tokenizer cuts every text to a length of its own", "tokenizer.json: truncation",
                       "set it to null there; data.sequence_length and data.long_rows say what is cut");
  return ChatTokenizer(tokenizer);
}

void ChatTokenizer::add_piece(std::string_view piece, size_t offset, bool parse_special, PlacedTokens& out) const {
  if (piece.empty()) return;
  const tokenizer::Encoding encoding =
      tokenizer_->encode_full(piece, {.add_special = false, .parse_special = parse_special});
  const std::vector<size_t> bytes = code_point_bytes(piece);
  const size_t last = bytes.size() - 1;
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    if (encoding.attention_mask[i] == 0) continue;  // padding that the file asks for
    out.ids.push_back(encoding.ids[i]);
    out.places.emplace_back(offset + bytes[std::min<size_t>(encoding.offsets[i].first, last)],
                            offset + bytes[std::min<size_t>(encoding.offsets[i].second, last)]);
  }
}

PlacedTokens ChatTokenizer::place(const chat::LearnedText& text, TextSpan part, bool begins) const {
  const std::string_view whole = text.text;
  PlacedTokens made;
  bool template_begins = true;  // its first token, if any, is what the template writes
  auto add = [&](size_t begin, size_t end, bool literal) {
    begin = std::max(begin, part.first);
    end = std::min(end, part.second);
    if (begin >= end) return;
    if (made.ids.empty()) template_begins = !literal;
    add_piece(whole.substr(begin, end - begin), begin, !literal, made);
  };
  size_t at = part.first;
  for (auto [begin, end] : text.literal) {
    if (end <= at) continue;
    add(at, begin, false);
    add(begin, end, true);
    at = std::max(at, end);
  }
  add(at, part.second, false);
  if (!begins) return made;
  const std::vector<int32_t>& before = marks_.before;
  const bool written_out =
      template_begins && made.ids.size() >= before.size() && std::equal(before.begin(), before.end(), made.ids.begin());
  if (written_out) return made;
  made.ids.insert(made.ids.begin(), before.begin(), before.end());
  made.places.insert(made.places.begin(), before.size(), {part.first, part.first});
  return made;
}

ChatTokens ChatTokenizer::tokens(const chat::LearnedText& text, std::span<const TextSpan> learned) const {
  PlacedTokens placed = place(text, {0, text.text.size()}, true);
  ChatTokens made{.ids = std::move(placed.ids)};
  made.learned.assign(made.ids.size(), 0);
  auto span = learned.begin();
  for (size_t t = 0; t < made.ids.size(); ++t) {
    const size_t begin = placed.places[t].first;
    while (span != learned.end() && span->second <= begin) ++span;
    if (span == learned.end()) break;
    made.learned[t] = begin >= span->first;
  }
  if (text.end_of_text && marks_.after) {
    made.ids.push_back(*marks_.after);
    made.learned.push_back(!learned.empty() && learned.back().second == text.text.size());
  }
  if (!made.learned.empty()) made.learned[0] = 0;  // nothing stands before it
  const auto last = std::find(made.learned.rbegin(), made.learned.rend(), uint8_t{1});
  made.cut(static_cast<size_t>(made.learned.rend() - last));
  return made;
}

}  // namespace malmoi::train

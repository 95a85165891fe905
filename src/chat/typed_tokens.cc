#include "chat/typed_tokens.h"

#include <algorithm>

namespace malmoi::chat {
namespace {

constexpr std::string_view kBegin = "\xEF\xB7\x90", kEnd = "\xEF\xB7\x91";

// U+FDD0 to U+FDDF: ours, and those of anchors.cc.
bool is_mark(std::string_view text) {
  return text.size() >= kBegin.size() && text.starts_with(kBegin.substr(0, 2)) &&
         (static_cast<unsigned char>(text[2]) & 0xF0) == 0x90;
}

}  // namespace

TypedTokens::TypedTokens(std::vector<std::string> special_tokens) : tokens_(std::move(special_tokens)) {
  std::erase_if(tokens_, [](const std::string& token) { return token.empty(); });
  std::sort(tokens_.begin(), tokens_.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  for (const std::string& token : tokens_) {
    if (first_bytes_.find(token[0]) == first_bytes_.npos) first_bytes_ += token[0];
  }
}

std::string_view TypedTokens::at_beginning(std::string_view text) const {
  for (const std::string& token : tokens_) {
    if (text.starts_with(token)) return token;
  }
  return {};
}

std::string TypedTokens::marked(std::string_view text) const {
  std::string clean, out;
  for (size_t at = 0; at < text.size();) {
    if (is_mark(text.substr(at))) at += kBegin.size();
    else clean += text[at++];
  }
  for (size_t at = 0; at < clean.size();) {
    size_t next = std::min(clean.find_first_of(first_bytes_, at), clean.size());
    out.append(clean, at, next - at);
    at = next;
    if (at >= clean.size()) break;
    std::string_view token = at_beginning(std::string_view(clean).substr(at));
    if (token.empty()) {
      out += clean[at++];
      continue;
    }
    ((out += kBegin) += token) += kEnd;
    at += token.size();
  }
  return out;
}

TypedTokens::Unmarked TypedTokens::unmarked(std::string_view text) const {
  Unmarked made;
  while (!text.empty()) {
    size_t mark = text.find(kBegin.substr(0, 2));
    made.text += text.substr(0, mark);
    if (mark == text.npos) break;
    text.remove_prefix(mark);
    if (!is_mark(text)) {
      made.text += text.substr(0, 2);
      text.remove_prefix(2);
      continue;
    }
    const bool opens = text.starts_with(kBegin);
    text.remove_prefix(kBegin.size());
    std::string_view token = opens ? at_beginning(text) : std::string_view();
    if (token.empty() || !text.substr(token.size()).starts_with(kEnd)) continue;
    made.typed.emplace_back(made.text.size(), made.text.size() + token.size());
    made.text += token;
    text.remove_prefix(token.size() + kEnd.size());
  }
  return made;
}

}  // namespace malmoi::chat

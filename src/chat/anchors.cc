#include "chat/anchors.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/mark_finder.h"
#include "base/utf8.h"
#include "chat/jinja/unicode.h"

namespace malmoi::chat {
namespace {

constexpr std::string_view kWordsBegin = "\xEF\xB7\x94", kWordsEnd = "\xEF\xB7\x95";
constexpr size_t kMarkBytes = 3, kDigits = 4;  // of eight values each
constexpr unsigned char kZero = 0x98;          // the last byte of U+FDD8
constexpr size_t kAnchorBytes = kMarkBytes * (1 + kDigits);

// What templates look for in answers, to take thoughts apart from them: no words.
constexpr std::array<std::string_view, 4> kThoughtTags = {"<think>", "</think>", "[THINK]", "[/THINK]"};

std::string number_text(size_t number) {
  std::string text;
  for (size_t digit = kDigits; digit-- > 0;) {
    text += kWordsBegin.substr(0, 2);
    text += static_cast<char>(kZero + (number >> (3 * digit) & 7));
  }
  return text;
}

// The anchor that a text begins with.
std::optional<Anchor> anchor_at(std::string_view text) {
  const bool begins = text.starts_with(kWordsBegin);
  if (text.size() < kAnchorBytes || !(begins || text.starts_with(kWordsEnd))) return {};
  size_t number = 0;
  for (size_t digit = 1; digit <= kDigits; ++digit) {
    const std::string_view part = text.substr(digit * kMarkBytes, kMarkBytes);
    const auto last = static_cast<unsigned char>(part[2]);
    if (!part.starts_with(kWordsBegin.substr(0, 2)) || last < kZero || last > kZero + 7) return {};
    number = number * 8 + (last - kZero);
  }
  return Anchor{0, number, begins};
}

size_t space_before(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const Utf8Char c = decode_utf8(text, at);
    if (!jinja::is_space(c.code_point)) break;
    at += c.length;
  }
  return at;
}

// Where the white space at the end of a text begins.
size_t space_behind(std::string_view text) {
  size_t end = text.size();
  while (end > 0) {
    size_t at = end - 1;
    while (at > 0 && is_utf8_continuation(text[at])) --at;
    if (!jinja::is_space(decode_utf8(text, at).code_point)) break;
    end = at;
  }
  return end;
}

std::string between_anchors(std::string_view text, size_t begin, size_t end, size_t number) {
  if (begin >= end) return std::string(text);
  const std::string digits = number_text(number);
  std::string out(text.substr(0, begin));
  for (std::string_view part : {kWordsBegin, std::string_view(digits), text.substr(begin, end - begin), kWordsEnd,
                                std::string_view(digits), text.substr(end)})
    out += part;
  return out;
}

std::string anchored_words(std::string_view text, size_t number) {
  return between_anchors(text, space_before(text), space_behind(text), number);
}

// Each part between tags by itself.
std::string anchored_answer(std::string_view text, size_t number) {
  std::string out;
  MarkFinder tags(text, kThoughtTags);
  for (size_t begin = 0; begin < text.size();) {
    const MarkFinder::Found found = tags.next(begin);
    out += anchored_words(text.substr(begin, found.at - begin), number);
    if (found.at == text.npos) break;
    out += kThoughtTags[found.mark];
    begin = found.at + kThoughtTags[found.mark].size();
  }
  return out;
}

// Templates tell results of tools by the tags around them: marks stand within.
std::string anchored_question(std::string_view text, size_t number) {
  size_t begin = space_before(text), end = space_behind(text);
  while (begin < end && text[begin] == '<') {
    const size_t closes = text.find('>', begin);
    if (closes == text.npos || closes >= end) break;
    begin = closes + 1 + space_before(text.substr(closes + 1));
  }
  while (begin < end && text[end - 1] == '>') {
    const size_t opens = text.rfind('<', end - 1);
    if (opens == text.npos || opens < begin) break;
    end = begin + space_behind(text.substr(begin, opens - begin));
  }
  return between_anchors(text, begin, end, number);
}

void anchor_leaves(Json& value, size_t number) {
  if (value.is_string()) value = anchored_words(value.get_ref<const std::string&>(), number);
  if (!value.is_structured()) return;
  for (auto& item : value) anchor_leaves(item, number);
}

void anchor_call(Json& call, size_t number, CallAnchors which) {
  Json& function = call["function"];
  if (which == CallAnchors::kArguments) anchor_leaves(function["arguments"], number);
  else if (function["name"].is_string()) function["name"] = anchored_words(json_string(function, "name"), number);
}

// Where a text is cut to be read: at a mark, or where a block of the template begins or ends.
struct Cut {
  size_t at = 0;
  size_t* edge = nullptr;  // takes the place in what is read
  std::optional<Anchor> anchor = {};
};

}  // namespace

void place_anchors(Json& message, size_t number, CallAnchors calls) {
  const std::string role = json_string(message, "role");
  if (role == "system" || role == "developer") return;
  const bool answers = role == "assistant";
  auto anchor = [&](Json& text) {
    const std::string words = text.get<std::string>();
    text = answers ? anchored_answer(words, number) : anchored_question(words, number);
  };
  Json& content = message["content"];
  if (content.is_string()) anchor(content);
  if (content.is_array()) {
    for (Json& part : content) {
      if (part.is_object() && part.contains("text") && part["text"].is_string()) anchor(part["text"]);
    }
  }
  if (!answers) return;
  if (message.contains("reasoning_content"))
    message["reasoning_content"] = anchored_words(json_string(message, "reasoning_content"), number);
  if (!message.contains("tool_calls")) return;
  for (Json& call : message["tool_calls"]) anchor_call(call, number, calls);
}

std::vector<size_t> AnchoredText::of(size_t message, bool begins) const {
  std::vector<size_t> places;
  for (const Anchor& anchor : anchors) {
    if (anchor.message == message && anchor.begins == begins) places.push_back(anchor.at);
  }
  return places;
}

std::optional<AnchoredText::Span> AnchoredText::behind(size_t message, size_t n) const {
  std::optional<size_t> found;
  for (size_t i = 0; i < anchors.size(); ++i) {
    if (anchors[i].message != message || anchors[i].begins) continue;
    found = i;
    if (n-- == 0) break;
  }
  if (!found) return {};
  return Span{anchors[*found].at, *found + 1 < anchors.size() ? anchors[*found + 1].at : text.size()};
}

AnchoredText read_anchors(const TypedTokens& tokens, const jinja::Rendered& shown) {
  const std::string_view text = shown.text;
  AnchoredText made;
  made.generated.resize(shown.spans.size());
  std::vector<Cut> cuts;
  for (size_t i = 0; i < shown.spans.size(); ++i) {
    cuts.push_back({.at = shown.spans[i].first, .edge = &made.generated[i].first});
    cuts.push_back({.at = shown.spans[i].second, .edge = &made.generated[i].second});
  }
  for (size_t at = text.find(kWordsBegin.substr(0, 2)); at != text.npos; at = text.find(kWordsBegin.substr(0, 2), at)) {
    std::optional<Anchor> anchor = anchor_at(text.substr(at));
    if (anchor) cuts.push_back({.at = at, .anchor = anchor});
    at += anchor ? kAnchorBytes : 2;
  }
  std::stable_sort(cuts.begin(), cuts.end(), [](const Cut& a, const Cut& b) { return a.at < b.at; });
  size_t taken = 0;
  auto take_to = [&](size_t end) {
    if (end < taken) return;
    TypedTokens::Unmarked part = tokens.unmarked(text.substr(taken, end - taken));
    for (auto [first, last] : part.typed) made.literal.emplace_back(first + made.text.size(), last + made.text.size());
    made.text += part.text;
    taken = end;
  };
  for (const Cut& cut : cuts) {
    take_to(cut.at);
    if (cut.edge) *cut.edge = made.text.size();
    if (!cut.anchor) continue;
    made.anchors.push_back({made.text.size(), cut.anchor->message, cut.anchor->begins});
    taken = cut.at + kAnchorBytes;
  }
  take_to(text.size());
  return made;
}

}  // namespace malmoi::chat

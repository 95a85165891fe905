// Comments and elements of wikitext: which go with what they hold, which leave it, and what only looks like one.
#include <gumbo.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/ascii.h"
#include "base/utf8.h"
#include "data/readers/markdown.h"
#include "data/readers/wiki_steps.h"

namespace malmoi::data::wiki {
namespace {

enum class Element {
  kNone,     // no element of MediaWiki: the sign is text
  kTag,      // the tag goes, what it holds stays
  kBreak,    // <br>: a line ends
  kDropped,  // goes with what it holds
  kLiteral,  // what it holds is no markup
  kCode,     // the same, and it is code
  kFormula
};

Element kind_of(std::string_view name) {
  static const std::unordered_map<std::string_view, Element> kKinds = [] {
    std::unordered_map<std::string_view, Element> kinds;
    auto add = [&](Element kind, std::initializer_list<std::string_view> names) {
      for (std::string_view n : names) kinds[n] = kind;
    };
    add(Element::kTag,
        {"abbr",        "b",          "bdi",       "bdo",       "big",   "blockquote", "caption", "center", "cite",
         "code",        "data",       "dd",        "del",       "dfn",   "div",        "dl",      "dt",     "em",
         "font",        "h1",         "h2",        "h3",        "h4",    "h5",         "h6",      "i",      "ins",
         "kbd",         "li",         "link",      "mark",      "meta",  "ol",         "p",       "poem",   "q",
         "rb",          "rp",         "rtc",       "ruby",      "s",     "samp",       "section", "small",  "span",
         "strike",      "strong",     "sub",       "sup",       "table", "tbody",      "td",      "th",     "thead",
         "tfoot",       "time",       "tr",        "tt",        "u",     "ul",         "var",     "wbr",    "noinclude",
         "onlyinclude", "references", "indicator", "translate", "tvar",  "languages"});
    add(Element::kBreak, {"br", "hr"});
    add(Element::kDropped,
        {"ref", "gallery", "timeline", "score", "imagemap", "graph", "templatestyles", "templatedata", "mapframe",
         "maplink", "hiero", "inputbox", "includeonly", "categorytree", "charinsert", "rt", "style", "script"});
    add(Element::kLiteral, {"nowiki", "pre"});
    add(Element::kCode, {"syntaxhighlight", "source"});
    add(Element::kFormula, {"math", "chem", "ce"});
    return kinds;
  }();
  auto found = kKinds.find(name);
  return found == kKinds.end() ? Element::kNone : found->second;
}

// `a<b and c>d` compares: a tag has attributes with values, or one of few words.
bool are_attributes(std::string_view text) {
  constexpr std::array<std::string_view, 8> kFlags = {"/",          "nowrap",   "inline",  "line",
                                                      "responsive", "reversed", "compact", "noprint"};
  text = ascii_trim(text);
  if (text.empty()) return true;
  if (text.front() == '/') text.remove_prefix(1);
  if (text.find('=') != std::string_view::npos) return true;
  while (!(text = ascii_trim(text)).empty()) {
    size_t end = std::min(text.find_first_of(" \t\n"), text.size());
    if (std::find(kFlags.begin(), kFlags.end(), text.substr(0, end)) == kFlags.end()) return false;
    text.remove_prefix(end);
  }
  return true;
}

class Tags {
 public:
  explicit Tags(std::string_view text) : text_(text), lower_(ascii_lower(text)) {}

  std::string run() {
    for (size_t i = 0; i < text_.size();) {
      size_t sign = std::min(text_.find('<', i), text_.size());
      out_.append(text_, i, sign - i);
      i = sign < text_.size() ? read_sign(sign) : sign;
    }
    return std::move(out_);
  }

 private:
  // Reads what begins at `<`; returns where to go on.
  size_t read_sign(size_t at) {
    if (text_.compare(at, 4, "<!--") == 0) {
      size_t end = text_.find("-->", at + 4);
      return end == std::string_view::npos ? text_.size() : end + 3;
    }
    bool closing = at + 1 < text_.size() && text_[at + 1] == '/';
    size_t name_begin = at + 1 + closing, name_end = name_begin;
    while (name_end < text_.size() && std::isalnum(static_cast<unsigned char>(text_[name_end]))) ++name_end;
    std::string_view name = std::string_view(lower_).substr(name_begin, name_end - name_begin);
    Element kind = kind_of(name);
    size_t close = kind == Element::kNone ? std::string_view::npos : tag_end(name_end);
    if (close == std::string_view::npos || !are_attributes(text_.substr(name_end, close - name_end))) {
      out_ += '<';
      return at + 1;
    }
    bool opening = !closing && text_[close - 1] != '/';
    if (kind == Element::kBreak) out_ += '\n';
    if (!opening || kind == Element::kTag || kind == Element::kBreak) return close + 1;
    size_t end = find_close(name, close + 1);
    if (end == std::string_view::npos) return close + 1;  // without its end, the tag alone goes
    take_content(kind, text_.substr(close + 1, end - close - 1));
    size_t after = text_.find('>', end);
    size_t next = after == std::string_view::npos ? text_.size() : after + 1;
    bool fenced = kind == Element::kCode && out_.ends_with('\n');
    return fenced && next < text_.size() && text_[next] == '\n' ? next + 1 : next;
  }

  // The `>` of a tag; a further `<` before it says that this is none. Quoted values may hold both.
  size_t tag_end(size_t at) const {
    constexpr size_t kLongestTag = 4096;
    char quote = 0;
    for (size_t i = at; i < text_.size() && i - at < kLongestTag; ++i) {
      char c = text_[i];
      if (quote != 0) quote = c == quote ? '\0' : quote;
      else if (c == '"') quote = c;
      else if (c == '>') return i;
      else if (c == '<') break;
    }
    return std::string_view::npos;
  }

  // `</name`; that there is none behind a place is remembered, or many openings would take quadratic time.
  size_t find_close(std::string_view name, size_t at) {
    auto [known, fresh] = none_after_.try_emplace(std::string(name), lower_.size());
    if (at >= known->second) return std::string_view::npos;
    std::string mark = "</" + std::string(name);
    for (size_t found = lower_.find(mark, at); found != std::string::npos; found = lower_.find(mark, found + 1)) {
      size_t end = found + mark.size();
      if (end == lower_.size() || !std::isalnum(static_cast<unsigned char>(lower_[end]))) return found;
    }
    known->second = at;
    return std::string_view::npos;
  }

  void take_code(std::string_view content) {
    bool is_block = ascii_trim(content).find('\n') != std::string_view::npos;
    if (!is_block) return append_shielded(out_, inline_code(ascii_trim(content)));
    const std::string fence = code_fence(content);
    if (!out_.ends_with('\n')) out_ += '\n';
    append_shielded(out_, fence + "\n");
    append_shielded(out_, content.substr(content.find_first_not_of("\r\n")));
    if (!content.ends_with('\n')) out_ += '\n';
    append_shielded(out_, fence);
    out_ += '\n';
  }

  void take_content(Element kind, std::string_view content) {
    switch (kind) {
      case Element::kLiteral: append_shielded(out_, decode_entities(content)); break;
      case Element::kFormula:
        append_shielded(out_, "$");
        append_shielded(out_, ascii_trim(content));
        append_shielded(out_, "$");
        break;
      case Element::kCode: take_code(content); break;
      default: break;
    }
  }

  std::string_view text_;
  std::string lower_, out_;
  std::map<std::string, size_t> none_after_;
};

// Every sign that a later step reads stands, shielded, at this place of the last private plane.
constexpr char32_t kShield = 0x10FF00;
constexpr std::string_view kSigns = "[]{}|'*#:;_=<>&-~!`$ ";

std::string decode_reference(const std::string& reference) {
  GumboOptions options = kGumboDefaultOptions;
  auto destroy = [&](GumboOutput* output) { gumbo_destroy_output(&options, output); };
  std::unique_ptr<GumboOutput, decltype(destroy)> output(
      gumbo_parse_with_options(&options, reference.data(), reference.size()), destroy);
  const GumboNode* node = output->root;
  while (node && node->type == GUMBO_NODE_ELEMENT) {
    const GumboVector& children = node->v.element.children;
    node = children.length > 0 ? static_cast<const GumboNode*>(children.data[children.length - 1]) : nullptr;
  }
  bool text = node && (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE);
  return text ? node->v.text.text : reference;
}

}  // namespace

std::string resolve_tags(std::string_view text) { return Tags(text).run(); }

void append_shielded(std::string& out, std::string_view text) {
  for (char c : text) {
    if (kSigns.find(c) == std::string_view::npos) out += c;
    else append_utf8(out, kShield + static_cast<char32_t>(c));
  }
}

std::string unshield(std::string_view text) {
  constexpr std::string_view kLead = "\xF4\x8F";  // of the characters about kShield
  std::string out;
  for (size_t i = 0; i < text.size();) {
    bool shielded = text.compare(i, kLead.size(), kLead) == 0;
    Utf8Char c{0, 1, true};
    if (shielded) c = decode_utf8(text, i);
    if (shielded && c.code_point >= kShield && c.code_point < kShield + 0x80)
      out += static_cast<char>(c.code_point - kShield);
    else out.append(text, i, c.length);
    i += c.length;
  }
  return out;
}

std::string decode_entities(std::string_view text) {
  constexpr size_t kLongest = 34;  // `&CounterClockwiseContourIntegral;`
  std::unordered_map<std::string, std::string> known;
  std::string out;
  for (size_t i = 0; i < text.size();) {
    size_t sign = std::min(text.find('&', i), text.size());
    out.append(text, i, sign - i);
    if (sign == text.size()) break;
    size_t end = sign + 1;
    while (end < text.size() && end - sign < kLongest &&
           (std::isalnum(static_cast<unsigned char>(text[end])) || (text[end] == '#' && end == sign + 1)))
      ++end;
    bool reference = end < text.size() && text[end] == ';' && end > sign + 1;
    if (!reference) {
      out += '&';
      i = sign + 1;
      continue;
    }
    std::string name(text.substr(sign, end + 1 - sign));
    auto [entry, fresh] = known.try_emplace(name);
    if (fresh) entry->second = decode_reference(name);
    out += entry->second;
    i = end + 1;
  }
  return out;
}

}  // namespace malmoi::data::wiki

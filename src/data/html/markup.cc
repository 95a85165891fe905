// The tokens of the HTML standard (13.2.5), written down again as plainly as can be.
#include "data/html/markup.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "data/html/nesting.h"

namespace malmoi::data::html {
namespace {

constexpr size_t kMaxTags = 2'000'000;    // a tree takes half a kilobyte for each element
constexpr size_t kMaxDepth = 1000;        // recursion over the tree stays far from the end of any stack
constexpr size_t kMaxWork = 100'000'000;  // of depths over all tags: the parser looks through what stands open
constexpr size_t kMaxAttributes = 32;     // the parser compares each with all before it
constexpr size_t kMaxNameBytes = 64;      // of a tag
constexpr std::string_view kSpace = " \t\n\f\r";

// In order. Half of a page's attributes are for scripts, and each costs the parser as much as an element.
constexpr std::string_view kAttributes[] = {
    "alt",       "alttext",       "aria-hidden", "class",    "colspan",   "content",  "data-ke-language",
    "data-lang", "data-language", "display",     "encoding", "epub:type", "hidden",   "href",
    "id",        "itemprop",      "lang",        "name",     "rel",       "reversed", "role",
    "rowspan",   "src",           "start",       "style",    "type",      "value"};

bool is_space(char c) { return kSpace.find(c) != std::string_view::npos; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)); }

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

class MarkupWriter {
 public:
  explicit MarkupWriter(std::string_view page) : page_(page) { out_.html.reserve(page.size()); }

  Markup run() {
    while (at_ < page_.size()) {
      size_t tag = std::min(page_.find('<', at_), page_.size());
      out_.html += page_.substr(at_, tag - at_);
      at_ = tag;
      if (at_ < page_.size()) read_markup();
    }
    return std::move(out_);
  }

 private:
  char peek(size_t ahead) const { return at_ + ahead < page_.size() ? page_[at_ + ahead] : '\0'; }

  void skip_past(std::string_view end) {
    size_t found = page_.find(end, at_);
    at_ = found == std::string_view::npos ? page_.size() : found + end.size();
  }

  void read_markup() {
    if (is_letter(peek(1))) return start_tag();
    if (peek(1) == '/' && is_letter(peek(2))) return end_tag();
    if (peek(1) == '!') return declaration();
    if (peek(1) == '?' || (peek(1) == '/' && at_ + 2 < page_.size())) return skip_past(">");
    out_.html += "&lt;";
    ++at_;
  }

  void declaration() {
    if (page_.substr(at_).starts_with("<!--")) {
      at_ += 4;
      if (peek(0) == '>') ++at_;  // <!-->
      else if (page_.substr(at_).starts_with("->")) at_ += 2;
      else end_comment();
      return;
    }
    size_t begin = at_;
    skip_past(">");
    // It decides whether a table ends a paragraph; only the first one counts.
    if (out_.tags == 0 && !std::exchange(typed_, true) && ascii_lower(page_.substr(begin, 9)) == "<!doctype")
      out_.html += page_.substr(begin, at_ - begin);
  }

  void end_comment() {
    for (at_ = page_.find("--", at_); at_ != std::string_view::npos; at_ = page_.find("--", at_ + 1)) {
      std::string_view end = page_.substr(at_ + 2, 2);
      if (end.starts_with('>') || end == "!>") {
        at_ += end[0] == '>' ? 3 : 4;
        return;
      }
    }
    at_ = page_.size();
  }

  std::string read_name() {
    size_t end = at_;
    while (end < page_.size() && !is_space(page_[end]) && page_[end] != '/' && page_[end] != '>') ++end;
    std::string name = ascii_lower(page_.substr(at_, end - at_));
    at_ = end;
    return name;
  }

  struct Attribute {
    std::string_view name, value;
  };

  // The next attribute of the tag; nothing at its end, or at the page's (then complete_ is false).
  std::optional<Attribute> read_attribute() {
    self_closing_ = false;
    for (; at_ < page_.size() && (is_space(page_[at_]) || page_[at_] == '/'); ++at_)
      self_closing_ = page_[at_] == '/' && peek(1) == '>';
    complete_ = at_ < page_.size();
    if (!complete_) return {};
    if (page_[at_] == '>') {
      ++at_;
      return {};
    }
    size_t begin = at_++;
    while (at_ < page_.size() && !is_space(page_[at_]) && page_[at_] != '/' && page_[at_] != '>' && page_[at_] != '=')
      ++at_;
    Attribute attribute{page_.substr(begin, at_ - begin), {}};
    size_t equals = std::min(page_.find_first_not_of(kSpace, at_), page_.size());
    if (equals < page_.size() && page_[equals] == '=') {
      at_ = std::min(page_.find_first_not_of(kSpace, equals + 1), page_.size());
      attribute.value = read_value();
    }
    return attribute;
  }

  std::string_view read_value() {
    char quote = peek(0);
    if (quote == '"' || quote == '\'') {
      size_t begin = ++at_, end = std::min(page_.find(quote, begin), page_.size());
      at_ = std::min(end + 1, page_.size());
      return page_.substr(begin, end - begin);
    }
    size_t begin = at_;
    while (at_ < page_.size() && !is_space(page_[at_]) && page_[at_] != '>') ++at_;
    return page_.substr(begin, at_ - begin);
  }

  void start_tag() {
    ++at_;
    std::string name = read_name();
    std::string attributes, type;
    size_t count = 0;
    while (auto attribute = read_attribute()) {
      std::string attribute_name = ascii_lower(attribute->name);
      if (count >= kMaxAttributes || !keeps_attribute(attribute_name)) continue;
      ++count;
      (attributes += ' ') += attribute_name;
      if (attribute->value.empty()) continue;
      attributes += "=\"";
      append_quoted(attributes, attribute->value);
      attributes += '"';
      if (attribute_name == "type") type = ascii_lower(attribute->value);
    }
    if (!complete_ || name.size() > kMaxNameBytes) return;
    bool closes_itself = self_closing_;
    count_tag();
    if (!(closes_itself && nesting_.foreign()) && raw_text(name, type)) return;
    if (!out_.refused && !nesting_.open(name, closes_itself)) return;
    (out_.html += '<') += name;
    out_.html += attributes;
    // After a space: an unquoted slash would belong to the last name.
    out_.html += closes_itself ? " />" : ">";
    out_.refused = out_.refused || nesting_.depth() > kMaxDepth;
  }

  void end_tag() {
    at_ += 2;
    std::string name = read_name();
    while (read_attribute()) {
    }
    if (!complete_ || name.size() > kMaxNameBytes) return;
    count_tag();
    if (out_.refused || nesting_.close(name)) ((out_.html += "</") += name) += '>';
  }

  void count_tag() {
    work_ += nesting_.depth() + 1;
    out_.refused = out_.refused || ++out_.tags > kMaxTags || work_ > kMaxWork;
  }

  // Elements whose content is no markup: true if `name` is one, and it has been read to its end.
  bool raw_text(const std::string& name, const std::string& type) {
    if (name == "script") {
      std::string_view script = read_raw(name);
      if (type.starts_with("math/tex") || type.starts_with("math/asciimath"))
        append_formula(script, type.find("display") != std::string::npos);
      return true;
    }
    if (is_one_of(name, {"style", "iframe", "noembed", "noframes", "noscript", "textarea"})) {
      read_raw(name);
      return true;
    }
    if (name != "title" && name != "xmp" && name != "plaintext") return false;
    std::string_view text = name == "plaintext" ? page_.substr(std::exchange(at_, page_.size())) : read_raw(name);
    std::string_view element = name == "title" ? "title" : "pre";
    ((out_.html += '<') += element) += '>';
    nesting_.open(element, false);
    nesting_.close(element);
    append_text(out_.html, text, name != "title");
    ((out_.html += "</") += element) += '>';
    return true;
  }

  // To the end tag, which is passed. A script within a comment within a script is part of it.
  std::string_view read_raw(const std::string& name) {
    size_t begin = at_;
    bool commented = false, inner = false;
    for (size_t at = begin; at < page_.size(); ++at) {
      std::string_view rest = page_.substr(at);
      if (name == "script" && rest.starts_with("<!--")) commented = true;
      if (rest.starts_with("-->")) commented = inner = false;
      if (rest[0] != '<') continue;
      if (commented && names(rest.substr(1), name)) inner = true;
      if (rest.size() < 2 || rest[1] != '/' || !names(rest.substr(2), name)) continue;
      if (std::exchange(inner, false)) continue;
      at_ = at + 2 + name.size();
      while (read_attribute()) {
      }
      return page_.substr(begin, at - begin);
    }
    at_ = page_.size();
    return page_.substr(begin);
  }

  static bool names(std::string_view text, std::string_view name) {
    if (text.size() <= name.size() || ascii_lower(text.substr(0, name.size())) != name) return false;
    char next = text[name.size()];
    return is_space(next) || next == '/' || next == '>';
  }

  static void append_text(std::string& out, std::string_view text, bool raw) {
    for (char c : text) {
      if (c == '<') out += "&lt;";
      else if (c == '&' && raw) out += "&amp;";
      else out += c;
    }
  }

  static void append_quoted(std::string& out, std::string_view value) {
    for (char c : value) {
      if (c == '"') out += "&quot;";
      else out += c;
    }
  }

  void append_formula(std::string_view script, bool display) {
    std::string tex;
    append_text(tex, ascii_trim(script), true);
    if (tex.empty()) return;
    out_.html += display ? "<math display=\"block\" alttext=\"" : "<math alttext=\"";
    append_quoted(out_.html, tex);
    out_.html += "\"></math>";
  }

  std::string_view page_;
  size_t at_ = 0;
  bool self_closing_ = false, complete_ = false, typed_ = false;
  Nesting nesting_;
  size_t work_ = 0;
  Markup out_;
};

// "&lt;" and the like at `at`, which moves past it; an ampersand that begins none stays.
void append_reference(std::string_view text, size_t& at, std::string& out) {
  size_t end = text.substr(at, 10).find(';');
  std::string_view name = end == std::string_view::npos ? std::string_view() : text.substr(at + 1, end - 1);
  for (auto [known, value] : {std::pair<std::string_view, std::string_view>{"lt", "<"},
                              {"gt", ">"},
                              {"amp", "&"},
                              {"quot", "\""},
                              {"nbsp", " "}}) {
    if (name != known) continue;
    out += value;
    at += end + 1;
    return;
  }
  out += text[at++];
}

}  // namespace

bool keeps_attribute(std::string_view name) {
  return std::binary_search(std::begin(kAttributes), std::end(kAttributes), name);
}

Markup bounded_markup(std::string_view page) { return MarkupWriter(page).run(); }

std::string strip_tags(std::string_view markup) {
  std::string out;
  for (size_t at = 0; at < markup.size();) {
    char c = markup[at];
    if (c == '<') {
      // Quoted values may hold anything but their quote.
      bool quoted = false;
      while (++at < markup.size() && (quoted || markup[at] != '>')) quoted ^= markup[at] == '"';
      ++at;
      if (!out.empty() && out.back() != '\n') out += '\n';
    } else if (c == '&') {
      append_reference(markup, at, out);
    } else {
      bool space = is_space(c), after_space = out.empty() || is_space(out.back());
      if (!space || !after_space) out += c == '\r' ? '\n' : c;
      ++at;
    }
  }
  return out;
}

}  // namespace malmoi::data::html

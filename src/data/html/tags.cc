// What can be said of a page by its tags alone, without a tree.
#include <algorithm>
#include <cctype>
#include <string>
#include <unordered_map>

#include "base/ascii.h"
#include "data/html/blocks.h"

namespace malmoi::data::html {
namespace {

// Elements that close by themselves, so that an unclosed one does not nest.
bool closes_itself(std::string_view name) {
  for (std::string_view other : {"p",     "li",    "td",     "tr",  "th",   "dt",   "dd",    "option", "tbody", "thead",
                                 "tfoot", "br",    "img",    "hr",  "meta", "link", "input", "area",   "base",  "col",
                                 "embed", "param", "source", "wbr", "html", "head", "body",  "rt",     "rp"})
    if (name == other) return true;
  return false;
}

}  // namespace

bool nests_deeper(std::string_view html, size_t limit) {
  std::unordered_map<std::string, size_t> open;
  size_t depth = 0;
  for (size_t at = html.find('<'); at != std::string_view::npos; at = html.find('<', at + 1)) {
    bool closing = at + 1 < html.size() && html[at + 1] == '/';
    size_t begin = at + 1 + closing, end = begin;
    while (end < html.size() &&
           (std::isalnum(static_cast<unsigned char>(html[end])) || html[end] == '-' || html[end] == ':'))
      ++end;
    if (end == begin || !std::isalpha(static_cast<unsigned char>(html[begin])) || end - begin > 64) continue;
    std::string name = ascii_lower(html.substr(begin, end - begin));
    if (closes_itself(name)) continue;
    size_t& count = open[name];
    if (!closing) {
      ++count;
      if (++depth > limit) return true;
    } else if (count > 0) {
      --count, --depth;
    }
  }
  return false;
}

std::string strip_tags(std::string_view html) {
  std::string out;
  bool in_tag = false;
  for (size_t i = 0; i < html.size(); ++i) {
    char c = html[i];
    if (c == '<') in_tag = true;
    else if (c == '>' && in_tag) in_tag = false, out += out.empty() || out.back() == '\n' ? "" : "\n";
    else if (!in_tag && !((c == ' ' || c == '\n' || c == '\r' || c == '\t') &&
                          (out.empty() || std::isspace(static_cast<unsigned char>(out.back())))))
      out += c == '\r' ? '\n' : c;
  }
  return out;
}

}  // namespace malmoi::data::html

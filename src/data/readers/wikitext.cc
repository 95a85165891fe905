#include "data/readers/wikitext.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "base/ascii.h"
#include "data/readers/markdown.h"

namespace malmoi::data {
namespace {

bool starts_with_nocase(std::string_view text, std::string_view prefix) {
  return ascii_lower(text.substr(0, prefix.size())) == prefix;
}

// Removes {{...}} and {|...|}, which nest; an unclosed one goes to the end of its paragraph only.
std::string drop_templates(std::string_view text) {
  std::string out;
  std::vector<std::pair<size_t, char>> open;  // length of out where it began; '{' or '|'
  for (size_t i = 0; i < text.size();) {
    std::string_view two = text.substr(i, 2);
    if (two == "{{" || two == "{|") {
      open.emplace_back(out.size(), two[1]);
      out += two;
      i += 2;
    } else if (!open.empty() && two == (open.back().second == '{' ? "}}" : "|}") &&
               !(open.back().second == '|' && text.substr(i, 3) == "|}}")) {
      out.resize(open.back().first);
      open.pop_back();
      i += 2;
    } else {
      out += text[i++];
    }
  }
  if (!open.empty()) {
    size_t begin = open.front().first;
    size_t paragraph = out.find("\n\n", begin);
    out.erase(begin, paragraph == std::string::npos ? std::string::npos : paragraph - begin);
  }
  return out;
}

// Removes comments and the elements whose content is not prose; other tags leave their content.
std::string drop_elements(std::string_view text) {
  constexpr std::array<std::string_view, 12> kWithContent = {"ref",   "gallery",        "timeline",        "math",
                                                             "score", "imagemap",       "syntaxhighlight", "source",
                                                             "graph", "templatestyles", "mapframe",        "hiero"};
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '<') {
      out += text[i++];
      continue;
    }
    if (text.substr(i, 4) == "<!--") {
      size_t end = text.find("-->", i + 4);
      i = end == std::string_view::npos ? text.size() : end + 3;
      continue;
    }
    size_t name_begin = i + 1 + (i + 1 < text.size() && text[i + 1] == '/'), name_end = name_begin;
    while (name_end < text.size() && std::isalpha(static_cast<unsigned char>(text[name_end]))) ++name_end;
    size_t close = text.substr(0, std::min(text.size(), i + 4096)).find('>', name_end);
    if (name_end == name_begin || close == std::string_view::npos) {
      out += text[i++];
      continue;
    }
    std::string name = ascii_lower(text.substr(name_begin, name_end - name_begin));
    bool opening = text[i + 1] != '/' && text[close - 1] != '/';
    i = close + 1;
    if (name == "br") out += '\n';
    if (!opening || std::find(kWithContent.begin(), kWithContent.end(), name) == kWithContent.end()) continue;
    size_t end = text.find("</" + name, i);
    if (end == std::string_view::npos) continue;
    size_t after = text.find('>', end);
    i = after == std::string_view::npos ? text.size() : after + 1;
  }
  return out;
}

bool is_media_link(std::string_view target) {
  constexpr std::array<std::string_view, 10> kPrefixes = {
      "file:", "image:", "category:", "media:", "파일:", "그림:", "분류:", ":파일:", "template:", "틀:"};
  return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [&](std::string_view prefix) { return starts_with_nocase(target, prefix); });
}

// [[a|b]] -> b, [[a]] -> a, [url text] -> text; files and categories go with what they hold.
std::string resolve_links(std::string_view text) {
  std::string out;
  std::vector<size_t> open;
  for (size_t i = 0; i < text.size();) {
    if (text.substr(i, 2) == "[[") {
      open.push_back(out.size());
      i += 2;
    } else if (text.substr(i, 2) == "]]" && !open.empty()) {
      size_t begin = open.back();
      open.pop_back();
      std::string inside = out.substr(begin);
      out.resize(begin);
      i += 2;
      if (is_media_link(inside)) continue;
      size_t bar = inside.find('|');
      if (bar != std::string::npos) inside.erase(0, bar + 1);
      out += inside;
    } else if (text[i] == '[' && (text.substr(i + 1, 4) == "http" || text.substr(i + 1, 2) == "//")) {
      size_t end = text.substr(0, std::min(text.size(), i + 4096)).find(']', i);
      if (end == std::string_view::npos) {
        out += text[i++];
        continue;
      }
      size_t space = text.find(' ', i);
      if (space < end) out += text.substr(space + 1, end - space - 1);
      i = end + 1;
    } else {
      out += text[i++];
    }
  }
  return out;
}

std::string decode_entities(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kNames = {{{"&nbsp;", " "},
                                                                                     {"&lt;", "<"},
                                                                                     {"&gt;", ">"},
                                                                                     {"&amp;", "&"},
                                                                                     {"&quot;", "\""},
                                                                                     {"&ndash;", "–"},
                                                                                     {"&mdash;", "—"},
                                                                                     {"&middot;", "·"},
                                                                                     {"&thinsp;", " "},
                                                                                     {"&#39;", "'"}}};
  std::string out;
  for (size_t i = 0; i < text.size();) {
    bool replaced = false;
    if (text[i] == '&')
      for (const auto& [name, value] : kNames)
        if (text.substr(i).starts_with(name)) {
          out += value, i += name.size(), replaced = true;
          break;
        }
    if (!replaced) out += text[i++];
  }
  return out;
}

// Bold and italics, headings, lists, magic words; line by line.
std::string convert_lines(std::string_view text) {
  std::string out;
  int empty = 2;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    std::string line(text.substr(begin, end - begin));
    begin = end + 1;
    for (size_t at = line.find("''"); at != std::string::npos; at = line.find("''", at)) {
      size_t quotes = line.find_first_not_of('\'', at);
      line.erase(at, (quotes == std::string::npos ? line.size() : quotes) - at);
    }
    for (size_t at = line.find("__"); at != std::string::npos; at = line.find("__", at)) {
      size_t close = line.find("__", at + 2);
      if (close == std::string::npos) break;
      bool word = std::all_of(
          line.begin() + static_cast<long>(at) + 2, line.begin() + static_cast<long>(close),
          [](char c) { return std::isupper(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80; });
      if (word) line.erase(at, close + 2 - at);
      else at = close + 2;
    }
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    size_t level = line.find_first_not_of('=');
    if (level != std::string::npos && level >= 1 && level <= 6 && line.size() > 2 * level &&
        line.ends_with(std::string(level, '='))) {
      std::string name = line.substr(level, line.size() - 2 * level);
      size_t first = name.find_first_not_of(' ');
      line = first == std::string::npos
                 ? ""
                 : std::string(level, '#') + " " + name.substr(first, name.find_last_not_of(' ') - first + 1);
    } else if (size_t marks = line.find_first_not_of("*#:;"); marks != std::string::npos && marks > 0) {
      size_t text_begin = line.find_first_not_of(' ', marks);
      char mark = line[marks - 1];
      std::string rest = text_begin == std::string::npos ? "" : line.substr(text_begin);
      bool item = mark == '*' || mark == '#';
      line = rest.empty() ? "" : (item ? std::string(2 * (marks - 1), ' ') + (mark == '*' ? "- " : "1. ") : "") + rest;
    } else if (line.starts_with("----") || line.find_first_not_of("*#:; ") == std::string::npos) {
      line.clear();
    }
    empty = line.empty() ? empty + 1 : 0;
    if (empty > 1) continue;
    out += line;
    out += '\n';
  }
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

}  // namespace

bool is_wiki_redirect(std::string_view text) {
  size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return false;
  text.remove_prefix(begin);
  return starts_with_nocase(text, "#redirect") || text.starts_with("#넘겨주기");
}

std::string wikitext_to_markdown(std::string_view text) {
  return drop_empty_sections(convert_lines(decode_entities(resolve_links(drop_templates(drop_elements(text))))));
}

}  // namespace malmoi::data

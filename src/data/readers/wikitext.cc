#include "data/readers/wikitext.h"

#include <algorithm>
#include <cctype>

#include "base/ascii.h"
#include "data/readers/markdown.h"
#include "data/readers/wiki_steps.h"
#include "data/readers/wiki_words.h"

namespace malmoi::data {
namespace {

// Runs of apostrophes are bold and italics; of four, and of more than five, those in excess are text.
void append_without_quotes(std::string& out, std::string_view line) {
  for (size_t i = 0; i < line.size();) {
    size_t quote = std::min(line.find("''", i), line.size());
    out.append(line, i, quote - i);
    size_t end = std::min(line.find_first_not_of('\'', quote), line.size());
    size_t run = end - quote;
    if (run == 4) out += '\'';
    if (run > 5) out.append(run - 5, '\'');
    i = end;
  }
}

// `__TOC__` goes, `__FILE__` stays.
std::string without_magic_words(std::string_view line) {
  std::string out;
  for (size_t i = 0; i < line.size();) {
    size_t open = std::min(line.find("__", i), line.size());
    out.append(line, i, open - i);
    if (open == line.size()) break;
    size_t close = line.find("__", open + 2);
    bool word = close != std::string_view::npos &&
                wiki::words().magic.contains(wiki::normal_name(line.substr(open + 2, close - open - 2)));
    i = word ? close + 2 : open + 2;
    if (!word) out += "__";
  }
  return out;
}

// == Name == is a heading of Markdown.
bool convert_heading(std::string& line) {
  size_t level = line.find_first_not_of('=');
  bool heading = level != std::string::npos && level >= 1 && level <= 6 && line.size() > 2 * level &&
                 line.ends_with(std::string(level, '='));
  if (!heading) return false;
  std::string_view name = ascii_trim(std::string_view(line).substr(level, line.size() - 2 * level));
  line = name.empty() ? "" : std::string(level, '#') + " " + std::string(name);
  return true;
}

void convert_list(std::string& line) {
  size_t marks = line.find_first_not_of("*#:;");
  if (line.starts_with("----") || line.find_first_not_of("*#:; ") == std::string::npos) return line.clear();
  if (marks == 0) return;
  char mark = line[marks - 1];
  std::string rest(ascii_trim(std::string_view(line).substr(marks)));
  bool item = mark == '*' || mark == '#';
  line = (item ? std::string(2 * (marks - 1), ' ') + (mark == '*' ? "- " : "1. ") : "") + rest;
}

// Bold and italics, headings, lists, magic words; line by line.
std::string convert_lines(std::string_view text) {
  std::string out;
  int empty = 2;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    std::string line;
    append_without_quotes(line, without_magic_words(text.substr(begin, end - begin)));
    begin = end + 1;
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    if (!convert_heading(line)) convert_list(line);
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
  constexpr size_t kLongest = 60;  // bytes of the word, in any language
  text = ascii_trim(text.substr(0, text.find('[')).substr(0, kLongest));
  if (!text.starts_with('#')) return false;
  text.remove_prefix(1);
  if (text.ends_with(':')) text.remove_suffix(1);
  return wiki::words().redirects.contains(wiki::normal_name(text));
}

std::string wikitext_to_markdown(std::string_view text, const WikiSite& site) {
  std::string lines = convert_lines(wiki::resolve_brackets(wiki::resolve_variants(wiki::resolve_tags(text)), site));
  return drop_empty_sections(wiki::unshield(wiki::decode_entities(lines)));
}

}  // namespace malmoi::data

// E-mail addresses, by ASCII boundaries: in `문의는hong@naver.com으로` the Korean on both sides is no part of it.
#include <algorithm>
#include <array>
#include <string_view>

#include "data/pii/detectors.h"

namespace malmoi::data {
namespace {

using View = std::u32string_view;

bool is_local(char32_t c) {
  return is_letter(c) || is_digit(c) || c == U'.' || c == U'_' || c == U'%' || c == U'+' || c == U'-' || c == U'\'';
}

// Where a domain that begins at `at` ends; `at` itself if there is none. Labels of letters, digits and inner hyphens,
// the last of two or more letters.
size_t domain_end(const FoldedText& text, size_t at) {
  size_t good = at, label = at, i = at;
  size_t labels = 0;
  while (true) {
    label = i;
    while (is_letter(text.at(i)) || is_digit(text.at(i)) || (text.at(i) == U'-' && i > label)) ++i;
    size_t end = i;
    while (end > label && text.at(end - 1) == U'-') --end;
    if (end == label || end - label > 63) break;
    ++labels;
    View word = View(text.chars).substr(label, end - label);
    bool letters = std::all_of(word.begin(), word.end(), is_letter) || word.substr(0, 4) == U"xn--";
    if (labels >= 2 && word.size() >= 2 && letters) good = end;
    if (end != i || text.at(i) != U'.') break;
    ++i;
  }
  return good;
}

// `icon@2x.png` is a file and `pkg@1.2.js` a version.
bool is_file_name(View domain) {
  static constexpr std::array<View, 14> kEndings = {U"png", U"jpg", U"jpeg", U"gif",  U"svg", U"webp", U"css",
                                                    U"js",  U"ts",  U"html", U"json", U"txt", U"pdf",  U"zip"};
  View last = domain.substr(domain.rfind(U'.') + 1);
  return std::find(kEndings.begin(), kEndings.end(), last) != kEndings.end();
}

void find_at(Findings& findings, size_t at) {
  const FoldedText& text = findings.text();
  size_t begin = at;
  while (begin > 0 && at - begin < 64 && is_local(text.at(begin - 1))) --begin;
  while (begin < at && !is_letter(text.at(begin)) && !is_digit(text.at(begin))) ++begin;
  if (begin == at || text.at(at - 1) == U'.') return;
  size_t end = domain_end(text, at + 1);
  if (end == at + 1) return;
  View local = View(text.chars).substr(begin, at - begin);
  if (is_file_name(View(text.chars).substr(at + 1, end - at - 1))) return;
  // git@host:path is a repository's address, user@host inside a URL has a password or a login before it.
  if (local == U"git" && text.at(end) == U':') return;
  findings.add(begin, end, PiiType::kEmail);
}

// `hong (at) example (dot) com`, `hong [at] example.com`: the marks are in brackets, so prose is not taken for one.
size_t bracketed(const FoldedText& text, size_t at, View word) {
  size_t i = at;
  if (text.at(i) == U' ') ++i;
  char32_t open = text.at(i);
  if (open != U'(' && open != U'[' && open != U'{') return 0;
  ++i;
  if (i + word.size() >= text.size() || View(text.chars).substr(i, word.size()) != word) return 0;
  i += word.size();
  char32_t close = open == U'(' ? U')' : open == U'[' ? U']' : U'}';
  if (text.at(i) != close) return 0;
  ++i;
  return text.at(i) == U' ' ? i + 1 : i;
}

void find_spelled(Findings& findings, size_t open) {
  const FoldedText& text = findings.text();
  size_t start = open > 0 && text.at(open - 1) == U' ' ? open - 1 : open;
  size_t begin = start;
  while (begin > 0 && start - begin < 64 && is_local(text.at(begin - 1))) --begin;
  size_t at = bracketed(text, start, U"at");
  if (at == 0) at = bracketed(text, start, U"골뱅이");
  if (at == 0 || begin == start) return;
  size_t i = at, end = domain_end(text, at);
  size_t labels = 0;
  while (labels < 6) {  // labels joined by (dot)
    size_t label = i;
    while (is_letter(text.at(i)) || is_digit(text.at(i)) || text.at(i) == U'-' || text.at(i) == U'.') ++i;
    if (i == label) break;
    if (++labels > 1) end = std::max(end, i);
    size_t next = bracketed(text, i, U"dot");
    if (next == 0) break;
    i = next;
  }
  while (end > at && text.at(end - 1) == U'.') --end;
  if (end > at) findings.add(begin, end, PiiType::kEmail);
}

}  // namespace

void find_emails(Findings& findings) {
  const FoldedText& text = findings.text();
  for (size_t i = 0; i < text.size(); ++i) {
    char32_t c = text.chars[i];
    if (c == U'@') find_at(findings, i);
    if ((c == U'(' || c == U'[' || c == U'{') && (text.at(i + 1) == U'a' || text.at(i + 1) == U'골'))
      find_spelled(findings, i);
  }
}

}  // namespace malmoi::data

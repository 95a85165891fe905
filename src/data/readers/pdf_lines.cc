#include "data/readers/pdf_lines.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <utility>

#include "base/ascii.h"

namespace malmoi::data {
namespace {

// Shares of a word's or line's height.
constexpr float kSpaceGap = 0.15f;    // between words that a space parts, where poppler saw none
constexpr float kSameLine = 0.5f;     // overlap of two words in one line: indices are raised by less
constexpr float kBackward = 0.5f;     // how far a word may begin before the end of the one before it
constexpr float kWidestSpace = 2.5f;  // between words of one line: beyond it stands another column or cell

constexpr size_t kEdgeLines = 3;     // from either end of a page: where running heads stand
constexpr float kEdgeShare = 0.15f;  // of a page's height, likewise
constexpr float kSamePlace = 8;      // points between lines that stand in the same place on two pages
constexpr float kApart = 1.3f;       // of the usual gap between lines: what parts a head from the text, at least

// Ligatures as letters, and the bullets that fonts of symbols keep where Unicode has nothing.
std::string plain_text(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> kForms[] = {
      {"\uFB00", "ff"}, {"\uFB01", "fi"}, {"\uFB02", "fl"}, {"\uFB03", "ffi"}, {"\uFB04", "ffl"},
      {"\uFB05", "st"}, {"\uFB06", "st"}, {"\uF0B7", "•"},  {"\uF0A7", "•"},   {"\uF06C", "•"},
      {"\uF0D8", "•"},  {"\u00A0", " "},  {"\u3000", " "},  {"\u3164", " "}};  // full widths of Korean fonts
  std::string out;
  for (size_t i = 0; i < text.size();) {
    auto form = std::find_if(std::begin(kForms), std::end(kForms),
                             [&](const auto& f) { return text.substr(i).starts_with(f.first); });
    if (form == std::end(kForms)) {
      out += text[i++];
    } else {
      out += form->second;
      i += form->first.size();
    }
  }
  return out;
}

// Dots that lead from a title to its page, four or more, become three. Whether there were some.
bool shorten_leaders(std::string& text) {
  bool found = false;
  std::string out;
  for (size_t i = 0; i < text.size();) {
    size_t end = i, dots = 0;
    while (end < text.size() && (text[end] == '.' || (text[end] == ' ' && end > i))) dots += text[end++] == '.';
    if (dots >= 4) {
      found = true;
      out += out.empty() || out.back() == ' ' ? "... " : " ... ";
    } else {
      out.append(text, i, end - i);
    }
    i = end;
    if (i < text.size()) out += text[i++];
  }
  if (found) text = std::move(out);
  return found;
}

bool continues(const PdfLine& line, const PdfWord& last, const PdfWord& word) {
  if (line.upright != (word.turns == 0) || (!line.upright && last.turns != word.turns)) return false;
  if (!line.upright) return last.space_after;
  float height = std::min(line.height(), word.bottom - word.top);
  float overlap = std::min(line.bottom, word.bottom) - std::max(line.top, word.top);
  return overlap >= kSameLine * height && word.left >= line.right - kBackward * height &&
         word.left <= line.right + kWidestSpace * height;
}

void append_word(PdfLine& line, const PdfWord& last, const PdfWord& word) {
  float gap = word.left - last.right;
  if (last.space_after || gap > kSpaceGap * line.height()) {
    if (!line.text.empty() && line.text.back() != ' ') line.text += ' ';
    line.narrowest = line.widest == 0 ? gap : std::min(line.narrowest, gap);
    line.widest = std::max(line.widest, gap);
  }
  line.text += plain_text(word.text);
  line.left = std::min(line.left, word.left);
  line.right = std::max(line.right, word.right);
  line.top = std::min(line.top, word.top);
  line.bottom = std::max(line.bottom, word.bottom);
}

PdfLine begin_line(const PdfWord& word, size_t page) {
  PdfLine line;
  line.left = word.left;
  line.top = word.top;
  line.right = word.right;
  line.bottom = word.bottom;
  line.page = page;
  line.upright = word.turns == 0;
  line.text = plain_text(word.text);
  line.first_word = word.right - word.left;
  return line;
}

int roman(std::string_view text) {
  constexpr std::string_view kLetters = "ivxlc";
  constexpr int kValues[] = {1, 5, 10, 50, 100};
  int sum = 0, last = 0;
  for (size_t i = text.size(); i-- > 0;) {
    size_t letter = kLetters.find(text[i]);
    if (letter == std::string_view::npos) return 0;
    int value = kValues[letter];
    sum += value < last ? -value : value;
    last = std::max(last, value);
  }
  return sum;
}

void turn_back(PdfWord& word, const PdfPage& page, uint8_t turns) {
  PdfWord before = word;
  word.turns = static_cast<uint8_t>((word.turns - turns) & 3);
  switch (turns) {
    case 1:
      word.left = before.top;
      word.right = before.bottom;
      word.top = page.width - before.right;
      word.bottom = page.width - before.left;
      break;
    case 2:
      word.left = page.width - before.right;
      word.right = page.width - before.left;
      word.top = page.height - before.bottom;
      word.bottom = page.height - before.top;
      break;
    default:
      word.left = page.height - before.bottom;
      word.right = page.height - before.top;
      word.top = before.left;
      word.bottom = before.right;
  }
}

// A line as others of its kind have it, "- # -", and its numbers.
struct Pattern {
  std::string text;
  std::vector<int> numbers;
};

Pattern pattern_of(std::string_view line) {
  Pattern pattern;
  std::string low = ascii_lower(line);
  if (int value = low.size() <= 7 ? roman(low) : 0; value > 0) return {"#", {value}};
  for (size_t i = 0; i < low.size();) {
    if (!std::isdigit(static_cast<unsigned char>(low[i]))) {
      if (low[i] != ' ') pattern.text += low[i];
      ++i;
      continue;
    }
    int value = 0;
    auto [end, error] = std::from_chars(low.data() + i, low.data() + low.size(), value);
    pattern.text += '#';
    pattern.numbers.push_back(error == std::errc() ? value : -1);
    i = static_cast<size_t>(end - low.data());
  }
  return pattern;
}

// Whether two lines of one pattern are the same head: word by word, or with a number that counts the pages between.
bool agree(const PdfLine& a, const Pattern& pa, const PdfLine& b, const Pattern& pb) {
  if (a.page == b.page || std::abs(a.top - b.top) > kSamePlace) return false;
  if (a.text == b.text) return true;
  long pages = static_cast<long>(b.page) - static_cast<long>(a.page);
  for (size_t i = 0; i < std::min(pa.numbers.size(), pb.numbers.size()); ++i)
    if (static_cast<long>(pb.numbers[i]) - pa.numbers[i] == pages) return true;
  return false;
}

// Lines of one page from its head to its foot.
std::vector<size_t> by_height(const std::vector<PdfLine>& lines, size_t begin, size_t end) {
  std::vector<size_t> order;
  for (size_t i = begin; i < end; ++i) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return lines[a].top < lines[b].top; });
  return order;
}

// The usual gap beneath a line of the page.
float usual_gap(const std::vector<PdfLine>& lines, const std::vector<size_t>& order) {
  std::vector<float> gaps;
  for (size_t i = 1; i < order.size(); ++i)
    if (float gap = lines[order[i]].top - lines[order[i - 1]].bottom; gap > -lines[order[i]].height() / 2)
      gaps.push_back(gap);
  if (gaps.empty()) return 0;
  // The lower quartile, and no more than a line: on a page of few lines most gaps are those around the text.
  auto quartile = gaps.begin() + static_cast<long>(gaps.size() / 4);
  std::nth_element(gaps.begin(), quartile, gaps.end());
  return std::clamp(*quartile, 0.0f, lines[order[0]].height());
}

// How many of the first lines of `order` (from the edge of the page inwards) stand apart from what follows them.
template <typename Gap>
size_t lines_apart(const std::vector<PdfLine>& lines, const std::vector<size_t>& order, float usual, const Gap& gap) {
  size_t apart = 0;
  for (size_t i = 0; i + 1 < order.size() && i < kEdgeLines; ++i) {
    float wanted = std::max(kApart * usual, kSameLine * lines[order[i]].height());
    if (gap(lines[order[i]], lines[order[i + 1]]) > wanted) apart = i + 1;
  }
  return order.size() == 1 ? 1 : apart;
}

// The lines of a page that may be running ones, those of its head and of its foot.
std::vector<size_t> edge_lines(const std::vector<PdfLine>& lines, size_t begin, size_t end, float height) {
  std::vector<size_t> order = by_height(lines, begin, end), out;
  float usual = usual_gap(lines, order);
  size_t heads = lines_apart(lines, order, usual, [](const PdfLine& a, const PdfLine& b) { return b.top - a.bottom; });
  for (size_t i = 0; i < order.size() && i < kEdgeLines; ++i)
    if (lines[order[i]].bottom < kEdgeShare * height && (i < heads || pattern_of(lines[order[i]].text).text == "#"))
      out.push_back(order[i]);
  std::reverse(order.begin(), order.end());
  size_t feet = lines_apart(lines, order, usual, [](const PdfLine& a, const PdfLine& b) { return a.top - b.bottom; });
  for (size_t i = 0; i < order.size() && i < kEdgeLines; ++i)
    if (lines[order[i]].top > (1 - kEdgeShare) * height && (i < feet || pattern_of(lines[order[i]].text).text == "#"))
      out.push_back(order[i]);
  return out;
}

}  // namespace

void turn_upright(std::vector<PdfPage>& pages) {
  for (PdfPage& page : pages) {
    size_t counts[4] = {};
    for (const PdfWord& word : page.words) ++counts[word.turns & 3];
    auto most = static_cast<uint8_t>(std::max_element(counts, counts + 4) - counts);
    if (most == 0) continue;
    for (PdfWord& word : page.words) turn_back(word, page, most);
    if (most != 2) std::swap(page.width, page.height);
  }
}

std::vector<PdfLine> lines_of(const std::vector<PdfPage>& pages) {
  std::vector<PdfLine> lines;
  for (size_t p = 0; p < pages.size(); ++p) {
    const PdfWord* last = nullptr;
    for (const PdfWord& word : pages[p].words) {
      if (last && continues(lines.back(), *last, word)) append_word(lines.back(), *last, word);
      else lines.push_back(begin_line(word, p));
      last = &word;
    }
  }
  for (PdfLine& line : lines) {
    line.row = shorten_leaders(line.text);
    line.text = ascii_trim(line.text);
  }
  std::erase_if(lines, [](const PdfLine& line) { return line.text.empty(); });
  return lines;
}

void drop_running_lines(const std::vector<PdfPage>& pages, std::vector<PdfLine>& lines) {
  struct Candidate {
    size_t line;
    Pattern pattern;
  };
  std::map<std::string, std::vector<Candidate>> alike;
  std::vector<size_t> edges;  // all candidates, those of a page one after the other
  for (size_t begin = 0; begin < lines.size();) {
    size_t end = begin;
    while (end < lines.size() && lines[end].page == lines[begin].page) ++end;
    for (size_t i : edge_lines(lines, begin, end, pages[lines[begin].page].height)) {
      Pattern pattern = pattern_of(lines[i].text);
      alike[pattern.text].push_back({i, pattern});
      edges.push_back(i);
    }
    begin = end;
  }
  // Of short documents each page counts, and heads may take turns on them; in longer ones two alike may be chance.
  constexpr size_t kShortDocument = 6;  // pages: of heads that take turns three each
  size_t others_needed = pages.size() <= kShortDocument ? 1 : 2;
  constexpr char kBeside = 1, kRepeats = 2;
  std::vector<char> running(lines.size(), 0);
  for (const auto& [text, candidates] : alike) {
    for (size_t i = 0; i < candidates.size(); ++i) {
      // The pages around say enough, and keep this linear.
      constexpr size_t kAround = 16;
      size_t others = 0;
      for (size_t j = i > kAround ? i - kAround : 0; j < std::min(i + kAround, candidates.size()); ++j)
        others +=
            agree(lines[candidates[i].line], candidates[i].pattern, lines[candidates[j].line], candidates[j].pattern);
      if (others >= others_needed) running[candidates[i].line] = kRepeats;
    }
  }
  // What stands beside a running line goes with it: the title of a chapter of two pages beside their numbers.
  for (size_t i = 0; i < edges.size(); ++i) {
    for (size_t j = i > kEdgeLines ? i - kEdgeLines : 0; j < std::min(i + kEdgeLines + 1, edges.size()); ++j) {
      const PdfLine &line = lines[edges[i]], &other = lines[edges[j]];
      bool beside = line.page == other.page && std::abs(line.top - other.top) < kSameLine * line.height();
      if (beside && running[edges[j]] == kRepeats) running[edges[i]] = std::max(running[edges[i]], kBeside);
    }
  }
  if (std::all_of(running.begin(), running.end(), [](char r) { return r; })) return;  // pages of nothing else
  size_t kept = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (running[i]) continue;
    if (kept != i) lines[kept] = std::move(lines[i]);
    ++kept;
  }
  lines.resize(kept);
}

}  // namespace malmoi::data

// Korean addresses: province, city, district, then a road with its number (도로명) or a quarter with its lot (지번).
//
// Read backwards from the number: `강원도 춘천시 가상동 37-3` is found from 37-3. At least one province, city, county
// or district must stand in it, unless a word such as 주소 or 배송지 stands right before.
#include <algorithm>
#include <string_view>
#include <vector>

#include "data/pii/detectors.h"
#include "data/pii/labels.h"
#include "data/pii/regions.h"
#include "data/pii/words.h"

namespace malmoi::data {
namespace {

using View = std::u32string_view;

struct Token {
  size_t begin = 0, end = 0;
};

View view(const FoldedText& text, Token t) { return View(text.chars).substr(t.begin, t.end - t.begin); }

bool starts_with_any(const FoldedText& text, size_t at, std::initializer_list<View> words) {
  return std::any_of(words.begin(), words.end(), [&](View w) { return View(text.chars).substr(at, w.size()) == w; });
}

// Main number: N, N-N, N번지, N-N번지. Returns its end, 0 if what follows makes it a quantity or a part of a name.
size_t main_number_end(const FoldedText& text, size_t at) {
  size_t i = at;
  while (is_digit(text.at(i))) ++i;
  size_t length = i - at;
  if (length > 5) return 0;
  bool lot = false;
  if (text.at(i) == U'-' && is_digit(text.at(i + 1))) {
    size_t j = i + 1;
    while (is_digit(text.at(j))) ++j;
    if (j - i > 5) return 0;
    i = j;
    lot = true;
    if (text.at(i) == U'-' && is_digit(text.at(i + 1))) return 0;
  }
  if (starts_with_any(text, i, {U"번지", U" 번지"})) return i + (text.at(i) == U' ' ? 3 : 2);
  char32_t after = text.at(i);
  bool range = (after == U'~' || after == U'∼' || after == U'〜') && is_digit(text.at(i + 1));
  if (range || is_letter(after) || after == U'%' || after == U'㎡' || after == U'㎞') return 0;
  if ((after == U'.' || after == U',' || after == U':') && is_digit(text.at(i + 1)) && after != U',') return 0;
  if (after == U',' && is_digit(text.at(i + 1)) && is_digit(text.at(i + 2)) && is_digit(text.at(i + 3))) return 0;
  if (!is_hangul(after)) return i;
  // Directly before Hangul: only particles and endings, no counters.
  bool particle = starts_with_any(
      text, i, {U"에",     U"으로", U"로 ",    U"로\n", U"로,",    U"로.",    U"이고",   U"이며", U"이라", U"이나",
                U"이다",   U"이야", U"입니다", U"인데", U"인 ",    U"이에요", U"예요",   U"이었", U"였",   U"은 ",
                U"는 ",    U"이 ",  U"을 ",    U"를 ",  U"와 ",    U"과 ",    U"의 ",    U"까지", U"부터", U"앞",
                U"옆",     U"뒤",   U"소재",   U"번지", U"호",     U"하고",   U"이죠",   U"도 ",  U"만 ",  U"라고",
                U"이라고", U"랑",   U"이랑",   U"고 ",  U"입니까", U"인가요", U"이네요", U"이요", U"요"});
  if (!particle && text.at(i) == U'가' && (lot || length > 1) && !is_hangul(text.at(i + 1))) particle = true;
  if (starts_with_any(text, i, {U"만 원", U"과목", U"호선", U"이닝"})) particle = false;
  if (particle && text.at(i) == U'로' && !lot && length == 1 && text.at(at - 1) != U' ')
    particle = false;  // 을지로 3로 is no road
  return particle ? i : 0;
}

// The run of Hangul, digits and points inside names (세종로, 4.19로, 75번길) that ends at `end`.
Token token_before(const FoldedText& text, size_t end) {
  size_t begin = end;
  while (begin > 0) {
    char32_t c = text.at(begin - 1);
    if (!is_hangul(c) && !is_digit(c) && !(c == U'.' && begin > 1 && is_digit(text.at(begin - 2)) && begin < end))
      break;
    --begin;
  }
  return {begin, end};
}

bool is_road(View t) {
  static const FoldedWords kNot(PiiFile::kAddresses, "no roads");
  if (t.size() < 2 || (t.back() != U'로' && t.back() != U'길') || kNot.has(t)) return false;
  View stem = t.substr(0, t.size() - 1);
  if (t.size() >= 3 && t.back() == U'로' && t[t.size() - 2] == U'으') return false;  // the particle 으로
  bool to_place = t.back() == U'로' && (is_province(stem) || is_district(stem));  // 서울로, 마포구로: to Seoul
  return !to_place;
}

// 동, 리, 가, 읍, 면: a quarter that lots are counted in.
bool is_quarter(View t) {
  static const FoldedWords kNot(PiiFile::kAddresses, "no quarters");
  static constexpr View kEndings = U"동리읍면";
  if (t.size() < 2 || kNot.has(t)) return false;
  if (kEndings.find(t.back()) != View::npos) return true;
  return t.back() == U'가' && t.size() >= 3 && is_digit(t[t.size() - 2]);  // 을지로3가
}

bool is_district_like(View t) {
  static constexpr View kEndings = U"시군구";
  static const FoldedWords kNot(PiiFile::kAddresses, "no districts");
  return t.size() >= 2 && kEndings.find(t.back()) != View::npos && !kNot.has(t) && !is_digit(t[t.size() - 2]);
}

// Skips one space or ", " backwards; the same place if neither is there.
size_t skip_back(const FoldedText& text, size_t at) {
  size_t i = at;
  if (i > 0 && text.at(i - 1) == U' ') --i;
  if (i > 0 && i < at && text.at(i - 1) == U',') --i;
  return i;
}

struct Head {
  size_t begin = 0;
  bool place = false;     // a province, city, county or district is in it
  bool locality = false;  // a road or quarter ends it
};

// What stands before the number: the tokens of an address, read backwards.
Head read_head(const FoldedText& text, size_t number) {
  Head head{.begin = number};
  size_t at = skip_back(text, number);
  // 산 12-3 (a lot in the hills), 지하 22.
  Token word = token_before(text, at);
  if (view(text, word) == U"산" || view(text, word) == U"지하") at = skip_back(text, word.begin);
  bool known = false, like = false, previous_number_road = false;
  for (size_t tokens = 0; tokens < 9; ++tokens) {
    word = token_before(text, at);
    View t = view(text, word);
    if (t.empty()) break;
    bool road = is_road(t), quarter = is_quarter(t);
    bool numbered = t.back() == U'길' && is_digit(t.front());  // 27번길: its road stands before
    if (tokens == 0) {
      if (!road && !quarter) return head;
      head.locality = true;
    } else if (is_province(t) || is_district(t)) {
      known = true;
    } else if (is_district_like(t)) {
      like = true;
    } else if (known || !(road || quarter) || (previous_number_road && !road)) {
      break;  // before a city or district stand only larger ones
    }
    previous_number_road = numbered;
    head.begin = word.begin;
    if (is_province(t) && tokens > 0) {
      // A city of the same name may have its province before it: 경기도 광주시.
      size_t before = skip_back(text, word.begin);
      Token outer = token_before(text, before);
      if (before != word.begin && is_province(view(text, outer))) head.begin = outer.begin;
      break;
    }
    size_t next = skip_back(text, word.begin);
    if (next == word.begin) break;
    at = next;
  }
  head.place = known;
  if (!known && like) {
    FoundLabel label = label_before(text, head.begin, 0, 12);
    head.place = label.label == Label::kAddress && label.distance <= 4;
  }
  return head;
}

// 101동 1203호, 3층, B1층, 202-1203호, and names of buildings before them.
size_t read_unit(const FoldedText& text, size_t at) {
  size_t i = at;
  if (starts_with_any(text, i, {U"지하"})) i += 2;
  if (text.at(i) == U'b' && is_digit(text.at(i + 1))) ++i;
  if (text.at(i) == U'제' && is_digit(text.at(i + 1))) ++i;
  size_t digits = i;
  while (is_digit(text.at(i)) || (text.at(i) == U'-' && is_digit(text.at(i + 1)) && i > digits)) ++i;
  if (i == digits) {
    bool letter_block =
        (is_letter(text.at(i)) || is_hangul(text.at(i))) && text.at(i + 1) == U'동' && !is_hangul(text.at(i + 2));
    return letter_block && is_letter(text.at(i)) ? i + 2 : at;
  }
  char32_t c = text.at(i);
  bool unit = (c == U'동' || c == U'층' || c == U'호') && text.at(i + 1) != U'선' && text.at(i + 1) != U'점';
  return unit ? i + 1 : at;
}

size_t read_building(const FoldedText& text, size_t at) {
  static const FoldedWords kEndings(PiiFile::kAddresses, "buildings");
  size_t end = at;
  while (is_hangul(text.at(end)) || is_digit(text.at(end)) || is_letter(text.at(end))) ++end;
  View word = View(text.chars).substr(at, end - at);
  for (View ending : kEndings.all()) {
    size_t found = word.find(ending);
    if (found != View::npos && found + ending.size() == word.size()) return end;
  }
  return at;
}

// The details after the number, taken only as far as they are surely part of it.
size_t read_tail(const FoldedText& text, size_t end) {
  size_t good = end, at = end;
  for (int parts = 0; parts < 5; ++parts) {
    size_t i = at;
    if (text.at(i) == U',') ++i;
    if (text.at(i) == U' ') ++i;
    if (i == at && parts == 0) break;
    size_t next = read_unit(text, i);
    if (next != i) {
      good = at = next;
      continue;
    }
    next = i != at ? read_building(text, i) : i;
    if (next == i) break;
    at = next;
    // A building counts with a unit after it, or at the end of the phrase.
    char32_t after = text.at(next);
    if (after == 0 || after == U'\n' || after == U',' || after == U'.' || after == U')' || after == U'(') good = next;
  }
  size_t i = good;
  if (text.at(i) == U' ') ++i;
  if (text.at(i) == U'(' && i - good <= 1) {  // (가상동), (가상동, 예시아파트)
    size_t close = i + 1;
    while (close < text.size() && close - i < 30 && text.at(close) != U')' && text.at(close) != U'\n') ++close;
    size_t first = i + 1;
    while (is_hangul(text.at(first)) || is_digit(text.at(first))) ++first;
    View word = View(text.chars).substr(i + 1, first - i - 1);
    if (text.at(close) == U')' && is_quarter(word) && (text.at(first) == U')' || text.at(first) == U','))
      good = close + 1;
  }
  return good;
}

}  // namespace

void find_korean_addresses(Findings& findings) {
  const FoldedText& text = findings.text();
  for (size_t i = 0; i < text.size(); ++i) {
    if (!is_digit(text.chars[i]) || (i > 0 && is_digit(text.chars[i - 1])) || findings.covered(i)) continue;
    // Cheap refusal first: the character before the number must end a road, a quarter, or 산, 지하.
    size_t before = skip_back(text, i);
    static constexpr View kEndings = U"로길동리가읍면산하";
    if (before == 0 || kEndings.find(text.at(before - 1)) == View::npos) continue;
    size_t end = main_number_end(text, i);
    if (end == 0) continue;
    Head head = read_head(text, i);
    if (!head.locality) continue;
    if (!head.place) {
      FoundLabel label = label_before(text, head.begin, 0, 12);
      bool road = is_road(view(text, token_before(text, skip_back(text, i))));
      if (!road || label.label != Label::kAddress || label.distance > 4) continue;
    }
    findings.add(head.begin, read_tail(text, end), PiiType::kAddress);
  }
}

}  // namespace malmoi::data

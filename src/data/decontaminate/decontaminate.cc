#include "data/decontaminate/decontaminate.h"

#include <fmt/format.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

#include "base/hash.h"
#include "base/utf8.h"
#include "data/dedup/rolling.h"
#include "data/dedup/words.h"
#include "data/json_text.h"
#include "data/readers/lines.h"

namespace malmoi::data {
namespace {

uint64_t mix_ngram(uint64_t h) {
  h ^= h >> 33;
  h *= 0xFF51AFD7ED558CCDull;
  return h ^ h >> 33;
}

struct Word {
  uint64_t hash = 0;
  size_t begin = 0, end = 0;  // bytes of the text
};

bool is_mark(char32_t c) {
  if (c < 0x80) return !((c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z') || (c >= U'0' && c <= U'9'));
  if (c >= 0xAC00 && c <= 0xD7A3) return false;
  return u_ispunct(static_cast<UChar32>(c));
}

// Words after NFC and lower-casing, without their punctuation; a word of punctuation alone is none.
std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> out;
  std::string normal, plain;
  std::vector<uint32_t> ends;
  for (size_t i = 0; i < text.size();) {
    if (size_t space = white_space_at(text, i); space != 0) {
      i += space;
      continue;
    }
    size_t begin = i;
    while (i < text.size() && white_space_at(text, i) == 0) ++i;
    normalize_words(text.substr(begin, i - begin), normal, ends);
    plain.clear();
    for (size_t k = 0; k < normal.size();) {
      Utf8Char c = decode_utf8(normal, k);
      if (!is_mark(c.code_point)) plain.append(normal, k, c.length);
      k += c.length;
    }
    if (!plain.empty()) out.push_back({hash64(plain), begin, i});
  }
  return out;
}

// Calls visit(hash, first word) for every n-gram.
template <typename Visit>
void visit_ngrams(const std::vector<Word>& words, size_t n, const Visit& visit) {
  if (words.size() < n || n == 0) return;
  uint64_t rolling = 0, highest = 1;
  for (size_t i = 0; i < n; ++i) {
    rolling = rolling * kRollingBase + words[i].hash;
    if (i > 0) highest *= kRollingBase;
  }
  visit(mix_ngram(rolling + n), size_t{0});
  for (size_t i = n; i < words.size(); ++i) {
    rolling = (rolling - words[i - n].hash * highest) * kRollingBase + words[i].hash;
    visit(mix_ngram(rolling + n), i - n + 1);
  }
}

}  // namespace

struct Decontaminator::State {
  struct Item {
    uint32_t set;
    std::string name;
    uint32_t total = 0;
  };
  struct Entry {
    uint64_t hash;
    uint32_t item;
    auto operator<=>(const Entry&) const = default;
  };
  DecontaminationOptions options;
  std::vector<std::string> sets;
  std::map<std::string, uint32_t, std::less<>> set_ids;
  std::vector<Item> items;
  std::vector<Entry> entries;     // sorted by build
  std::vector<uint64_t> present;  // a bit for some bits of each hash: most look-ups end here
  std::set<size_t> lengths;       // of the n-grams
  uint64_t skipped = 0, ngrams = 0;

  bool may_have(uint64_t hash) const {
    uint64_t bit = hash & (present.size() * 64 - 1);
    return (present[bit / 64] >> (bit % 64) & 1) != 0;
  }
};

Decontaminator::Decontaminator(const DecontaminationOptions& options) : state_(std::make_unique<State>()) {
  state_->options = options;
  state_->options.ngram = std::clamp(options.ngram, 1, 1000);
  state_->options.min_words = std::max(options.min_words, 1);
}
Decontaminator::~Decontaminator() = default;
Decontaminator::Decontaminator(Decontaminator&&) noexcept = default;
Decontaminator& Decontaminator::operator=(Decontaminator&&) noexcept = default;

void Decontaminator::add(std::string_view set, std::string_view item, std::string_view text) {
  State& s = *state_;
  std::vector<Word> words = words_of(text);
  if (words.size() < static_cast<size_t>(s.options.min_words)) {
    ++s.skipped;
    return;
  }
  size_t n = std::min(words.size(), static_cast<size_t>(s.options.ngram));
  s.lengths.insert(n);
  auto [it, added] = s.set_ids.try_emplace(std::string(set), static_cast<uint32_t>(s.sets.size()));
  if (added) s.sets.emplace_back(set);
  auto id = static_cast<uint32_t>(s.items.size());
  std::set<uint64_t> hashes;
  visit_ngrams(words, n, [&](uint64_t hash, size_t) { hashes.insert(hash); });
  for (uint64_t hash : hashes) s.entries.push_back({hash, id});
  s.items.push_back({it->second, std::string(item), static_cast<uint32_t>(hashes.size())});
}

void Decontaminator::build() {
  State& s = *state_;
  std::sort(s.entries.begin(), s.entries.end());
  s.ngrams = 0;
  size_t bits = 1024;
  while (bits < s.entries.size() * 16) bits *= 2;
  s.present.assign(bits / 64, 0);
  for (size_t i = 0; i < s.entries.size(); ++i) {
    s.ngrams += i == 0 || s.entries[i].hash != s.entries[i - 1].hash;
    uint64_t bit = s.entries[i].hash & (bits - 1);
    s.present[bit / 64] |= uint64_t{1} << (bit % 64);
  }
}

std::vector<ContaminationHit> Decontaminator::find(std::string_view text) const {
  const State& s = *state_;
  if (s.entries.empty() || s.present.empty()) return {};
  struct Match {
    uint64_t hash;
    uint32_t item;
    size_t begin, end;
  };
  std::vector<Match> matches;
  std::vector<Word> words = words_of(text);
  for (size_t n : s.lengths)
    visit_ngrams(words, n, [&](uint64_t hash, size_t at) {
      if (!s.may_have(hash)) return;
      auto it = std::lower_bound(s.entries.begin(), s.entries.end(), State::Entry{hash, 0});
      for (; it != s.entries.end() && it->hash == hash; ++it)
        matches.push_back({hash, it->item, words[at].begin, words[at + n - 1].end});
    });
  std::sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) {
    return std::tie(a.item, a.hash, a.begin) < std::tie(b.item, b.hash, b.begin);
  });
  std::vector<ContaminationHit> out;
  for (size_t i = 0; i < matches.size();) {
    const State::Item& item = s.items[matches[i].item];
    ContaminationHit hit{.set = s.sets[item.set],
                         .item = item.name,
                         .total = item.total,
                         .begin = matches[i].begin,
                         .end = matches[i].end};
    size_t k = i;
    for (; k < matches.size() && matches[k].item == matches[i].item; ++k) {
      hit.matched += k == i || matches[k].hash != matches[k - 1].hash;
      hit.begin = std::min(hit.begin, matches[k].begin);
      hit.end = std::max(hit.end, matches[k].end);
    }
    if (hit.matched >= s.options.min_overlap * hit.total) out.push_back(std::move(hit));
    i = k;
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.set < b.set; });
  return out;
}

namespace {

void visit_texts(const Json& value, const std::string& path,
                 const std::function<void(const std::string&, std::string_view)>& visit) {
  if (value.is_string()) return visit(path, value.get_ref<const std::string&>());
  if (value.is_object())
    for (const auto& [key, child] : value.items()) visit_texts(child, path + "." + key, visit);
  if (value.is_array())
    for (size_t i = 0; i < value.size(); ++i) visit_texts(value[i], fmt::format("{}[{}]", path, i), visit);
}

}  // namespace

Status Decontaminator::add_file(const Path& path) {
  std::string name = path.filename().string();
  for (std::string_view ending : {".zst", ".jsonl", ".tsv", ".txt", ".json"})
    if (name.ends_with(ending)) name.resize(name.size() - ending.size());
  std::string file = path.filename().string();
  bool jsonl = file.find(".jsonl") != std::string::npos, tsv = file.find(".tsv") != std::string::npos;
  constexpr uint64_t kLongestLine = 1 << 28;
  MALMOI_ASSIGN(std::unique_ptr<ByteSource> source, open_line_source(path.string()));
  DecodedLines reader(std::move(source), kLongestLine);
  std::string_view line;
  std::string paragraph;
  uint64_t first = 1;
  auto close = [&] {
    if (!paragraph.empty()) add(name, fmt::format("{}", first), paragraph);
    paragraph.clear();
  };
  while (true) {
    MALMOI_ASSIGN(bool more, reader.next(line));
    if (!more) break;
    uint64_t number = reader.number();
    const std::string where = path.string() + ":" + std::to_string(number);
    if (reader.too_long())
      return invalid_data("the line is longer than " + std::to_string(kLongestLine) + " bytes", where, "split it");
    if (jsonl) {
      if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      MALMOI_ASSIGN(Json value, parse_foreign_json(line, where));
      visit_texts(value, fmt::format("{}", number),
                  [&](const std::string& item, std::string_view text) { add(name, item, text); });
    } else if (tsv) {
      for (size_t begin = 0, column = 1; begin <= line.size(); ++column) {
        size_t end = std::min(line.find('\t', begin), line.size());
        add(name, fmt::format("{}.{}", number, column), line.substr(begin, end - begin));
        begin = end + 1;
      }
    } else if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
      close();
    } else {
      if (paragraph.empty()) first = number;
      paragraph.append(line).push_back('\n');
    }
  }
  close();
  return {};
}

uint64_t Decontaminator::items() const { return state_->items.size(); }
uint64_t Decontaminator::ngrams() const { return state_->ngrams; }
uint64_t Decontaminator::skipped() const { return state_->skipped; }

}  // namespace malmoi::data

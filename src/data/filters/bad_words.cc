// Documents with words of a list (a file, one a line, # begins a comment): how many, or which share, are too many.
#include <unordered_set>

#include "base/file.h"
#include "data/dedup/words.h"
#include "data/filters/entries.h"
#include "data/filters/filter_common.h"
#include "data/filters/text_stats.h"

namespace malmoi::data {
namespace {

bool has_hangul(std::string_view word) {
  for (size_t i = 0; i + 2 < word.size(); ++i) {
    auto a = static_cast<uint8_t>(word[i]);
    if (a >= 0xEA && a <= 0xED) return true;
  }
  return false;
}

class BadWords final : public LanguageFilter {
 public:
  explicit BadWords(ConfigReader& s)
      : LanguageFilter(s), max_count_(s.integer("max_count", 0, 0)), max_share_(s.number("max_share", 1, 0, 1)) {
    for (const std::string& file : s.texts("files")) load(s, file);
    if (!s.has("files")) s.fail("files", "no list of words is given", "files: [words.txt]");
  }

 protected:
  Verdict look(Document& document) const override {
    std::string normal = normalize_for_dedup(document.text);
    int64_t hits = 0;
    double words = 0;
    for (const Token& t : split_tokens(normal)) {
      words += t.word;
      if (t.word && words_.contains(std::string(t.text))) ++hits;
    }
    // Korean words carry particles, and phrases have spaces: both are looked for as parts.
    for (const std::string& part : parts_)
      for (size_t at = normal.find(part); at != std::string::npos; at = normal.find(part, at + part.size())) ++hits;
    // The words themselves are not repeated in reports.
    if (hits > max_count_) return drop("bad_words.count", fmt::format("{} > {}", hits, max_count_));
    double share = static_cast<double>(hits) / std::max(words, 1.0);
    if (share > max_share_) return drop("bad_words.share", compared(share, '>', max_share_));
    return keep();
  }

 private:
  void load(ConfigReader& s, const std::string& file) {
    Result<std::string> content = read_file(file, uint64_t{64} << 20);
    if (!content.ok()) return s.fail("files", content.error().to_string());
    for (std::string_view line : split_lines(*content)) {
      std::string word = normalize_for_dedup(line.substr(0, line.find('#')));
      if (word.empty()) continue;
      bool part = has_hangul(word) || word.find(' ') != std::string::npos;
      part ? parts_.push_back(std::move(word)) : void(words_.insert(std::move(word)));
    }
  }

  int64_t max_count_;
  double max_share_;
  std::unordered_set<std::string> words_;
  std::vector<std::string> parts_;
};

}  // namespace

const FilterEntry kBadWordsFilter = {"bad_words", "documents with too many words of a list", make_simple<BadWords>};

}  // namespace malmoi::data

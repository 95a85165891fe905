// C4's rules (Raffel et al., "Exploring the Limits of Transfer Learning", 2020, section 2.2), line by line.
#include <array>

#include "base/ascii.h"
#include "base/utf8.h"
#include "data/dedup/words.h"
#include "data/filters/entries.h"
#include "data/filters/filter_common.h"
#include "data/filters/text_stats.h"

namespace malmoi::data {
namespace {

// [1], [], [edit], [citation needed]
std::string without_citations(std::string_view line) {
  std::string out;
  for (size_t i = 0; i < line.size();) {
    if (line[i] == '[') {
      size_t end = i + 1;
      while (end < line.size() && line[end] >= '0' && line[end] <= '9') ++end;
      bool number = end < line.size() && line[end] == ']';
      size_t skip = number ? end + 1 - i : 0;
      for (std::string_view mark : {std::string_view("[edit]"), std::string_view("[citation needed]")})
        if (line.substr(i, mark.size()) == mark) skip = mark.size();
      if (skip != 0) {
        i += skip;
        continue;
      }
    }
    out += line[i++];
  }
  return out;
}

struct Words {
  int64_t count = 0;
  size_t longest = 0;  // bytes
};

Words count_words(std::string_view line) {
  Words out;
  size_t begin = 0;
  bool inside = false;
  for (size_t i = 0; i <= line.size();) {
    size_t space = i < line.size() ? white_space_at(line, i) : 1;
    if (space != 0 && inside) out.longest = std::max(out.longest, i - begin);
    if (space == 0 && !inside) {
      begin = i;
      ++out.count;
    }
    inside = space == 0;
    i += space != 0 ? space : 1;
  }
  return out;
}

// Sentence ends inside a line: a terminal mark before white space or the end.
int64_t count_sentences(std::string_view line) {
  int64_t count = 0;
  bool open = false;
  for (size_t i = 0; i < line.size();) {
    Utf8Char c = decode_utf8(line, i);
    bool terminal = c.code_point == U'.' || c.code_point == U'!' || c.code_point == U'?' || c.code_point == 0x3002 ||
                    c.code_point == 0x2026 || c.code_point == 0xFF01 || c.code_point == 0xFF1F;
    size_t next = i + c.length;
    while (terminal && next < line.size() && (line[next] == '"' || line[next] == '\'' || line[next] == ')')) ++next;
    if (terminal && open && (next >= line.size() || white_space_at(line, next) != 0)) {
      ++count;
      open = false;
    }
    if (!terminal && white_space_at(line, i) == 0) open = true;
    i += c.length;
  }
  return count + open;
}

class C4 final : public LanguageFilter {
 public:
  explicit C4(ConfigReader& s)
      : LanguageFilter(s),
        min_sentences_(s.integer("min_sentences", 5, 0)),
        min_words_(s.integer("min_words_per_line", 3, 0)),
        max_word_(static_cast<size_t>(s.integer("max_word_length", 1000, 1))),
        terminal_(s.boolean("terminal_punctuation", true)),
        citations_(s.boolean("remove_citations", true)),
        lorem_(s.boolean("lorem_ipsum", true)),
        javascript_(s.boolean("javascript", true)),
        brackets_(s.boolean("curly_brackets", true)),
        policy_(s.boolean("policy", true)) {}

 protected:
  Verdict look(Document& document) const override {
    std::string kept;
    int64_t sentences = 0;
    size_t dropped = 0, lines = 0;
    for (std::string_view whole : split_lines(document.text)) {
      std::string line = citations_ ? without_citations(trim(whole)) : std::string(trim(whole));
      ++lines;
      std::string lower = ascii_lower(line);
      if (lorem_ && lower.find("lorem ipsum") != std::string::npos) return drop("c4.lorem_ipsum", "lorem ipsum");
      if (brackets_ && line.find('{') != std::string::npos) return drop("c4.curly_bracket", "{");
      if (!keeps(line, lower)) {
        ++dropped;
        continue;
      }
      sentences += count_sentences(line);
      if (!kept.empty()) kept += '\n';
      kept += line;
    }
    if (sentences < min_sentences_) return drop("c4.sentences", fmt::format("{} < {}", sentences, min_sentences_));
    bool changed = kept != document.text;
    document.text = std::move(kept);
    return changed ? repaired("c4.lines", fmt::format("{} of {} lines dropped", dropped, lines)) : keep();
  }

 private:
  bool keeps(const std::string& line, const std::string& lower) const {
    static constexpr std::array<std::string_view, 6> kPolicy = {"terms of use", "privacy policy", "cookie policy",
                                                                "uses cookies", "use of cookies", "use cookies"};
    Words words = count_words(line);
    if (words.longest > max_word_ || words.count < min_words_) return false;
    if (terminal_ && (!ends_sentence(line) || line.ends_with("..."))) return false;
    if (javascript_ && lower.find("javascript") != std::string::npos) return false;
    return !(policy_ && std::any_of(kPolicy.begin(), kPolicy.end(),
                                    [&](std::string_view p) { return lower.find(p) != std::string::npos; }));
  }

  int64_t min_sentences_, min_words_;
  size_t max_word_;
  bool terminal_, citations_, lorem_, javascript_, brackets_, policy_;
};

}  // namespace

const FilterEntry kC4Filter = {"c4", "C4's rules: lines that end a sentence, no placeholders, code or policy text",
                               make_simple<C4>};

}  // namespace malmoi::data

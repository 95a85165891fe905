// Repair: wrong decoding undone where it is certain, NFC, control and invisible characters and stray white space out.
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include "base/utf8.h"
#include "data/encoding.h"
#include "data/filters/entries.h"
#include "data/filters/filter_common.h"
#include "data/filters/text_stats.h"

namespace malmoi::data {
namespace {

// Spaces at line ends go, runs of spaces inside a line become one (indentation stays), and at most `blank` empty lines
// follow each other.
std::string repair_spaces(std::string_view text, bool collapse, int64_t blank) {
  std::string out;
  out.reserve(text.size());
  int64_t empty = 0;
  for (std::string_view line : split_lines(text)) {
    size_t end = line.find_last_not_of(" \t\r");
    line = end == std::string_view::npos ? std::string_view{} : line.substr(0, end + 1);
    if (line.empty()) {
      if (out.empty() || ++empty > blank) continue;
      out += '\n';
      continue;
    }
    empty = 0;
    size_t start = std::min(line.find_first_not_of(" \t"), line.size());
    out.append(line.substr(0, start));
    for (size_t i = start; i < line.size(); ++i)
      if (!collapse || !(line[i] == ' ' && line[i - (i > start)] == ' ' && i > start)) out += line[i];
    out += '\n';
  }
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

std::string to_nfkc(const std::string& text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCInstance(status);
  std::string out;
  if (U_SUCCESS(status)) nfkc->normalize(icu::UnicodeString::fromUTF8(text), status).toUTF8String(out);
  return U_SUCCESS(status) ? out : text;
}

class RepairText final : public Filter {
 public:
  explicit RepairText(ConfigReader& settings)
      : form_(settings.choice("form", {"nfc", "nfkc"}, 0)),
        mojibake_(settings.boolean("mojibake", true)),
        collapse_(settings.boolean("collapse_spaces", true)),
        blank_(settings.integer("blank_lines", 1, 0, 1000)),
        max_replaced_(settings.number("max_replacement_share", 0.001, 0, 1)) {}

  Verdict apply(Document& document) const override {
    std::string before = std::move(document.text);
    std::string text = is_valid_utf8(before) ? before : replace_invalid_utf8(before);
    std::string rule;
    if (mojibake_) {
      Repair repair = repair_mojibake(text);
      if (repair.damage == Damage::kLost) {
        document.text = std::move(before);
        return drop("repair.lost_characters", repair.rule);
      }
      if (repair.damage == Damage::kRepaired) rule = "repair.mojibake";
    }
    text = clean_characters(text);
    if (form_ == 1) text = to_nfkc(text);
    text = repair_spaces(text, collapse_, blank_);
    double share = replaced_share(text);
    bool changed = text != before;
    document.text = std::move(text);
    if (share > max_replaced_) return drop("repair.replacement_characters", compared(share, '>', max_replaced_));
    if (trim(document.text).empty()) return drop("repair.empty", "no characters left");
    if (!changed) return keep();
    return repaired(rule.empty() ? "repair.characters" : rule);
  }

 private:
  static double replaced_share(std::string_view text) {
    size_t count = 0;
    for (size_t at = text.find("\uFFFD"); at != std::string_view::npos; at = text.find("\uFFFD", at + 3)) ++count;
    return count == 0 ? 0.0 : static_cast<double>(count) / static_cast<double>(count_code_points(text));
  }
  size_t form_;
  bool mojibake_, collapse_;
  int64_t blank_;
  double max_replaced_;
};

}  // namespace

const FilterEntry kRepairFilter = {"repair", "Unicode and white space: NFC, mojibake undone, invisible characters out",
                                   make_simple<RepairText>};

}  // namespace malmoi::data

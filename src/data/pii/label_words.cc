#include "data/pii/label_words.h"

#include "data/pii/words.h"

namespace malmoi::data {
namespace {

constexpr std::pair<Label, std::string_view> kSections[] = {
    {Label::kRrn, "resident registration numbers"},
    {Label::kArn, "alien registration numbers"},
    {Label::kBrn, "business registration numbers"},
    {Label::kDriver, "driving licences"},
    {Label::kPassport, "passports"},
    {Label::kPhone, "phones"},
    {Label::kCard, "cards"},
    {Label::kAccount, "accounts"},
    {Label::kBank, "banks"},
    {Label::kBankShort, "short names of banks"},
    {Label::kIp, "addresses of machines"},
    {Label::kVersion, "versions"},
    {Label::kOther, "other numbers"},
    {Label::kAddress, "addresses"},
};

std::vector<LabelWords> read_words() {
  std::vector<LabelWords> out;
  for (const auto& [label, section] : kSections) out.push_back({label, folded_words(PiiFile::kLabels, section)});
  return out;
}

}  // namespace

std::span<const LabelWords> label_words() {
  static const std::vector<LabelWords> kWords = read_words();
  return kWords;
}

}  // namespace malmoi::data

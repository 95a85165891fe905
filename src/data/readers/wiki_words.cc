#include "data/readers/wiki_words.h"

#include <unicode/locid.h>
#include <unicode/unistr.h>

#include <algorithm>

#include "base/ascii.h"
#include "data/readers/wikitext.h"
#include "data/word_file.h"

namespace malmoi::embedded {
extern const std::string_view wiki_words;
}

namespace malmoi::data {
namespace wiki {
namespace {

Words read_words() {
  Words out;
  auto section = [](std::string_view name) { return words_of(embedded::wiki_words, name); };
  auto add_set = [&](std::string_view name, std::unordered_set<std::string>& set) {
    for (std::string_view word : section(name)) set.emplace(word);
  };
  for (auto [name, leaves] : {std::pair{"first argument", Leaves::kFirst},
                              {"second argument", Leaves::kSecond},
                              {"last argument", Leaves::kLast},
                              {"every argument", Leaves::kEvery},
                              {"joined arguments", Leaves::kJoined},
                              {"gloss", Leaves::kGloss},
                              {"quantity", Leaves::kQuantity}})
    for (std::string_view word : section(name)) out.templates[std::string(word)] = {leaves, {}};
  for (std::string_view line : section("signs")) {
    size_t space = line.rfind(' ');
    std::string_view sign = line.substr(space + 1);
    out.templates[std::string(line.substr(0, space))] = {Leaves::kSign, sign == "space" ? " " : std::string(sign)};
  }
  add_set("names of text", out.text_names);
  add_set("magic words", out.magic);
  add_set("redirects", out.redirects);
  add_set("languages", out.languages);
  return out;
}

}  // namespace

std::string normal_name(std::string_view name) {
  name = ascii_trim(name);
  std::string out;
  if (std::all_of(name.begin(), name.end(), [](char c) { return static_cast<uint8_t>(c) < 0x80; })) {
    out = ascii_lower(name);
  } else {
    auto wide = icu::UnicodeString::fromUTF8(icu::StringPiece(name.data(), static_cast<int32_t>(name.size())));
    wide.toLower(icu::Locale::getRoot()).toUTF8String(out);
  }
  std::replace(out.begin(), out.end(), '_', ' ');
  return out;
}

const Template& Words::find(std::string_view name) const {
  static const Template kNone, kFirst{Leaves::kFirst, {}};
  constexpr size_t kLongestName = 200;  // what is longer is no name
  if (name.size() > kLongestName) return kNone;
  std::string normal = normal_name(name);
  for (std::string_view space : {"template:", "틀:"})
    if (normal.starts_with(space)) normal.erase(0, space.size());
  auto found = templates.find(normal);
  if (found != templates.end()) return found->second;
  bool of_language = normal.starts_with("lang-") || normal.starts_with("ipa-");
  return of_language ? kFirst : kNone;
}

const Words& words() {
  static const Words kWords = read_words();
  return kWords;
}

}  // namespace wiki

const WikiSite& common_wiki_site() {
  static const WikiSite kSite = [] {
    WikiSite site;
    for (std::string_view word : words_of(embedded::wiki_words, "hidden namespaces")) site.hidden.emplace_back(word);
    return site;
  }();
  return kSite;
}

}  // namespace malmoi::data

// The names that wiki_words.txt gives to templates, magic words, namespaces and languages.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace malmoi::data::wiki {

/// What a template leaves of itself.
enum class Leaves { kNothing, kFirst, kSecond, kLast, kEvery, kJoined, kGloss, kQuantity, kSign };

struct Template {
  Leaves leaves = Leaves::kNothing;
  std::string sign;
};

struct Words {
  std::unordered_map<std::string, Template> templates;
  std::unordered_set<std::string> text_names;  // of arguments
  std::unordered_set<std::string> magic;
  std::unordered_set<std::string> redirects;
  std::unordered_set<std::string> languages;

  /// By a name as it is written; `lang-xx` stands for a language.
  const Template& find(std::string_view name) const;
};
const Words& words();

/// Trimmed, lower-case in any script, spaces for underscores.
std::string normal_name(std::string_view name);

}  // namespace malmoi::data::wiki

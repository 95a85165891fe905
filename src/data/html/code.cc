#include "data/html/code.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <vector>

#include "base/ascii.h"
#include "data/html/dom.h"

namespace malmoi::data::html {
namespace {

constexpr int kHoldersAround = 3;  // <div class="highlight-source-c"><div><pre>

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (char c : std::string(text) + " ") {
    if (!std::isspace(static_cast<unsigned char>(c)) && c != ';') {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

// A name that a fence can carry; those that say "none" are none.
std::string checked(std::string_view name) {
  if (name == "text-html-basic") name = "html";
  for (std::string_view none : {"none", "text", "plain", "plaintext", "default", "nohighlight", "no-highlight", "auto"})
    if (name == none) return {};
  bool plain = !name.empty() && name.size() <= 20 && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '#' || c == '-' || c == '_' || c == '.';
  });
  return plain ? std::string(name) : std::string();
}

std::string language_of(const GumboElement& element) {
  for (const char* name : {"data-lang", "data-language"})
    if (std::string language = checked(ascii_lower(attribute(element, name))); !language.empty()) return language;
  std::vector<std::string> words = words_of(attribute(element, "class"));
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    for (std::string_view prefix :
         {"language-", "lang-", "highlight-source-", "highlight-text-", "highlight-", "brush:"}) {
      if (!word.starts_with(prefix)) continue;
      std::string_view name = std::string_view(word).substr(prefix.size());
      if (prefix == "highlight-text-" && name == "html-basic") name = "html";
      if (prefix == "brush:" && name.empty() && i + 1 < words.size()) name = words[i + 1];
      if (std::string language = checked(name); !language.empty()) return language;
      break;
    }
    // Pandoc: class="sourceCode python".
    if (word == "sourcecode" && i + 1 < words.size())
      if (std::string language = checked(words[i + 1]); !language.empty()) return language;
  }
  return {};
}

const GumboNode* code_within(const GumboNode* node) {
  for (unsigned i = 0; i < node->v.element.children.length; ++i) {
    auto* child = static_cast<const GumboNode*>(node->v.element.children.data[i]);
    if (child->type == GUMBO_NODE_ELEMENT && child->v.element.tag == GUMBO_TAG_CODE) return child;
  }
  return nullptr;
}

}  // namespace

std::string code_language(const GumboNode* pre) {
  if (std::string language = language_of(pre->v.element); !language.empty()) return language;
  if (const GumboNode* code = code_within(pre))
    if (std::string language = language_of(code->v.element); !language.empty()) return language;
  const GumboNode* around = pre->parent;
  for (int i = 0; i < kHoldersAround && around && around->type == GUMBO_NODE_ELEMENT; ++i, around = around->parent) {
    if (is_one_of(around->v.element.tag, {GUMBO_TAG_BODY, GUMBO_TAG_ARTICLE, GUMBO_TAG_MAIN})) break;
    if (std::string language = language_of(around->v.element); !language.empty()) return language;
  }
  return {};
}

bool is_line_numbers(std::string_view text) {
  size_t expected = 1;
  for (const std::string& word : words_of(text))
    if (word != std::to_string(expected++)) return false;
  return expected > 2;
}

}  // namespace malmoi::data::html

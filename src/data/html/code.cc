#include "data/html/code.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <vector>

#include "base/ascii.h"
#include "data/html/dom.h"

namespace malmoi::data::html {
namespace {

constexpr int kHoldersAround = 6;  // <figure class="highlight c"><table><tbody><tr><td><pre>

std::vector<std::string> lower_words(std::string_view text) {
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

// What stands beside a language's name in the classes of a listing.
bool is_helper(std::string_view name) {
  constexpr std::string_view kHelpers[] = {"sourcecode", "hljs", "highlight", "highlighted", "numberlines", "copyable"};
  return std::ranges::find(kHelpers, name) != std::end(kHelpers) || name.starts_with("hljs-");
}

// Languages whose names say so by themselves.
bool is_known(std::string_view name) {
  constexpr std::string_view kKnown[] = {"bash", "c",     "cpp",        "csharp", "css",   "go",     "haskell",
                                         "html", "java",  "javascript", "json",   "julia", "kotlin", "lua",
                                         "perl", "php",   "python",     "ruby",   "rust",  "scala",  "shell",
                                         "sql",  "swift", "typescript", "xml",    "yaml"};
  return std::ranges::binary_search(kKnown, name);
}

// `lang` names a programming language on GitHub's listings, a human one elsewhere: "ko", "en-GB", "zh".
bool is_human_language(std::string_view name) {
  constexpr std::string_view kShort[] = {"go", "js", "ts", "py", "rb", "sh", "cs", "hs", "rs", "kt", "md"};
  return name.find('-') != std::string_view::npos ||
         (name.size() == 2 && std::ranges::find(kShort, name) == std::end(kShort));
}

std::string language_of(const GumboElement& element) {
  for (const char* name : {"data-lang", "data-language", "data-ke-language"})
    if (std::string language = checked(ascii_lower(attribute(element, name))); !language.empty()) return language;
  std::string lang = ascii_lower(attribute(element, "lang"));
  bool listing = element.tag == GUMBO_TAG_PRE || element.tag == GUMBO_TAG_CODE;
  if (listing && lang.size() > 1 && !is_human_language(lang))
    if (std::string language = checked(lang); !language.empty()) return language;
  std::vector<std::string> words = lower_words(attribute(element, "class"));
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    for (std::string_view prefix : {"language-", "lang-", "lang:", "mw-highlight-lang-", "highlight-source-",
                                    "highlight-text-", "highlight-", "brush:"}) {
      if (!word.starts_with(prefix)) continue;
      std::string_view name = std::string_view(word).substr(prefix.size());
      if (prefix == "highlight-text-" && name == "html-basic") name = "html";
      if (prefix == "brush:" && name.empty() && i + 1 < words.size()) name = words[i + 1];
      if (std::string language = checked(name); !language.empty()) return language;
      break;
    }
    // Emacs: "src src-elisp".
    if (word.starts_with("src-") && i > 0 && words[i - 1] == "src")
      if (std::string language = checked(word.substr(4)); !language.empty()) return language;
    // Pandoc: class="sourceCode python"; Hexo: "highlight python"; highlight.js: "hljs python", or "python hljs".
    if (listing && is_known(word)) return word;
    bool marks = word == "sourcecode" || word == "hljs" || (word == "highlight" && element.tag == GUMBO_TAG_FIGURE);
    if (!marks) continue;
    for (size_t beside : {i + 1, i - 1})
      if (beside < words.size())
        if (std::string language = checked(words[beside]); !language.empty() && !is_helper(language)) return language;
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

bool is_line_number(const GumboNode* node) {
  std::string names = ascii_lower(attribute(node->v.element, "class"));
  std::erase_if(names, [](char c) { return c == '-' || c == '_'; });
  bool named = false;
  for (std::string_view name : {"lineno", "linenumber", "linenum", "lnnum", "lnt"})
    named = named || names.find(name) != std::string::npos;
  if (!named) return false;
  std::string text = first_text(node);
  return std::ranges::all_of(ascii_trim(text), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_line_numbers(std::string_view text) {
  size_t expected = 1;
  for (const std::string& word : lower_words(text))
    if (word != std::to_string(expected++)) return false;
  return expected > 2;
}

}  // namespace malmoi::data::html

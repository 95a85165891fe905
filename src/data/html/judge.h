// Which elements of a page are left out before its blocks are listed: hidden ones, and boilerplate by tag, role, name.
#pragma once

#include <gumbo.h>

#include <cstdint>
#include <unordered_map>

#include "data/html/blocks.h"

namespace malmoi::data::html {

/// What an element holds, gathered bottom-up before anything is decided.
struct Weight {
  uint32_t width = 0, link_width = 0;
  bool main = false;       // contains main, article or a first heading
  bool sentence = false;   // contains a text of some length that ends as a sentence
  bool structure = false;  // contains lists, tables, paragraphs or headings, which are not fragments
};

class Judge {
 public:
  Judge(const GumboNode* root, const ParseOptions& options);

  /// Whether an element is left out; `inside_content`: within what the author calls the content.
  bool drops(const GumboNode* node, bool inside_content) const;
  const Weight& weight(const GumboNode* node) const;

 private:
  Weight weigh(const GumboNode* node, bool in_link);
  bool hidden(const GumboElement& element) const;
  bool drops_by_name(const GumboNode* node, bool inside_content) const;

  ParseOptions options_;
  std::unordered_map<const GumboNode*, Weight> weights_;
  uint32_t total_ = 0;
};

}  // namespace malmoi::data::html

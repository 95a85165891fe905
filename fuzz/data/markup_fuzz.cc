// Fuzzes what a page is made before it is parsed: written anew it stays as it is, and its tree keeps the limits.
#include <gumbo.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "data/html/markup.h"
#include "data/html/tree.h"

namespace {

size_t depth_of(const GumboNode* node) {
  if (node->type != GUMBO_NODE_ELEMENT) return 1;
  if (node->v.element.attributes.length > 32) std::abort();
  size_t deepest = 0;
  for (unsigned i = 0; i < node->v.element.children.length; ++i) {
    size_t depth = depth_of(static_cast<const GumboNode*>(node->v.element.children.data[i]));
    deepest = depth > deepest ? depth : deepest;
  }
  return deepest + 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi;
  std::string page = replace_invalid_utf8({reinterpret_cast<const char*>(data), size});
  data::html::Markup once = data::html::bounded_markup(page), twice = data::html::bounded_markup(once.html);
  if (!once.refused && once.html != twice.html) std::abort();
  data::html::strip_tags(once.html);
  data::html::Tree tree = data::html::Tree::parse(page);
  if (tree.root() && depth_of(tree.root()) > data::html::kMaxTreeDepth + 1) std::abort();
  return 0;
}

// The tree of a page (gumbo), within bounds of depth and memory whatever the page holds.
#pragma once

#include <gumbo.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace malmoi::data::html {

/// Memory of a tree that no page needs more of: an element takes 320 bytes or so, and formatting that is left open is made
/// anew a few times for each tag; an attribute takes 300, in a dozen bytes of the page.
constexpr size_t tree_budget(size_t bytes, size_t tags) {
  return std::min((size_t{16} << 20) + 32 * bytes + 2048 * tags, size_t{2} << 30);
}
/// Elements within each other; whoever walks a tree by recursion may count on it.
inline constexpr size_t kMaxTreeDepth = 2000;

/// Owns the nodes. Not copied; moved freely, nodes stay where they are.
class Tree {
 public:
  /// `page` is UTF-8. A page that breaks a limit (markup.h, or those above) has no root. Linear in the size of the page.
  static Tree parse(std::string_view page);
  ~Tree();
  Tree(Tree&&) noexcept;
  Tree& operator=(Tree&&) noexcept;

  /// <html>; null where there is no tree.
  const GumboNode* root() const;
  /// What was parsed: the page within its limits.
  const std::string& markup() const;

 private:
  struct State;
  explicit Tree(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace malmoi::data::html

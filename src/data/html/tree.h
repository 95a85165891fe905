// The tree of a page (gumbo), within bounds of depth and memory whatever the page holds.
#pragma once

#include <gumbo.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace malmoi::data::html {

/// Memory of a tree that no page of `bytes` bytes needs more of.
constexpr size_t tree_budget(size_t bytes) { return (size_t{64} << 20) + 32 * bytes; }
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

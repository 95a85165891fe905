#include "infer/prefix_tree.h"

#include <algorithm>
#include <utility>

namespace malmoi::infer {

struct PrefixTree::Node {
  std::vector<int32_t> ids;  // from its parent to here; empty at a root
  Node* parent = nullptr;
  std::map<int32_t, std::unique_ptr<Node>> children;  // by their first id
  std::optional<nn::SequenceState> state;
  size_t bytes = 0;   // of the state
  uint64_t used = 0;  // when the state was last found or put here
};

PrefixTree::PrefixTree(size_t most_bytes) : most_bytes_(most_bytes) {}
PrefixTree::~PrefixTree() = default;

// A state in or below a node: every leaf but a root has one.
PrefixTree::Node* PrefixTree::any_state(Node& node) const {
  Node* at = &node;
  while (!at->state && !at->children.empty()) at = at->children.begin()->second.get();
  return at->state ? at : nullptr;
}

PrefixTree::Found PrefixTree::find(int64_t key, std::span<const int32_t> ids) {
  Found found;
  auto root = roots_.find(key);
  if (root == roots_.end()) return found;
  Node* node = root->second.get();
  Node* whole = nullptr;
  size_t matched = 0;
  while (true) {
    auto child = matched < ids.size() ? node->children.find(ids[matched]) : node->children.end();
    if (child == node->children.end()) break;
    node = child->second.get();
    const auto rest = ids.subspan(matched);
    const auto both = static_cast<size_t>(
        std::mismatch(rest.begin(), rest.end(), node->ids.begin(), node->ids.end()).first - rest.begin());
    matched += both;
    if (both < node->ids.size()) break;
    if (node->state) {
      whole = node;
      found.whole = {&*node->state, static_cast<int64_t>(matched)};
    }
  }
  ++clock_;
  if (whole) whole->used = clock_;
  Node* longest = matched > 0 ? any_state(*node) : nullptr;
  if (!longest) return found;
  longest->used = clock_;
  found.longest = {&*longest->state, static_cast<int64_t>(matched)};
  return found;
}

// Cuts a node's ids in two: it keeps the first `at` of them and hands the rest, with all that it has, to a child.
void PrefixTree::split(Node& node, size_t at) {
  auto rest = std::make_unique<Node>();
  rest->ids.assign(node.ids.begin() + static_cast<std::ptrdiff_t>(at), node.ids.end());
  rest->parent = &node;
  rest->children = std::exchange(node.children, {});
  for (auto& [id, child] : rest->children) child->parent = rest.get();
  rest->state = std::exchange(node.state, std::nullopt);
  rest->bytes = std::exchange(node.bytes, 0);
  rest->used = node.used;
  node.ids.resize(at);
  const int32_t first = rest->ids[0];
  node.children.emplace(first, std::move(rest));
}

void PrefixTree::let_go(Node& node) {
  if (!node.state) return;
  node.state.reset();
  bytes_ -= std::exchange(node.bytes, 0);
  --states_;
}

// A node without a state of its own becomes one with its only child.
void PrefixTree::join(Node& node) {
  if (!node.parent || node.state || node.children.size() != 1) return;
  const std::unique_ptr<Node> child = std::move(node.children.begin()->second);
  node.ids.insert(node.ids.end(), child->ids.begin(), child->ids.end());
  node.children = std::exchange(child->children, {});
  for (auto& [id, grandchild] : node.children) grandchild->parent = &node;
  node.state = std::exchange(child->state, std::nullopt);
  node.bytes = child->bytes;
  node.used = child->used;
}

// After states were let go: takes away leaves without one, from `node` up, and joins what is left in a row.
void PrefixTree::tidy(Node* node) {
  while (node->parent) {
    Node* parent = node->parent;
    if (!node->state && node->children.empty()) parent->children.erase(node->ids[0]);
    else join(*node);
    node = parent;
  }
}

void PrefixTree::insert(int64_t key, std::span<const int32_t> ids, nn::SequenceState state, bool can_go_back) {
  if (!keeps() || ids.empty() || state.bytes() > most_bytes_) return;
  std::unique_ptr<Node>& root = roots_[key];
  if (!root) root = std::make_unique<Node>();
  Node* node = root.get();
  while (!ids.empty()) {
    if (can_go_back) let_go(*node);
    auto child = node->children.find(ids[0]);
    if (child == node->children.end()) {
      auto leaf = std::make_unique<Node>();
      leaf->ids.assign(ids.begin(), ids.end());
      leaf->parent = node;
      node = node->children.emplace(ids[0], std::move(leaf)).first->second.get();
      break;
    }
    node = child->second.get();
    const auto both = static_cast<size_t>(
        std::mismatch(ids.begin(), ids.end(), node->ids.begin(), node->ids.end()).first - ids.begin());
    if (both < node->ids.size()) split(*node, both);
    ids = ids.subspan(both);
  }
  let_go(*node);
  node->bytes = state.bytes();
  node->state = std::move(state);
  node->used = ++clock_;
  bytes_ += node->bytes;
  ++states_;
  tidy(node);
  while (bytes_ > most_bytes_ && drop_oldest()) {
  }
}

bool PrefixTree::drop_oldest() {
  Node* oldest = nullptr;
  std::vector<Node*> left;
  for (auto& [key, root] : roots_) left.push_back(root.get());
  while (!left.empty()) {
    Node* node = left.back();
    left.pop_back();
    if (node->state && (!oldest || node->used < oldest->used)) oldest = node;
    for (auto& [id, child] : node->children) left.push_back(child.get());
  }
  if (!oldest) return false;
  let_go(*oldest);
  tidy(oldest);
  return true;
}

}  // namespace malmoi::infer

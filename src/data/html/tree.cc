#include "data/html/tree.h"

#include <csetjmp>
#include <cstdlib>
#include <new>
#include <utility>

#include "data/html/markup.h"

namespace malmoi::data::html {
namespace {

// Counts what the parser holds and keeps all of it on a list: a tree is freed without recursion, and parsing can be left
// in its midst when the budget is spent (the parser itself does not look at what an allocator returns).
class Memory {
 public:
  explicit Memory(size_t budget) : budget_(budget) { head_.next = head_.previous = &head_; }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() {
    while (head_.next != &head_) release(head_.next);
  }

  // Whether the parse came to its end within the budget. Throws std::bad_alloc where the system has less than that.
  bool parse(const std::string& html, GumboOutput*& output) {
    GumboOptions options = kGumboDefaultOptions;
    options.max_errors = 0;
    options.allocator = allocate;
    options.deallocator = deallocate;
    options.userdata = this;
    if (setjmp(spent_) != 0) {  // only the parser's own frames, which are C, are left behind
      if (refused_) throw std::bad_alloc();
      return false;
    }
    output = gumbo_parse_with_options(&options, html.data(), html.size());
    return true;
  }

 private:
  struct alignas(std::max_align_t) Block {
    Block *next, *previous;
    size_t size;
  };

  static void* allocate(void* self, size_t size) {
    auto& memory = *static_cast<Memory*>(self);
    size_t whole = size + sizeof(Block);
    auto* block = memory.used_ + whole > memory.budget_ ? nullptr : static_cast<Block*>(std::malloc(whole));
    memory.refused_ = !block && memory.used_ + whole <= memory.budget_;
    if (!block) std::longjmp(memory.spent_, 1);
    *block = {memory.head_.next, &memory.head_, whole};
    block->next->previous = block;
    memory.head_.next = block;
    memory.used_ += whole;
    return block + 1;
  }

  static void deallocate(void* self, void* pointer) {
    if (pointer) static_cast<Memory*>(self)->release(static_cast<Block*>(pointer) - 1);
  }

  void release(Block* block) {
    used_ -= block->size;
    block->next->previous = block->previous;
    block->previous->next = block->next;
    std::free(block);
  }

  Block head_{};
  size_t used_ = 0, budget_;
  bool refused_ = false;  // by the system
  std::jmp_buf spent_;
};

const GumboVector* children_if_any(const GumboNode* node) {
  if (node->type == GUMBO_NODE_DOCUMENT) return &node->v.document.children;
  bool element = node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE;
  return element ? &node->v.element.children : nullptr;
}

// Without recursion, since that is what it must decide about.
bool deeper_than(const GumboNode* root, size_t limit) {
  size_t depth = 0;
  const GumboNode* node = root;
  while (true) {
    const GumboVector* children = children_if_any(node);
    if (children && children->length > 0) {
      if (++depth > limit) return true;
      node = static_cast<const GumboNode*>(children->data[0]);
      continue;
    }
    while (node != root && node->index_within_parent + 1 >= children_if_any(node->parent)->length) {
      node = node->parent;
      --depth;
    }
    if (node == root) return false;
    node = static_cast<const GumboNode*>(children_if_any(node->parent)->data[node->index_within_parent + 1]);
  }
}

}  // namespace

struct Tree::State {
  Markup markup;
  std::unique_ptr<Memory> memory;
  const GumboNode* root = nullptr;
};

Tree::Tree(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tree::~Tree() = default;
Tree::Tree(Tree&&) noexcept = default;
Tree& Tree::operator=(Tree&&) noexcept = default;

Tree Tree::parse(std::string_view page) {
  auto state = std::make_unique<State>();
  state->markup = bounded_markup(page);
  if (!state->markup.refused) {
    state->memory = std::make_unique<Memory>(tree_budget(page.size(), state->markup.tags));
    GumboOutput* output = nullptr;
    bool whole = state->memory->parse(state->markup.html, output) && output && output->root;
    if (whole && !deeper_than(output->root, kMaxTreeDepth)) state->root = output->root;
  }
  return Tree(std::move(state));
}

const GumboNode* Tree::root() const { return state_->root; }
const std::string& Tree::markup() const { return state_->markup.html; }

}  // namespace malmoi::data::html

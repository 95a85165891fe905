#include "nn/state_pages.h"

#include <new>

namespace malmoi::nn {
namespace {

constexpr std::align_val_t kAlignment{64};

void release(StatePage* page) {
  ::operator delete(page->data, kAlignment);
  delete page;
}

}  // namespace

PageStore::~PageStore() { release_idle(); }

StatePage* PageStore::take(size_t bytes) {
  if (bytes > left()) return nullptr;
  StatePage* page = nullptr;
  if (auto idle = idle_.find(bytes); idle != idle_.end() && !idle->second.empty()) {
    page = idle->second.back();
    idle->second.pop_back();
  } else {
    // Blocks that wait for an owner of another size must not push what is held over the budget.
    if (bytes > budget_ - held_) release_idle();
    auto* data = static_cast<std::byte*>(::operator new(bytes, kAlignment, std::nothrow));
    if (!data) return nullptr;
    page = new StatePage{data, bytes, 0};
    held_ += bytes;
  }
  page->owners = 1;
  in_use_ += bytes;
  return page;
}

void PageStore::give_back(StatePage* page) {
  if (!page || --page->owners > 0) return;
  in_use_ -= page->bytes;
  idle_[page->bytes].push_back(page);
}

void PageStore::release_idle() {
  for (auto& [bytes, pages] : idle_) {
    held_ -= bytes * pages.size();
    for (StatePage* page : pages) release(page);
    pages.clear();
  }
}

}  // namespace malmoi::nn

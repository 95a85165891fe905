#include "tokenizer/models/word_cache.h"

#include <atomic>
#include <memory>

namespace malmoi::tokenizer {
namespace {

constexpr size_t kCachesPerThread = 4;

struct Slot {
  uint64_t model = 0;
  uint64_t used = 0;
  std::unique_ptr<WordCache> cache;
};
struct Slots {
  std::array<Slot, kCachesPerThread> all;
  uint64_t clock = 0;
};
thread_local Slots slots;
thread_local Slot* latest = nullptr;

}  // namespace

uint64_t next_model_number() {
  static std::atomic<uint64_t> counter{1};
  return counter++;
}

WordCache& thread_word_cache(uint64_t model_number) {
  if (latest && latest->model == model_number) return *latest->cache;
  Slot* chosen = &slots.all[0];
  for (Slot& slot : slots.all) {
    if (slot.model == model_number) {
      chosen = &slot;
      break;
    }
    if (slot.used < chosen->used) chosen = &slot;
  }
  if (chosen->model != model_number) {
    chosen->cache = std::make_unique<WordCache>();
    chosen->model = model_number;
  }
  chosen->used = ++slots.clock;
  latest = chosen;
  return *chosen->cache;
}

}  // namespace malmoi::tokenizer

// Who gives way to a model that is to be loaded.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "chat/pool_core.h"

namespace malmoi::chat {

size_t ProviderPool::Core::bytes_in_memory() const {
  size_t sum = 0;
  for (const auto& entry : entries_) sum += entry->current ? entry->current->bytes : 0;
  for (const auto& version : retired_) sum += version->bytes;
  return sum;
}

bool ProviderPool::Core::fits(const Entry& entry, size_t bytes) const {
  const size_t used = bytes_in_memory();
  const auto others =
      std::ranges::count_if(entries_, [&](const auto& other) { return other.get() != &entry && other->current; });
  return used <= options_.memory && bytes <= options_.memory - used &&
         static_cast<size_t>(others) < options_.most_loaded;
}

// What stays whatever happens: pinned models, and the version that is replaced.
Status ProviderPool::Core::check_could_fit(const Entry& entry, size_t bytes) const {
  size_t staying = 0, models = 0;
  for (const auto& other : entries_) {
    const bool stays = other->current && (other->model.pinned || other.get() == &entry);
    if (!stays) continue;
    staying += other->current->bytes;
    models += other.get() != &entry;
  }
  if (staying > options_.memory || bytes > options_.memory - staying)
    return out_of_memory("it takes " + format_bytes(static_cast<double>(bytes)) + ", and models may have " +
                             format_bytes(static_cast<double>(options_.memory)) + ", of which " +
                             format_bytes(static_cast<double>(staying)) + " are taken for good",
                         entry.model.info.name, "give them more (--models-memory), or pin fewer");
  if (models >= options_.most_loaded)
    return out_of_memory("as many models as may be loaded are pinned", entry.model.info.name,
                         "allow more (--max-loaded), or pin fewer");
  return {};
}

// Of the models that may go, the one whose last use is the longest ago.
ProviderPool::Core::Entry* ProviderPool::Core::least_used(const Entry& wanted, bool idle) const {
  Entry* least = nullptr;
  for (const auto& entry : entries_) {
    if (entry.get() == &wanted || !entry->current || entry->model.pinned) continue;
    if (idle && entry->current->uses > 0) continue;
    if (!least || entry->turn < least->turn) least = entry.get();
  }
  return least;
}

bool ProviderPool::Core::is_waited_for(const Entry& entry) const {
  return entry.current || std::ranges::any_of(entry.waiters, is_there);
}

// Of one model at a time: where its place is enough, the others answer on.
void ProviderPool::Core::ask_for_place(const Entry& wanted) {
  const bool one_comes =
      !retired_.empty() || std::ranges::any_of(entries_, [](const auto& entry) { return entry->leaving; });
  Entry* busy = one_comes ? nullptr : least_used(wanted, false);
  if (busy) busy->leaving = true;
}

// Nobody gives its place any more; those who waited for one that stays are told with the next load().
void ProviderPool::Core::stay(const Entry& wanted) {
  for (const auto& entry : entries_) {
    if (entry.get() == &wanted || !std::exchange(entry->leaving, false)) continue;
    if (!entry->waiters.empty()) queue(*entry);
  }
}

// Models that are idle go first. Where there is none, the least used one takes no new requests until its answers are whole: else
// a busy model would keep the others out for good.
Status ProviderPool::Core::make_room(Entry& entry, size_t bytes, Lock& lock) {
  MALMOI_TRY(check_could_fit(entry, bytes));
  const double deadline = monotonic_seconds() + options_.room_seconds;
  while (true) {
    free_retired(lock);
    if (stopping_) return stopping_error();
    if (fits(entry, bytes)) break;
    if (Entry* idle = least_used(entry, true)) {
      retire(*idle);
      say(lock, options_.message,
          "the model '" + idle->model.info.name + "' gives its memory to '" + entry.model.info.name + "'");
      continue;
    }
    if (!is_waited_for(entry)) {
      stay(entry);
      return Error{ErrorCode::kCancelled, "nobody waits for it any more", entry.model.info.name, "ask for it again"};
    }
    if (monotonic_seconds() >= deadline) {
      stay(entry);
      return out_of_memory("the models that are loaded have answers under way, and leave it no memory",
                           entry.model.info.name, "try again later, or give models more (--models-memory)");
    }
    ask_for_place(entry);
    wake_.wait_for(lock, seconds_until(std::min(deadline, monotonic_seconds() + options_.look_seconds)));
  }
  stay(entry);
  return {};
}

}  // namespace malmoi::chat

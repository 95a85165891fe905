// The thread of a pool: it loads models, frees those that nobody holds, and looks for new versions.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <new>

#include "base/log.h"
#include "chat/pool_core.h"

namespace malmoi::chat {
namespace {

// What a model's files can make of a library: too little memory, at worst.
template <typename Work>
auto guarded(const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return out_of_memory("the memory of the machine is used up", "", "use a smaller model, or load fewer at once");
  } catch (const std::exception& error) {
    return internal_error(error.what());
  }
}

// Empty: nothing is known.
std::string version_of(const PooledModel& model) {
  if (!model.version) return {};
  const Result<std::string> version = guarded([&] { return Result<std::string>(model.version()); });
  return version.ok() ? *version : std::string();
}

}  // namespace

void ProviderPool::Core::run() {
  Lock lock(mutex_);
  double next_look = monotonic_seconds() + options_.look_seconds;
  while (!stopping_) {
    free_retired(lock);
    if (stopping_) return;
    if (!queue_.empty()) {
      Entry& next = *queue_.front();
      queue_.pop_front();
      load(next, lock);
    } else if (look_asked_ || monotonic_seconds() >= next_look) {
      const bool at_once = std::exchange(look_asked_, false);
      look(lock, at_once);
      next_look = monotonic_seconds() + options_.look_seconds;
    } else {
      wake_.wait_for(lock, seconds_until(next_look));
    }
  }
}

void ProviderPool::Core::say(Lock& lock, const LineReceiver& receiver, const std::string& line) {
  lock.unlock();
  receiver(line);
  lock.lock();
}

// What was counted, beyond the end of who counted it.
void ProviderPool::Core::count_as_past(Entry& entry, const ProviderStats& stats) {
  entry.past += stats;
  entry.past.running = entry.past.waiting = 0;
  entry.past.state_bytes = entry.past.state_budget = 0;
}

// Nobody can come to hold what is retired but see() and drain(), for a moment.
void ProviderPool::Core::free_retired(Lock& lock) {
  for (size_t i = 0; i < retired_.size();) {
    Version& version = *retired_[i];
    if (version.uses > 0) {
      ++i;
      continue;
    }
    ++version.uses;
    lock.unlock();
    const ProviderStats stats = version.provider->stats();
    lock.lock();
    if (--version.uses > 0) continue;
    count_as_past(*version.entry, stats);
    std::unique_ptr<Version> freed = std::move(retired_[i]);
    retired_.erase(retired_.begin() + static_cast<std::ptrdiff_t>(i));
    lock.unlock();
    freed->provider.reset();
    lock.lock();
    i = 0;  // others may have come meanwhile
  }
}

void ProviderPool::Core::look(Lock& lock, bool at_once) {
  for (const auto& one : entries_) {
    Entry& entry = *one;
    if (!entry.current || entry.queued || !entry.model.version) continue;
    const HeldProvider provider = entry.current->provider;
    lock.unlock();
    const std::string files = version_of(entry.model);
    const bool whole = provider->health().ok();
    lock.lock();
    if (stopping_) return;
    if (!entry.current || files.empty()) continue;
    entry.refused = !whole;
    // What is broken is read anew, though its files are the same to see; else: a new version that failed may have been taken back.
    if (files == entry.current->files && whole) {
      entry.seen.clear();
      entry.error.reset();
      continue;
    }
    const double now = monotonic_seconds();
    if (files != entry.seen) {
      entry.seen = files;
      entry.seen_at = now;
      entry.retry_at = 0;  // what failed was another one
      entry.failures = 0;
    }
    if (!at_once && (now - entry.seen_at < options_.quiet_seconds || now < entry.retry_at)) continue;
    entry.reload = true;
    queue(entry);
  }
}

void ProviderPool::Core::load(Entry& entry, Lock& lock) {
  entry.queued = false;
  const bool is_new = std::exchange(entry.reload, false);
  const bool is_wanted = entry.current ? is_new : !entry.waiters.empty();
  if (is_wanted) {
    entry.loading = true;
    Result<std::unique_ptr<Version>> opened = open(entry, lock);
    entry.loading = false;
    if (stopping_) {  // whoever waited has been told
      lock.unlock();
      opened = stopping_error();
      lock.lock();
      return;
    }
    // Nobody waits for it any more: no fault of the model's.
    if (!opened.ok() && opened.error().code == ErrorCode::kCancelled && !is_waited_for(entry))
      return end_waits(take_gone(entry), {}, lock);
    if (opened.ok()) install(entry, *std::move(opened), lock);
    else fail(entry, std::move(opened).error(), lock);
  }
  tell(entry, lock);
}

Result<std::unique_ptr<ProviderPool::Core::Version>> ProviderPool::Core::open(Entry& entry, Lock& lock) {
  auto version = std::make_unique<Version>();
  version->entry = &entry;
  lock.unlock();
  version->files = version_of(entry.model);
  const Result<size_t> bytes =
      entry.model.measure ? guarded([&] { return entry.model.measure(); }) : Result<size_t>(size_t{0});
  lock.lock();
  if (!bytes.ok()) return bytes.error();
  version->bytes = *bytes;
  MALMOI_TRY(make_room(entry, *bytes, lock));
  lock.unlock();
  Result<HeldProvider> loaded = guarded([&] { return entry.model.load(); });
  if (loaded.ok()) {
    version->provider = *std::move(loaded);
    version->info = version->provider->info();
  }
  lock.lock();
  if (!loaded.ok()) return std::move(loaded).error();
  return version;
}

void ProviderPool::Core::install(Entry& entry, std::unique_ptr<Version> opened, Lock& lock) {
  const bool replaces = entry.current != nullptr;
  if (replaces) retire(entry);
  entry.model.info = opened->info;  // also once it is out of memory again
  entry.current = std::move(opened);
  entry.error.reset();
  entry.failures = 0;
  entry.retry_at = 0;
  entry.seen.clear();
  entry.refused = false;
  const std::string& name = entry.model.info.name;
  say(lock, options_.message,
      replaces ? "the new version of the model '" + name + "' is served" : "the model '" + name + "' is loaded");
}

void ProviderPool::Core::fail(Entry& entry, Error error, Lock& lock) {
  constexpr int kMostDoublings = 16;
  const int doublings = std::min(entry.failures, kMostDoublings);
  ++entry.failures;
  entry.retry_at =
      monotonic_seconds() + std::min(std::ldexp(options_.retry_seconds, doublings), options_.longest_retry);
  entry.error = std::move(error);
  const std::string& name = entry.model.info.name;
  const std::string what = entry.current
                               ? "the new version of the model '" + name + "' cannot be loaded, the old one is " +
                                     (entry.refused ? "refused: " : "served on: ")
                               : "the model '" + name + "' cannot be loaded: ";
  say(lock, options_.warn, what + entry.error->to_string());
}

void ProviderPool::Core::tell(Entry& entry, Lock& lock) {
  if (entry.waiters.empty()) return;
  if (!entry.current && !entry.error) return queue(entry);  // it was taken out again just now
  std::vector<Waiter> waiters = std::exchange(entry.waiters, {});
  std::vector<Result<HeldProvider>> answers;
  for (size_t i = 0; i < waiters.size(); ++i) {
    if (entry.current) answers.emplace_back(lease(*entry.current));
    else answers.emplace_back(*entry.error);
  }
  end_waits(std::move(waiters), std::move(answers), lock);
}

// Without an answer, of those who have left.
void ProviderPool::Core::end_waits(std::vector<Waiter> waiters, std::vector<Result<HeldProvider>> answers, Lock& lock) {
  telling_ = true;
  lock.unlock();
  for (size_t i = 0; i < answers.size(); ++i) waiters[i].done(std::move(answers[i]));
  answers.clear();  // where nobody took them, they are let go without the lock
  waiters.clear();
  lock.lock();
  telling_ = false;
  told_.notify_all();
}

}  // namespace malmoi::chat

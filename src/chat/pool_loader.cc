// The thread of a pool: it loads models, makes room for them, frees those that nobody holds, and looks for new versions.
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

std::chrono::duration<double> seconds_until(double moment) {
  constexpr double kLongestSleep = 3600;  // a clock's own longest is less than "never"
  return std::chrono::duration<double>(std::clamp(moment - monotonic_seconds(), 0.0, kLongestSleep));
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
    lock.unlock();
    const std::string files = version_of(entry.model);
    lock.lock();
    if (stopping_) return;
    if (!entry.current || files.empty()) continue;
    if (files == entry.current->files) {  // also where a new version that failed was taken back
      entry.seen.clear();
      entry.error.reset();
      continue;
    }
    const double now = monotonic_seconds();
    if (files != entry.seen) {
      entry.seen = files;
      entry.seen_at = now;
      entry.retry_at = 0;  // what failed was another one
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
  const std::string what =
      entry.current ? "the new version of the model '" + name + "' cannot be loaded, the old one is served on: "
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

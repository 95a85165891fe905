#include "chat/pool_core.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>

#include "base/log.h"

namespace malmoi::chat {
namespace {

Error no_model(const std::string& name) {
  return not_found("there is no model '" + name + "'", "model", "use one of those that are listed");
}

int64_t seconds_since_1970() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

std::chrono::duration<double> seconds_until(double moment) {
  constexpr double kLongestSleep = 3600;  // a clock's own longest is less than "never"
  return std::chrono::duration<double>(std::clamp(moment - monotonic_seconds(), 0.0, kLongestSleep));
}

Error ProviderPool::Core::stopping_error() {
  return {ErrorCode::kCancelled, "the server is stopping", "", "try again later"};
}

ProviderPool::Core::Core(std::vector<PooledModel> models, PoolOptions options) : options_(std::move(options)) {
  for (PooledModel& model : models) {
    entries_.push_back(std::make_unique<Entry>());
    entries_.back()->model = std::move(model);
  }
}

ProviderPool::Core::Entry* ProviderPool::Core::find(const std::string& model) {
  if (model.empty()) return entries_.front().get();
  for (const auto& entry : entries_) {
    const std::vector<std::string>& adapters = entry->model.adapters;
    if (entry->model.info.name == model || std::ranges::find(adapters, model) != adapters.end()) return entry.get();
  }
  return nullptr;
}

// Whoever lets it go frees nothing: the end of an engine waits for its thread, and is the pool's own work.
HeldProvider ProviderPool::Core::lease(Version& version) {
  ++version.uses;
  return {version.provider.get(), [core = shared_from_this(), &version](Provider*) { core->release(version); }};
}

void ProviderPool::Core::release(Version& version) {
  std::lock_guard lock(mutex_);
  if (--version.uses == 0) wake_.notify_all();
}

// Those who wait no more. Whoever takes them ends them without the lock: what they own is not known here.
std::vector<ProviderPool::Core::Waiter> ProviderPool::Core::take_gone(Entry& entry) {
  const auto gone = std::ranges::stable_partition(entry.waiters, is_there);
  std::vector<Waiter> taken(std::make_move_iterator(gone.begin()), std::make_move_iterator(gone.end()));
  entry.waiters.erase(gone.begin(), gone.end());
  return taken;
}

void ProviderPool::Core::touch(Entry& entry) {
  entry.turn = ++turns_;
  entry.last_used = seconds_since_1970();
}

void ProviderPool::Core::queue(Entry& entry) {
  if (entry.queued || entry.loading) return;
  entry.queued = true;
  queue_.push_back(&entry);
  wake_.notify_all();
}

void ProviderPool::Core::retire(Entry& entry) {
  entry.leaving = false;
  entry.retry_at = 0;  // a new version that did not fit beside it may fit alone
  retired_.push_back(std::move(entry.current));
}

// What a client is told that comes before it is tried again.
Error ProviderPool::Core::explain(const Entry& entry) const {
  Error error = *entry.error;
  const double left = std::max(1.0, std::ceil(entry.retry_at - monotonic_seconds()));
  error.remedy += (error.remedy.empty() ? "it is tried again in " : "; it is tried again in ") + format_duration(left);
  return error;
}

void ProviderPool::Core::hold(const std::string& model, HeldSink done, StopToken cancel) {
  std::optional<Result<HeldProvider>> now;
  std::vector<Waiter> gone;
  {
    std::lock_guard lock(mutex_);
    Entry* entry = find(model);
    if (!entry) {
      now.emplace(no_model(model));
    } else if (stopping_) {
      now.emplace(stopping_error());
    } else if (entry->current && !entry->leaving) {
      touch(*entry);
      now.emplace(lease(*entry->current));
    } else if (!entry->current && !entry->loading && entry->error && monotonic_seconds() < entry->retry_at) {
      now.emplace(explain(*entry));
    } else {
      touch(*entry);
      gone = take_gone(*entry);  // else clients that come and go would pile up while a model is loaded
      entry->waiters.push_back({std::move(done), std::move(cancel)});
      queue(*entry);
    }
  }
  if (now) done(*std::move(now));
}

Status ProviderPool::Core::try_again(const std::string& model) {
  std::lock_guard lock(mutex_);
  Entry* entry = find(model);
  if (!entry) return no_model(model);
  entry->failures = 0;
  entry->retry_at = 0;
  return {};
}

Status ProviderPool::Core::unload(const std::string& model) {
  std::lock_guard lock(mutex_);
  Entry* entry = find(model);
  if (!entry) return no_model(model);
  if (entry->model.pinned)
    return unsupported("the model '" + entry->model.info.name + "' stays in memory", "model",
                       "start the server without --pin for it");
  if (entry->current) retire(*entry);
  entry->error.reset();
  wake_.notify_all();
  return {};
}

void ProviderPool::Core::look_again() {
  std::lock_guard lock(mutex_);
  for (const auto& entry : entries_) {
    entry->failures = 0;
    entry->retry_at = 0;
  }
  look_asked_ = true;
  wake_.notify_all();
}

std::vector<ModelInfo> ProviderPool::Core::models() {
  std::vector<ModelInfo> all;
  std::lock_guard lock(mutex_);
  for (const auto& entry : entries_) {
    all.push_back(entry->model.info);
    for (const std::string& adapter : entry->model.adapters) {
      all.push_back(entry->model.info);
      all.back().name = adapter;
    }
  }
  return all;
}

std::vector<ProviderPool::Core::Seen> ProviderPool::Core::see() {
  std::vector<Seen> all;
  {
    std::lock_guard lock(mutex_);
    for (const auto& entry : entries_) {
      Seen seen{.status = {.info = entry->model.info,
                           .adapters = entry->model.adapters,
                           .state = ModelState::kUnloaded,
                           .pinned = entry->model.pinned,
                           .last_used = entry->last_used,
                           .versions = 0,
                           .stats = entry->past}};
      ModelStatus& status = seen.status;
      auto add_version = [&](Version& version) {
        status.bytes += version.bytes;
        status.requests += version.uses;
        ++status.versions;
        seen.versions.push_back(lease(version));
      };
      for (const auto& version : retired_) {
        if (version->entry == entry.get()) add_version(*version);
      }
      seen.serves = entry->current != nullptr;
      if (entry->current) add_version(*entry->current);
      if (entry->error) status.problem = entry->error->to_string();
      if (entry->current) status.state = ModelState::kLoaded;
      else if (entry->queued || entry->loading) status.state = ModelState::kLoading;
      else if (entry->error) status.state = ModelState::kFailed;
      status.stats.waiting = std::ranges::count_if(entry->waiters, is_there);
      all.push_back(std::move(seen));
    }
  }
  for (Seen& seen : all) {
    for (const HeldProvider& version : seen.versions) seen.status.stats += version->stats();
    const Status whole = seen.serves ? seen.versions.back()->health() : Status();
    seen.status.refused = !whole.ok();
    if (!whole.ok() && seen.status.problem.empty()) seen.status.problem = whole.error().to_string();
  }
  return all;
}

void ProviderPool::Core::drain(double seconds) {
  std::vector<Waiter> waiters;
  std::vector<HeldProvider> versions;
  {
    Lock lock(mutex_);
    stopping_ = true;
    queue_.clear();
    for (const auto& entry : entries_) {
      for (Waiter& waiter : entry->waiters) waiters.push_back(std::move(waiter));
      entry->waiters.clear();
      if (entry->current) versions.push_back(lease(*entry->current));
    }
    for (const auto& version : retired_) versions.push_back(lease(*version));
    wake_.notify_all();
    // Whoever waits may go away once this returns: nobody is called after that.
    told_.wait(lock, [this] { return !telling_; });
  }
  for (const Waiter& waiter : waiters) waiter.done(stopping_error());
  const double deadline = monotonic_seconds() + seconds;
  for (const HeldProvider& version : versions) version->drain(std::max(0.0, deadline - monotonic_seconds()));
}

// Answers that are under way when this is called hold their version, and let it go while its engine ends.
void ProviderPool::Core::end() {
  std::vector<HeldProvider> ending;
  {
    std::lock_guard lock(mutex_);
    for (const auto& entry : entries_) {
      if (entry->current) retire(*entry);
    }
    for (const auto& version : retired_) ending.push_back(std::move(version->provider));
  }
}

}  // namespace malmoi::chat

// What all connections of a server share.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <mutex>

#include "serve/access.h"
#include "serve/backend.h"
#include "serve/metrics.h"
#include "serve/options.h"

namespace malmoi::serve {

struct Shared {
  explicit Shared(const ServerOptions& o) : options(o), access(o) {}

  const ServerOptions options;
  const Access access;
  Metrics metrics;
  std::atomic<bool> stopping{false};
  boost::asio::thread_pool workers{2};  // parsing and tokenizing

  /// The model, or null while it is loading.
  std::shared_ptr<const Backend> backend() const {
    std::lock_guard lock(mutex_);
    return backend_;
  }
  void set_backend(Backend backend) {
    std::lock_guard lock(mutex_);
    backend_ = std::make_shared<const Backend>(std::move(backend));
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Backend> backend_;
};

}  // namespace malmoi::serve

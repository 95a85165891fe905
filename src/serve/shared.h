// What all connections of a server share.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <memory>

#include "chat/provider.h"
#include "serve/access.h"
#include "serve/metrics.h"
#include "serve/options.h"

namespace malmoi::serve {

struct Shared {
  explicit Shared(const ServerOptions& o) : options(o), access(o) {}

  const ServerOptions options;
  const Access access;
  Metrics metrics;
  std::atomic<bool> stopping{false};
  std::atomic<chat::Provider*> provider{nullptr};  // null while the model is loading
  /// Parsing and tokenizing. What waits there when the server stops is dropped with it, before the connections' own
  /// executor goes away.
  std::unique_ptr<boost::asio::thread_pool> workers = std::make_unique<boost::asio::thread_pool>(2);
};

}  // namespace malmoi::serve

// What all connections of a server share.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>

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
  boost::asio::thread_pool workers{2};             // parsing and tokenizing
};

}  // namespace malmoi::serve

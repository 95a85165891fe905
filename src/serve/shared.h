// What all connections of a server share.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <memory>

#include "chat/provider.h"
#include "serve/access.h"
#include "serve/access_log.h"
#include "serve/body_budget.h"
#include "serve/fair_queue.h"
#include "serve/metrics.h"
#include "serve/options.h"
#include "serve/places.h"
#include "serve/sessions.h"
#include "serve/tls.h"

namespace malmoi::serve {

struct Shared {
  explicit Shared(const ServerOptions& o)
      : options(o), access(o), places(o.max_requests), body_bytes(body_budget(o)), document_places(kMostDocuments) {}

  static constexpr int64_t kMostDocuments = 64;  // that are read or wait to be; more get 429

  const ServerOptions options;
  Metrics metrics;
  // On the I/O thread alone.
  Access access;
  Sessions sessions;
  Places places;                          // of answers and calls that take the model's time
  Places body_bytes;                      // of bodies that are large (serve/body_budget.h)
  Places document_places;                 // of documents that are read or wait to be (serve/extract_call.h)
  TlsContext tls;                         // of connections to come; null: none
  std::unique_ptr<AccessLog> access_log;  // null: none
  std::atomic<bool> stopping{false};
  std::atomic<int> run_followers{0};               // streams of /runs/NAME/events that are open
  std::atomic<chat::Provider*> provider{nullptr};  // null while the model is loading

  /// What waits for the workers `slow` and `documents`, which run it as its clients come to their turns (serve/turn.h).
  FairQueue slow_calls, documents;
  /// Parsing and tokenizing; large bodies do not hold small ones up, nor do calls that wait for the model. What waits there when
  /// the server stops is dropped with it, before the connections' own executor goes away.
  struct Workers {
    boost::asio::thread_pool small{1}, large{2}, slow{1};
    boost::asio::thread_pool files{1};      // reading what lies on disks: the one that is slow holds up no answer
    boost::asio::thread_pool documents{2};  // reading what clients send, which takes seconds and much memory
    boost::asio::thread_pool& for_body(size_t bytes) {
      constexpr size_t kLarge = 64 << 10;  // a millisecond of parsing and tokenizing, about
      return bytes < kLarge ? small : large;
    }
  };
  std::unique_ptr<Workers> workers = std::make_unique<Workers>();
};

}  // namespace malmoi::serve

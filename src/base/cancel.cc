#include "base/cancel.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

namespace malmoi {
namespace {

std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

void on_signal(int signal) {
  if (stop.exchange(true)) _exit(128 + signal);
}

}  // namespace

void install_stop_handler() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool stop_requested() { return stop.load(std::memory_order_relaxed); }
void request_stop(bool request) { stop = request; }

}  // namespace malmoi

// What a server may be told, with its limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/job.h"

namespace malmoi::serve {

class Runs;
class Corpora;

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;                    // 0: any free one
  std::vector<std::string> api_keys;       // empty: no key is asked for
  std::vector<std::string> allowed_hosts;  // names by which a server on the loopback may be called, besides its own
  std::vector<std::string> cors_origins;   // web pages of other origins that may call; "*": all
  std::string health_path, predict_path;   // beside /health and /predict, as a hosting platform may ask; empty: none
  size_t max_header_bytes = 16 << 10;
  size_t max_body_bytes = 8 << 20;
  int64_t max_connections = 512;
  int64_t max_requests = 128;         // running and waiting together; more are answered 429
  int send_buffer_bytes = 256 << 10;  // kept for a client that reads slowly; beyond it the answer waits
  double header_seconds = 15;         // from the connection to the end of a request's header
  double body_seconds = 60;
  double idle_seconds = 75;   // between requests of a connection
  double write_seconds = 30;  // for a client to take one piece of an answer
  Warn warn;                  // told of what fails inside the server, from its thread

  std::shared_ptr<Runs> runs;        // shown below /runs (serve/runs.h); null: nothing is
  std::shared_ptr<Corpora> corpora;  // and below /data
};

/// Whether a host's name or address is of this machine alone.
bool is_loopback(const std::string& host);

}  // namespace malmoi::serve

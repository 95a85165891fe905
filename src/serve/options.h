// What a server may be told, with its limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/job.h"
#include "serve/api_key.h"

namespace malmoi::serve {

class Runs;
class Corpora;
class Extractor;

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;                     // 0: any free one
  std::vector<std::string> api_keys;        // plain ones: all scopes, no limits
  std::optional<std::vector<ApiKey>> keys;  // beside them; none, and no plain ones: no key is asked for
  std::string tls_certificate, tls_key;     // PEM files; empty: no TLS
  std::string access_log;                   // a file, or - for stdout; empty: none
  bool log_prompts = false;                 // the access log has the bodies of requests for a model, too
  std::vector<std::string> allowed_hosts;   // names by which a server on the loopback may be called, besides its own
  std::vector<std::string> cors_origins;    // web pages of other origins that may call; "*": all
  std::string health_path, predict_path;    // beside /health and /predict, as a hosting platform may ask; empty: none
  size_t max_header_bytes = 16 << 10;
  size_t max_body_bytes = 8 << 20;
  int64_t max_connections = 2048;     // each takes about its header's size while it says nothing
  int64_t max_requests = 128;         // answers and other calls of a model, running and waiting; more get 429
  int send_buffer_bytes = 256 << 10;  // kept for a client that reads slowly; beyond it the answer waits
  double header_seconds = 15;         // from the connection to the end of a request's header
  double body_seconds = 60;
  double idle_seconds = 75;   // between requests of a connection
  double write_seconds = 30;  // for a client to take one piece of an answer
  double load_seconds = 300;  // for a request to wait for a model that is loaded for it
  Warn warn;                  // told of what fails inside the server, from its thread

  std::shared_ptr<Runs> runs;                  // shown below /runs (serve/runs.h); null: nothing is
  std::shared_ptr<Corpora> corpora;            // and below /data
  std::shared_ptr<const Extractor> extractor;  // reads documents at /extract (serve/extractor.h); null: nothing does
};

/// Whether requests must carry a key.
inline bool asks_for_keys(const ServerOptions& options) { return options.keys || !options.api_keys.empty(); }

/// Whether a host's name or address is of this machine alone.
bool is_loopback(const std::string& host);

}  // namespace malmoi::serve

// The HTTP server: OpenAI's API, health, metrics, and the page, over one provider.
#pragma once

#include <memory>
#include <vector>

#include "base/error.h"
#include "chat/provider.h"
#include "serve/api_key.h"
#include "serve/options.h"

namespace malmoi::serve {

/// Listens on a thread of its own; nothing computes there but TLS (parsing and tokenizing run on workers, models on the
/// provider's threads). Until serve() it answers 503 to what needs a model, and to those who ask whether it is ready.
class Server {
 public:
  /// Binds and begins to listen. Errors: an address that is not one's own or does not exist, a port in use or privileged; files
  /// of TLS that do not fit, an access log that cannot be written.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options);
  ~Server();  // stop(0)

  /// The model is ready. The provider outlives the server.
  void serve(chat::Provider& provider);
  /// The keys of a file that was changed; requests and sessions of those that are gone are refused from then on.
  void set_keys(std::vector<ApiKey> keys);
  /// Reads the files of TLS again, for connections to come. Errors: as start(); those there are stay in use.
  Status reload_tls();
  /// The port listened on.
  uint16_t port() const;
  /// Refuses new connections and requests, lets those running finish for `seconds`, then ends them. Returns when every
  /// answer is written or its connection closed. Only the first call does anything.
  void stop(double seconds);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace malmoi::serve

// What the server shows of itself over TLS: its certificate and the key to it.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "base/error.h"

namespace malmoi::serve {

/// Shared by the connections that were made with it.
using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

/// TLS 1.2 and 1.3. `certificate`: a PEM file of the server's certificate and those between it and its authority; `key`: a PEM file
/// without a passphrase. Errors: files that cannot be read or understood, a key of another certificate.
Result<TlsContext> load_tls(const std::string& certificate, const std::string& key);

}  // namespace malmoi::serve

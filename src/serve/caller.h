// Who sends a request: the key that it carries, or the address that it comes from.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "serve/client_limits.h"
#include "serve/scope.h"

namespace malmoi::serve {

struct Caller {
  std::string name;                      // its key's, or its address
  uint64_t client = 1;                   // never 0; requests of one share its turns and its places (serve/places.h)
  Scopes scopes = Scopes::all();         // all where no key is asked for
  std::shared_ptr<ClientLimits> limits;  // null: none
};

/// Of one that is known by its address alone. Of IPv6 the first 64 bits tell clients apart, since one has all the rest for
/// itself; IPv4 within IPv6 is IPv4.
Caller caller_at(const boost::asio::ip::address& address);

/// Of one that has a key.
Caller caller_with_key(const std::string& name, Scopes scopes, std::shared_ptr<ClientLimits> limits);

}  // namespace malmoi::serve

#include "serve/caller.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace malmoi::serve {
namespace {

using boost::asio::ip::address;

uint64_t number_of(const std::string& client) { return std::max<uint64_t>(hash64(client), 1); }

}  // namespace

Caller caller_at(const address& given) {
  address peer = given;
  if (peer.is_v6() && peer.to_v6().is_v4_mapped())
    peer = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, peer.to_v6());
  std::string network = peer.to_string();
  if (peer.is_v6()) {
    auto bytes = peer.to_v6().to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
    network = boost::asio::ip::address_v6(bytes).to_string();
  }
  return {.name = peer.to_string(), .client = number_of("address " + network)};
}

Caller caller_with_key(const std::string& name, Scopes scopes, std::shared_ptr<ClientLimits> limits) {
  return {.name = name, .client = number_of("key " + name), .scopes = scopes, .limits = std::move(limits)};
}

}  // namespace malmoi::serve

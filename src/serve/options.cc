#include "serve/options.h"

#include <boost/asio/ip/address.hpp>

#include "base/ascii.h"

namespace malmoi::serve {

bool is_loopback(const std::string& host) {
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(host, error);
  return error ? ascii_lower(host) == "localhost" : address.is_loopback();
}

}  // namespace malmoi::serve

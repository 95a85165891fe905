// What the address of a request says beside its body.
#pragma once

#include <string>

namespace malmoi::protocol {

struct Address {
  std::string name;   // what stands for the `*` in its route's path, decoded; empty where there is none
  std::string query;  // behind the `?`, as it was sent
  /// Whether the query has `key=value`.
  bool asks(const std::string& pair) const { return ("&" + query + "&").find("&" + pair + "&") != std::string::npos; }
};

}  // namespace malmoi::protocol

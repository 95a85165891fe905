// Fuzzes the file of API keys: what can be read is the same when it is written and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "serve/api_key.h"

using namespace malmoi::serve;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto keys = read_keys({reinterpret_cast<const char*>(data), size}, "keys.json");
  if (!keys.ok()) return 0;
  for (const ApiKey& key : *keys) {
    if (!is_key_name(key.name) || key.digest.size() != 32 || key.scopes.empty()) std::abort();
  }
  const std::string written = print_keys(*keys);
  auto again = read_keys(written, "keys.json");
  if (!again.ok() || print_keys(*again) != written) std::abort();
  return 0;
}

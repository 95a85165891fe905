// Heads and bodies of HTTP answers as archives store them: any coding, cut anywhere, within the limit.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "data/readers/http_body.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::data;
  constexpr uint64_t kLimit = 1 << 20;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Headers headers;
  size_t body = headers.parse_http(text);
  if (body == 0) return 0;
  auto decoded = decode_http_body(headers, std::string(text.substr(body)), kLimit, "fuzz");
  if (decoded.ok() && decoded->size() > std::max<uint64_t>(kLimit, size)) std::abort();
  return 0;
}

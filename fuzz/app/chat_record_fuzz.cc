// Conversations in files of anyone's: what is read is written back as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "app/use/chat_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi;
  auto json = parse_json(std::string_view(reinterpret_cast<const char*>(data), size), "input");
  if (!json.ok()) return 0;
  auto record = app::parse_chat_record(*json, "input");
  if (!record.ok()) return 0;
  const Json written = app::to_json(*record);
  auto again = app::parse_chat_record(written, "written");
  if (!again.ok() || app::to_json(*again) != written) std::abort();
  return 0;
}

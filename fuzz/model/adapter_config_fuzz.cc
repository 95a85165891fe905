// adapter_config.json and what it means for a module: the first line is the module's name, the rest the file.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "model/adapter_config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(text.find('\n'), text.size());
  auto json = parse_json(std::string_view(text).substr(std::min(end + 1, text.size())), "adapter_config.json");
  if (!json.ok()) return 0;
  auto config = model::parse_adapter_config(*json, "adapter_config.json");
  if (!config.ok()) return 0;
  const std::string module = text.substr(0, end);
  (void)model::rank_of(*config, module);
  (void)model::scale_of(*config, module);
  (void)model::is_target(*config, module);
  return 0;
}

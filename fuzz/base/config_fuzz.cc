// Fuzzes configurations: YAML of any kind, environment variables, overrides.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto document = malmoi::parse_config(text, "fuzz");
  if (!document.ok()) return 0;
  malmoi::ConfigReader reader(*document);
  reader.text("out", "");
  malmoi::ConfigReader train = reader.object("train");
  train.integer("steps", 1, 1, 100);
  train.numbers("betas");
  (void)train.finish();
  (void)reader.finish();
  (void)malmoi::override_config(*document, text.substr(0, 64));
  return 0;
}

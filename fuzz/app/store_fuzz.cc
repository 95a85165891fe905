// What the store of models reads of servers: pages of package indexes, METADATA, checksum lists, redirects, names.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "app/store/address.h"
#include "app/store/choice.h"
#include "app/store/name.h"
#include "app/store/pypi.h"
#include "app/store/wheel.h"
#include "base/percent.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::app;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (bool is_json : {false, true}) choose_wheel(parse_index_page(text, is_json, "https://example.com/a/", "a"), "");
  part_packages(text, "a");
  told_checksum(text, "a.gguf");
  const std::string there = follow("https://example.com/a/b?c", text);
  if (!there.empty() && origin_of(there).empty()) std::abort();
  if (malmoi::percent_decode(escape_path(text)) != text) std::abort();
  auto name = parse_model_name(text);
  if (name.ok() && !is_safe_path(name->entry())) std::abort();  // it becomes a path
  const std::string path(text.substr(0, 1000));
  parse_gguf_name(path);
  static_cast<void>(choose_files({{.path = path, .size = 1}}, {}, "a").ok());
  return 0;
}

// What the server reads of the files of training runs while they grow: lines of metrics and samples, whole, cut or anybody's.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "app/serve/runs/curves.h"
#include "app/serve/runs/run_files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  app::Curves all, later(3);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line(text.substr(begin, end - begin));
    begin = end + 1;
    all.add(line);
    later.add(line);
    const Json sample = app::sample_of(line);
    if (!sample.is_null() && !sample["text"].is_string()) std::abort();
  }
  const Json told = all.to_json();
  for (const auto& [name, curve] : told["series"].items()) {
    if (curve["points"].size() > app::Thinned::kMostPoints || curve["points"].empty()) std::abort();
  }
  const std::string printed = dump_json(told) + dump_json(later.to_json());
  if (!parse_json(dump_json(told), "").ok() || printed.empty()) std::abort();
  return 0;
}

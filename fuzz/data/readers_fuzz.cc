// Every reader and conversion but PDF's (which runs in a process of its own): the first byte chooses the format.
#include <cstddef>
#include <cstdint>
#include <string>

#include "data/readers/convert.h"
#include "data/readers/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::data;
  if (size == 0) return 0;
  auto table = format_table();
  size_t choice = data[0] % (table.size() + 1);
  ReaderOptions options;
  options.limits.document_bytes = 1 << 20;
  options.limits.expanded_bytes = 8 << 20;
  if (choice < table.size()) options.format = table[choice].name;
  if (options.format == "pdf") return 0;
  Input input;
  input.id = input.path = input.name = "fuzz";
  input.bytes = memory_source(std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  auto reader = open_reader(std::move(input), options, [](Skip) {});
  if (!reader.ok() || !*reader) return 0;
  ConvertOptions convert;
  convert.limits = options.limits;
  RawDocument raw;
  for (int n = 0; n < 1000; ++n) {
    auto more = (*reader)->next(raw);
    if (!more.ok() || !*more) break;
    if (raw.payload == Payload::kPdf) continue;
    Converted converted;
    Skip skip;
    convert_document(std::move(raw), convert, converted, skip);
  }
  return 0;
}

// Fuzzes the extraction of HTML: never fails, and text out of valid UTF-8 is valid UTF-8.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "data/html/html.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi;
  std::string html = replace_invalid_utf8({reinterpret_cast<const char*>(data), size});
  for (bool whole : {false, true}) {
    data::HtmlText page = data::extract_html(html, {data::TextFormat::kMarkdown, whole});
    if (replace_invalid_utf8(page.text) != page.text || replace_invalid_utf8(page.title) != page.title) std::abort();
  }
  return 0;
}

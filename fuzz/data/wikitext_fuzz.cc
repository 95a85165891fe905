// Wikitext: any bytes become text, valid UTF-8 stays so, and none of the shielding signs of the steps is left.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "data/readers/wiki_steps.h"
#include "data/readers/wikitext.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  data::is_wiki_redirect(text);
  std::string out = data::wikitext_to_markdown(text);
  if (is_valid_utf8(text) && !is_valid_utf8(out)) std::abort();
  std::string shielded;
  data::wiki::append_shielded(shielded, text);
  if (is_valid_utf8(text) && text.find("\xF4\x8F") == std::string_view::npos && data::wiki::unshield(shielded) != text)
    std::abort();
  return 0;
}

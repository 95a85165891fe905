// A tokenizer.json from anywhere: it must be refused with an error or work on any text, and what it writes must read back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tokenizer/tokenizer.h"

using malmoi::tokenizer::EncodeOptions;
using malmoi::tokenizer::Tokenizer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view json(reinterpret_cast<const char*>(data), size);
  auto tokenizer = Tokenizer::from_json(json, "fuzz");
  if (!tokenizer.ok()) return 0;
  // The file's own bytes are the text, so that its pieces occur.
  std::string_view text = json.substr(0, 2048);
  for (bool special : {false, true}) {
    EncodeOptions options{.add_special = special, .parse_special = !special};
    auto ids = tokenizer->encode(text, options);
    auto full = tokenizer->encode_full(text, options);
    if (full.offsets.size() != full.ids.size() || full.type_ids.size() != full.ids.size()) std::abort();
    auto pair = tokenizer->encode_pair(text.substr(0, text.size() / 2), text.substr(text.size() / 2), options);
    if (pair.attention_mask.size() != pair.ids.size()) std::abort();
    tokenizer->decode(ids, special);
    for (size_t i = 0; i < ids.size() && i < 16; ++i) tokenizer->token_bytes(ids[i]);
  }
  return 0;
}

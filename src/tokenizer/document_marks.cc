#include "tokenizer/document_marks.h"

#include <algorithm>

namespace malmoi::tokenizer {

DocumentMarks document_marks(const Tokenizer& tokenizer) {
  DocumentMarks marks;
  // Any text will do: what stands before its own first token is put before every text.
  Encoding sample = tokenizer.encode_full("a", {.add_special = true, .parse_special = false});
  const std::vector<int32_t>& special = sample.special_tokens_mask;
  const bool has_text = std::find(special.begin(), special.end(), 0) != special.end();
  for (size_t i = 0; i < sample.ids.size() && special[i]; ++i) {
    // A vocabulary that cannot spell `a` leaves nothing between before and after: the end of text tells them apart.
    if (!has_text && sample.ids[i] == tokenizer.eos_id() && sample.ids[i] != tokenizer.bos_id()) break;
    bool padding = sample.attention_mask[i] == 0;
    if (!padding) marks.before.push_back(sample.ids[i]);
  }
  marks.after = tokenizer.eos_id();
  if (!marks.after) marks.after = tokenizer.id_of("<|endoftext|>");
  return marks;
}

std::vector<int32_t> begin_document(const Tokenizer& tokenizer, std::string_view text, bool parse_special) {
  std::vector<int32_t> ids = tokenizer.encode(text, {.add_special = false, .parse_special = parse_special});
  const std::vector<int32_t> before = document_marks(tokenizer).before;
  const bool written_out =
      parse_special && ids.size() >= before.size() && std::equal(before.begin(), before.end(), ids.begin());
  if (!written_out) ids.insert(ids.begin(), before.begin(), before.end());
  return ids;
}

}  // namespace malmoi::tokenizer

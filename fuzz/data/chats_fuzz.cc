// Fuzzes the reader of conversations: the first byte chooses a shape or that it is found, the rest is a row's JSON. Whatever it is,
// a row has a message, says of each whether it is learned from, and has answers where its shape has them; an error says where.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "data/chats/shapes.h"

using namespace malmoi::data;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  auto cells = malmoi::parse_json({reinterpret_cast<const char*>(data) + 1, size - 1}, "row");
  if (!cells.ok() || !cells->is_object()) return 0;
  std::optional<ChatShape> shape = find_shape(*cells);
  if (size_t chosen = data[0] % (kChatShapeNames.size() + 1); chosen < kChatShapeNames.size())
    shape = static_cast<ChatShape>(chosen);
  if (!shape) return 0;
  auto row = read_chat_row(*cells, *shape, "row");
  if (!row.ok()) {
    if (row.error().where.empty() || row.error().what.empty()) std::abort();
    return 0;
  }
  if (row->messages.empty() || row->learned.size() != row->messages.size()) std::abort();
  const bool pair = *shape == ChatShape::kPreference, judged = *shape == ChatShape::kUnpaired;
  if (row->chosen.empty() == (pair || judged) || row->rejected.empty() == pair) std::abort();
  if (!row->tools.empty() && !malmoi::parse_json(row->tools, "tools")->is_array()) std::abort();
  return 0;
}

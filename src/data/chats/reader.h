// Conversations out of files: JSON lines (plain or zstd), JSON lists, CSV and tab-separated tables.
#pragma once

#include <functional>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "data/chats/chat_row.h"

namespace malmoi::data {

/// Takes each row, or what is wrong with it; its error ends the reading.
using ChatSink = std::function<Status(Result<ChatRow>&& row)>;

/// Every row of a file, in order; the shape is `shape` or that of the file's first row, and is returned. Errors: a file that is not
/// there, of another kind (Parquet: with the conversion) or broken, one without rows, columns of no shape that is known.
Result<ChatShape> for_each_chat(const Path& path, std::optional<ChatShape> shape, const ChatSink& sink);

}  // namespace malmoi::data

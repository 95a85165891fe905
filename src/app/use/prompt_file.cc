#include "app/use/prompt_file.h"

#include <memory>

#include "app/data/json_lines.h"
#include "data/encoding.h"
#include "data/readers/reader.h"

namespace malmoi::app {
namespace {

constexpr uint64_t kLargestPrompt = 64 << 20;

}  // namespace

Result<std::string> read_prompt(const std::string& path) {
  MALMOI_ASSIGN(std::unique_ptr<data::ByteSource> source, data::open_line_source(path));
  MALMOI_ASSIGN(std::string bytes, data::read_all(*source, kLargestPrompt, input_name(path)));
  auto decoded = data::decode_text(bytes);
  if (!decoded.ok()) {
    Error error = std::move(decoded).error();
    error.where = input_name(path);
    return error;
  }
  std::string text = std::move(decoded->text);
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace malmoi::app

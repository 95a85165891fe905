// Fuzzes the reader of lines against the plain way to cut a text: the first byte chooses how much is read at once.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "data/readers/lines.h"

namespace {

using malmoi::data::ByteSource;

class SmallReads : public ByteSource {
 public:
  SmallReads(std::string bytes, size_t most) : bytes_(std::move(bytes)), most_(most) {}
  malmoi::Result<size_t> read(char* buffer, size_t size) override {
    size = std::min({size, most_, bytes_.size() - at_});
    bytes_.copy(buffer, size, at_);
    at_ += size;
    return size;
  }

 private:
  std::string bytes_;
  size_t most_, at_ = 0;
};

std::vector<std::string> plain_lines(std::string_view text) {
  size_t first = text.find_first_of("\r\n");
  bool alone = first != std::string_view::npos && text[first] == '\r' && text.substr(first + 1, 1) != "\n";
  std::vector<std::string> lines;
  while (!text.empty()) {
    size_t end = std::min(alone ? text.find_first_of("\r\n") : text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    bool pair = alone && end < text.size() && text[end] == '\r' && text.substr(end + 1, 1) == "\n";
    text.remove_prefix(std::min(text.size(), end + (pair ? 2 : 1)));
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
  }
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::data;
  if (size == 0) return 0;
  std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  size_t most = size_t{data[0]} + 1;
  SourceLines lines(std::make_unique<SmallReads>(text, most), 1 << 20);
  DecodedLines decoded(std::make_unique<SmallReads>(text, most), 1 << 20);
  for (const std::string& expected : plain_lines(text)) {
    std::string_view line;
    auto more = lines.next(line);
    if (!more.ok() || !*more || line != expected) std::abort();
    if (data[0] % 2 && lines.ahead(most)->substr(0, expected.size()) != expected) std::abort();
    more = decoded.next(line);
    if (!more.ok() || !*more || !malmoi::is_valid_utf8(line)) std::abort();
  }
  std::string_view line;
  if (*lines.next(line) || *decoded.next(line)) std::abort();
  return 0;
}

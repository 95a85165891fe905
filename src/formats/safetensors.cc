#include "formats/safetensors.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "base/json.h"

namespace malmoi::formats {
namespace {

constexpr uint64_t kMaxHeader = 100'000'000;  // the format's own limit
constexpr size_t kMaxDimensions = 64;

// Reads the header's JSON event by event: no tree, so a hostile header costs no more memory than it has bytes, and a
// name that stands twice is seen.
class HeaderHandler final : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderHandler(SafetensorsHeader& header) : header_(header) {}
  const std::string& problem() const { return problem_; }

  bool null() override { return fail("null"); }
  bool boolean(bool) override { return fail("true or false"); }
  bool number_integer(number_integer_t) override { return fail("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return fail("a fraction"); }
  bool binary(binary_t&) override { return fail("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (list_ == List::kShape) {
      if (value > INT64_MAX || entry_.shape.size() >= kMaxDimensions) return fail("a shape too large");
      entry_.shape.push_back(static_cast<int64_t>(value));
      return true;
    }
    if (list_ == List::kOffsets && offsets_ < 2) {
      (offsets_++ == 0 ? entry_.begin : entry_.end) = value;
      return true;
    }
    return fail("a number");
  }

  bool string(string_t& value) override {
    if (depth_ == 2 && in_metadata_) {
      header_.metadata[field_] = value;
      return true;
    }
    if (depth_ != 2 || field_ != "dtype" || list_ != List::kNone) return fail("a text");
    std::optional<ElementType> type = element_from_name(value);
    if (!type) return fail_with("element type '" + value + "' is not supported");
    entry_.type = *type;
    return true;
  }

  bool start_object(size_t) override {
    if (++depth_ > 2 || list_ != List::kNone) return fail("an object");
    if (depth_ == 2)
      in_metadata_ = name_ == "__metadata__", entry_ = {name_, ElementType::kF32, {}, 0, 0}, offsets_ = 0;
    fields_.clear();
    return true;
  }

  bool end_object() override {
    if (depth_-- != 2 || in_metadata_) return true;
    if (fields_.size() != 3 || offsets_ != 2) return fail_with("dtype, shape and two data_offsets are needed");
    header_.entries.push_back(std::move(entry_));
    return true;
  }

  bool start_array(size_t) override {
    if (depth_ != 2 || in_metadata_ || list_ != List::kNone) return fail("a list");
    if (field_ == "shape") list_ = List::kShape;
    else if (field_ == "data_offsets") list_ = List::kOffsets;
    else return fail("a list");
    return true;
  }

  bool end_array() override {
    list_ = List::kNone;
    return true;
  }

  bool key(string_t& value) override {
    if (depth_ == 1) {
      name_ = value;
      if (!names_.insert(value).second) return fail_with("the name stands twice");
      return true;
    }
    field_ = value;
    if (!in_metadata_ && value != "dtype" && value != "shape" && value != "data_offsets")
      return fail_with("unknown field '" + value + "'");
    if (!fields_.insert(value).second) return fail_with("field '" + value + "' stands twice");
    return true;
  }

  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    problem_ = "malformed JSON at byte " + std::to_string(8 + position);
    return false;
  }

 private:
  enum class List { kNone, kShape, kOffsets };
  bool fail(std::string what) { return fail_with("unexpected " + what + (depth_ == 2 ? " in " + field_ : "")); }
  bool fail_with(std::string what) {
    problem_ = (depth_ > 0 ? "tensor '" + name_.substr(0, 200) + "': " : "header: ") + std::move(what);
    return false;
  }

  SafetensorsHeader& header_;
  SafetensorsHeader::Entry entry_{};
  std::unordered_set<std::string> names_, fields_;
  std::string name_, field_, problem_;
  int depth_ = 0, offsets_ = 0;
  bool in_metadata_ = false;
  List list_ = List::kNone;
};

// Sorts entries by offset and checks that they tile the data exactly.
Status check_layout(SafetensorsHeader& header, uint64_t data_size, const std::string& where) {
  std::stable_sort(header.entries.begin(), header.entries.end(),
                   [](const auto& a, const auto& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
  uint64_t at = 0;
  for (const SafetensorsHeader::Entry& entry : header.entries) {
    std::string place = where + ": tensor '" + entry.name.substr(0, 200) + "'";
    std::optional<uint64_t> bytes = byte_count(entry.type, entry.shape);
    if (!bytes) return invalid_data("shape " + shape_text(entry.shape) + " is too large", place);
    if (entry.end < entry.begin || entry.end - entry.begin != *bytes)
      return invalid_data("shape " + shape_text(entry.shape) + " of " + std::string(element_name(entry.type)) +
                              " needs " + std::to_string(*bytes) + " bytes, its offsets are " +
                              std::to_string(entry.begin) + " to " + std::to_string(entry.end),
                          place);
    if (entry.begin != at)
      return invalid_data((entry.begin < at ? "overlaps the tensor before it" : "leaves a hole before it") +
                              std::string(" at byte ") + std::to_string(header.data_begin + entry.begin),
                          place);
    if (entry.end > data_size)
      return invalid_data("ends at byte " + std::to_string(header.data_begin + entry.end) + ", the file at " +
                              std::to_string(header.data_begin + data_size),
                          place, "the file is truncated: fetch or write it again");
    at = entry.end;
  }
  if (at != data_size)
    return invalid_data(std::to_string(data_size - at) + " bytes at the end belong to no tensor", where);
  return {};
}

}  // namespace

Result<SafetensorsHeader> parse_safetensors(std::string_view file, const std::string& where) {
  if (file.size() < 8)
    return invalid_data("is no safetensors file: " + std::to_string(file.size()) + " bytes", where,
                        "the file is truncated: fetch or write it again");
  uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  if (length > kMaxHeader || length > file.size() - 8)
    return invalid_data(
        "header of " + std::to_string(length) + " bytes at byte 8, the file has " + std::to_string(file.size()), where,
        "the file is truncated or no safetensors file");
  std::string_view text = file.substr(8, length);
  if (!text.starts_with('{')) return invalid_data("the header at byte 8 does not begin with '{'", where);
  SafetensorsHeader header;
  header.data_begin = 8 + length;
  HeaderHandler handler(header);
  if (!Json::sax_parse(text.begin(), text.end(), &handler)) return invalid_data(handler.problem(), where);
  MALMOI_TRY(check_layout(header, file.size() - header.data_begin, where));
  return header;
}

Status Safetensors::add(const Path& file) {
  MALMOI_ASSIGN(MappedFile mapped, MappedFile::open(file));
  MALMOI_ASSIGN(SafetensorsHeader header, parse_safetensors(mapped.text(), file.string()));
  for (SafetensorsHeader::Entry& entry : header.entries) {
    auto bytes = mapped.bytes().subspan(header.data_begin + entry.begin, entry.end - entry.begin);
    tensors_.add({std::move(entry.name), entry.type, std::move(entry.shape), bytes});
  }
  if (files_.empty()) metadata_ = std::move(header.metadata);
  files_.push_back(std::move(mapped));
  return {};
}

Result<Safetensors> Safetensors::open(const Path& file) {
  Safetensors opened;
  opened.path_ = file;
  MALMOI_TRY(opened.add(file));
  MALMOI_TRY(opened.tensors_.sort(file));
  return opened;
}

Result<Safetensors> Safetensors::open_folder(const Path& folder) {
  Safetensors opened;
  auto open = [&](const Path& file) { return opened.add(file); };
  MALMOI_ASSIGN(opened.path_, open_weight_files(folder, kFileName, opened.tensors_, open));
  return opened;
}

}  // namespace malmoi::formats

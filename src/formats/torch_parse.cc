// The pickle of a PyTorch checkpoint: which tensors there are, and where in the archive their elements lie.
#include <array>
#include <optional>

#include "formats/pickle.h"
#include "formats/torch_checkpoint.h"
#include "formats/zip_directory.h"

namespace malmoi::formats {
namespace {

using Kind = PickleValue::Kind;

constexpr const char* kSaveAgain = "open it with PyTorch and save its state dict again, or as safetensors";
constexpr size_t kMaxTorchDimensions = 64;  // as PyTorch
// The first bytes of the format before 1.6: protocol 2 and its magic number.
constexpr std::string_view kLegacyStart("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 14);

// What pickles of tensors name, and the element type where it is one.
struct Name {
  std::string_view name;
  std::optional<ElementType> type;
};
constexpr std::string_view kTensor1 = "torch._utils._rebuild_tensor", kTensor2 = "torch._utils._rebuild_tensor_v2",
                           kTensor3 = "torch._utils._rebuild_tensor_v3", kUntyped = "torch.storage.UntypedStorage";
constexpr std::string_view kParameter = "torch._utils._rebuild_parameter",
                           kParameterWithState = "torch._utils._rebuild_parameter_with_state";
constexpr Name kNames[] = {
    {kTensor1, {}},
    {kTensor2, {}},
    {kTensor3, {}},
    {kUntyped, {}},
    {kParameter, {}},
    {kParameterWithState, {}},
    {"torch.DoubleStorage", ElementType::kF64},
    {"torch.FloatStorage", ElementType::kF32},
    {"torch.HalfStorage", ElementType::kF16},
    {"torch.BFloat16Storage", ElementType::kBF16},
    {"torch.LongStorage", ElementType::kI64},
    {"torch.IntStorage", ElementType::kI32},
    {"torch.ShortStorage", ElementType::kI16},
    {"torch.CharStorage", ElementType::kI8},
    {"torch.ByteStorage", ElementType::kU8},
    {"torch.BoolStorage", ElementType::kBool},
    // Types of untyped storages, which have no storage class of their own.
    {"torch.float8_e4m3fn", ElementType::kF8E4M3},
    {"torch.float8_e5m2", ElementType::kF8E5M2},
    {"torch.uint64", ElementType::kU64},
    {"torch.uint32", ElementType::kU32},
    {"torch.uint16", ElementType::kU16},
};

constexpr auto kAllowed = [] {
  std::array<std::string_view, std::size(kNames)> names;
  for (size_t i = 0; i < names.size(); ++i) names[i] = kNames[i].name;
  return names;
}();

std::optional<ElementType> type_of(const PickleValue& value) {
  for (const Name& entry : kNames) {
    if (value.is(Kind::kGlobal) && entry.name == value.text) return entry.type;
  }
  return std::nullopt;
}

// One archive: its pickle, and the members by the pickle's short names.
class Checkpoint {
 public:
  Checkpoint(ZipDirectory zip, std::string prefix, Pickle pickle, std::string where)
      : zip_(std::move(zip)), prefix_(std::move(prefix)), pickle_(std::move(pickle)), where_(std::move(where)) {}

  Result<std::vector<TorchTensor>> tensors() const {
    const PickleValue& state = state_dict();
    if (!state.is(Kind::kDict)) return invalid_data("holds no dict of tensors", where_, kSaveAgain);
    std::vector<TorchTensor> all;
    std::span<const PickleValue> pairs = pickle_.items(state);
    // Calls are of tensors alone; numbers and texts have no weights to give.
    for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
      if (!pairs[i].is(Kind::kText) || !pairs[i + 1].is(Kind::kCall)) continue;
      MALMOI_ASSIGN(TorchTensor tensor, read_tensor(pairs[i].text, pairs[i + 1]));
      all.push_back(std::move(tensor));
    }
    if (all.empty()) return invalid_data("its dict holds no tensor", where_, kSaveAgain);
    return all;
  }

 private:
  // Training programs put it beside an optimiser and numbers.
  const PickleValue& state_dict() const {
    for (std::string_view key : {"state_dict", "model_state_dict", "model"}) {
      const PickleValue* inner = pickle_.find(pickle_.root(), key);
      if (inner && inner->is(Kind::kDict)) return *inner;
    }
    return pickle_.root();
  }

  Result<TorchTensor> read_tensor(std::string_view name, PickleValue call) const {
    TorchTensor tensor;
    tensor.name = name;
    std::string place = where_ + ": tensor '" + tensor.name.substr(0, 200) + "'";
    if (call.text == kParameter || call.text == kParameterWithState) {
      std::span<const PickleValue> arguments = pickle_.items(call);
      if (arguments.empty() || !arguments[0].is(Kind::kCall)) return invalid_data("a parameter of no tensor", place);
      call = arguments[0];
    }
    // storage, offset, shape, strides, and from version 2 on: gradient wanted, hooks, [type,] further marks.
    std::span<const PickleValue> arguments = pickle_.items(call);
    size_t marks = call.text == kTensor1 ? 4 : call.text == kTensor2 ? 6 : 7;
    bool is_rebuilt = call.text == kTensor1 || call.text == kTensor2 || call.text == kTensor3;
    if (!is_rebuilt || arguments.size() < marks || arguments.size() > marks + 1)
      return invalid_data(
          "is made by " + std::string(call.text) + " of " + std::to_string(arguments.size()) + " values", place);
    if (arguments.size() > marks && has_marks(arguments[marks]))
      return unsupported("is a conjugate or negative view", place, kSaveAgain);
    const PickleValue* type = call.text == kTensor3 ? &arguments[6] : nullptr;
    MALMOI_ASSIGN(std::string_view storage, read_storage(arguments[0], type, tensor, place));
    MALMOI_TRY(read_view(arguments.subspan(1, 3), storage, tensor, place));
    return tensor;
  }

  bool has_marks(const PickleValue& value) const {
    return !value.is(Kind::kNone) && (!value.is(Kind::kDict) || !pickle_.items(value).empty());
  }

  // The bytes of a storage, ('storage', type, member, device, elements); sets the tensor's type. `type` is given where
  // storages are untyped and count bytes.
  Result<std::string_view> read_storage(const PickleValue& value, const PickleValue* type, TorchTensor& tensor,
                                        const std::string& place) const {
    std::span<const PickleValue> parts = pickle_.items(value);
    if (!value.is(Kind::kPersistent) || parts.size() != 5 || !parts[0].is_text("storage") ||
        !parts[2].is(Kind::kText) || !parts[4].is(Kind::kInteger) || parts[4].integer < 0)
      return invalid_data("its storage is malformed", place);
    bool is_untyped = parts[1].is(Kind::kGlobal) && parts[1].text == kUntyped;
    std::optional<ElementType> element = type_of(is_untyped && type ? *type : parts[1]);
    if (!element || is_untyped != (type != nullptr)) return invalid_data("its storage has no element type", place);
    tensor.type = *element;
    MALMOI_ASSIGN(std::string_view bytes, zip_.bytes(prefix_ + "data/" + std::string(parts[2].text)));
    uint64_t width = is_untyped ? 1 : element_size(*element);
    auto count = static_cast<uint64_t>(parts[4].integer);
    if (count > bytes.size() / width)
      return invalid_data(
          "its storage of " + std::to_string(count) + " elements has " + std::to_string(bytes.size()) + " bytes", place,
          "the file is damaged: fetch or write it again");
    return bytes.substr(0, count * width);
  }

  // Offset, shape and strides, against the storage.
  Status read_view(std::span<const PickleValue> view, std::string_view storage, TorchTensor& tensor,
                   const std::string& place) const {
    if (!read_sizes(view[1], tensor.shape) || !read_sizes(view[2], tensor.strides) ||
        tensor.shape.size() != tensor.strides.size() || !view[0].is(Kind::kInteger) || view[0].integer < 0)
      return invalid_data("its offset, shape or strides are malformed", place);
    std::optional<int64_t> elements = element_count(tensor.shape);
    if (!elements) return invalid_data("shape " + shape_text(tensor.shape) + " is too large", place);
    if (*elements == 0) return {};
    auto width = static_cast<int64_t>(element_size(tensor.type));
    auto room = static_cast<int64_t>(storage.size()) / width;
    int64_t farthest = view[0].integer;  // the element that lies last
    bool overflows = false;
    for (size_t i = 0; i < tensor.shape.size(); ++i) {
      int64_t reach = 0;
      overflows |= __builtin_mul_overflow(tensor.shape[i] - 1, tensor.strides[i], &reach);
      overflows |= __builtin_add_overflow(farthest, reach, &farthest);
    }
    if (overflows || farthest >= room)
      return invalid_data("shape " + shape_text(tensor.shape) + " with strides " + shape_text(tensor.strides) +
                              " at element " + std::to_string(view[0].integer) + " reaches beyond its storage of " +
                              std::to_string(room) + " elements",
                          place);
    int64_t span = farthest - view[0].integer + 1;
    // An expanded view; written out it could be larger than any file.
    if (*elements > span)
      return unsupported("is a view that shows elements twice, strides " + shape_text(tensor.strides), place,
                         kSaveAgain);
    tensor.bytes = storage.substr(static_cast<size_t>(view[0].integer * width), static_cast<size_t>(span * width));
    return {};
  }

  bool read_sizes(const PickleValue& value, std::vector<int64_t>& sizes) const {
    std::span<const PickleValue> items = pickle_.items(value);
    if (!value.is(Kind::kTuple) || items.size() > kMaxTorchDimensions) return false;
    for (const PickleValue& item : items) {
      if (!item.is(Kind::kInteger) || item.integer < 0) return false;
      sizes.push_back(item.integer);
    }
    return true;
  }

  ZipDirectory zip_;
  std::string prefix_;  // "NAME/"
  Pickle pickle_;
  std::string where_;
};

// "NAME/" of NAME/data.pkl.
Result<std::string> find_prefix(const ZipDirectory& zip, const std::string& where) {
  constexpr std::string_view kPickle = "data.pkl";
  for (const ZipMember& member : zip.members()) {
    if (!member.name.ends_with(kPickle)) continue;
    std::string_view prefix = member.name.substr(0, member.name.size() - kPickle.size());
    if (prefix.find('/') == prefix.size() - 1) return std::string(prefix);
  }
  return invalid_data("is a zip archive without a data.pkl, no PyTorch checkpoint", where);
}

}  // namespace

Result<std::vector<TorchTensor>> parse_torch_checkpoint(std::string_view file, const std::string& where) {
  if (file.starts_with(kLegacyStart)) return unsupported("is in the format of PyTorch before 1.6", where, kSaveAgain);
  if (!file.starts_with("PK"))
    return invalid_data("is no PyTorch checkpoint: it does not begin as a zip archive", where,
                        "fetch it again, or give the file that torch.save wrote");
  MALMOI_ASSIGN(ZipDirectory zip, ZipDirectory::parse(file, where));
  MALMOI_ASSIGN(std::string prefix, find_prefix(zip, where));
  if (zip.find(prefix + "byteorder")) {
    MALMOI_ASSIGN(std::string_view order, zip.bytes(prefix + "byteorder"));
    if (order != "little")
      return unsupported("its byte order is '" + std::string(order.substr(0, 20)) + "'", where, kSaveAgain);
  }
  MALMOI_ASSIGN(std::string_view program, zip.bytes(prefix + "data.pkl"));
  MALMOI_ASSIGN(Pickle pickle, Pickle::parse(program, kAllowed, where + ": " + prefix + "data.pkl"));
  return Checkpoint(std::move(zip), std::move(prefix), std::move(pickle), where).tensors();
}

}  // namespace malmoi::formats

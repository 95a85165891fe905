#include "formats/pickle.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_map>

#include "formats/pickle_opcodes.h"

namespace malmoi::formats {
namespace {

using Kind = PickleValue::Kind;

constexpr std::string_view kOrderedDict = "collections.OrderedDict";
constexpr uint8_t kLastProtocol = 5;

}  // namespace

// The stack machine. Its functions return false after `fail`, which keeps the first reason.
class PickleMachine {
 public:
  PickleMachine(std::string_view bytes, std::span<const std::string_view> allowed) : bytes_(bytes), allowed_(allowed) {}

  Result<Pickle> run(const std::string& where) {
    for (size_t operations = 0; !stopped_; ++operations) {
      operation_ = at_;
      if (operations >= Pickle::kMaxOperations) fail("more than " + std::to_string(operations) + " operations");
      else if (std::string_view opcode; take(1, opcode)) step(static_cast<PickleOpcode>(opcode[0]));
      if (problem_.what.empty()) continue;
      problem_.where = where + ": byte " + std::to_string(operation_);
      return problem_;
    }
    return std::move(pickle_);
  }

 private:
  bool fail(std::string what, std::string remedy = {}) {
    if (problem_.what.empty()) problem_ = invalid_data(std::move(what), {}, std::move(remedy));
    return false;
  }

  bool take(uint64_t count, std::string_view& taken) {
    if (count > bytes_.size() - at_) return fail("the pickle ends within a value", "the file is damaged");
    taken = bytes_.substr(at_, count);
    at_ += count;
    return true;
  }

  template <typename T>
  bool read(T& value) {
    std::string_view raw;
    if (!take(sizeof(T), raw)) return false;
    std::memcpy(&value, raw.data(), sizeof(T));
    return true;
  }

  // Text of a length that stands before it as a T.
  template <typename T>
  bool push_text(Kind kind) {
    T size;
    PickleValue value{kind};
    return read(size) && take(size, value.text) && push(value);
  }

  template <typename T>
  bool push_integer() {
    T integer;
    if (!read(integer)) return false;
    PickleValue value{Kind::kInteger};
    value.integer = integer;
    return push(value);
  }

  bool push_long() {
    uint8_t size;
    std::string_view raw;
    if (!read(size) || !take(size, raw)) return false;
    if (size > 8) return fail("an integer of " + std::to_string(size) + " bytes");
    PickleValue value{Kind::kInteger};
    if (size > 0) {
      uint64_t bits = raw.back() & 0x80 ? ~uint64_t{0} : 0;  // two's complement of any length
      std::memcpy(&bits, raw.data(), size);
      value.integer = static_cast<int64_t>(bits);
    }
    return push(value);
  }

  bool push_float() {
    uint64_t big_endian;
    if (!read(big_endian)) return false;
    PickleValue value{Kind::kNumber};
    value.number = std::bit_cast<double>(__builtin_bswap64(big_endian));
    return push(value);
  }

  bool push_bool(bool truth) {
    PickleValue value{Kind::kBool};
    value.integer = truth;
    return push(value);
  }

  bool push(const PickleValue& value) {
    stack_.push_back(value);
    return true;
  }

  // Values above the last mark belong to the operation that takes the mark.
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  bool pop(PickleValue& value) {
    if (stack_.size() <= floor()) return fail("the stack lacks a value that the operation takes");
    value = stack_.back();
    stack_.pop_back();
    return true;
  }

  bool pop_mark(std::vector<PickleValue>& values) {
    if (marks_.empty()) return fail("the operation takes values from a mark, which is not there");
    values.assign(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return true;
  }

  bool push_list(Kind kind, std::vector<PickleValue> values) {
    PickleValue value{kind};
    value.items = static_cast<uint32_t>(pickle_.lists_.size());
    pickle_.lists_.push_back(std::move(values));
    return push(value);
  }

  bool push_tuple(size_t count) {
    std::vector<PickleValue> values(count);
    for (size_t i = count; i-- > 0;) {
      if (!pop(values[i])) return false;
    }
    return push_list(Kind::kTuple, std::move(values));
  }

  bool push_marked_tuple() {
    std::vector<PickleValue> values;
    return pop_mark(values) && push_list(Kind::kTuple, std::move(values));
  }

  // Appends to the list or dict on top of the stack.
  bool extend(Kind kind, std::span<const PickleValue> values) {
    if (stack_.size() <= floor() || !stack_.back().is(kind)) return fail("items are given to what does not take them");
    if (kind == Kind::kDict && values.size() % 2) return fail("a key without a value");
    std::vector<PickleValue>& items = pickle_.lists_[stack_.back().items];
    items.insert(items.end(), values.begin(), values.end());
    return true;
  }

  bool append_one() {
    PickleValue value;
    return pop(value) && extend(Kind::kList, {&value, 1});
  }

  bool set_one() {
    PickleValue pair[2];
    return pop(pair[1]) && pop(pair[0]) && extend(Kind::kDict, pair);
  }

  bool extend_marked(Kind kind) {
    std::vector<PickleValue> values;
    return pop_mark(values) && extend(kind, values);
  }

  // Two lines: the module and the name.
  bool read_global() {
    std::string_view parts[2];
    for (std::string_view& part : parts) {
      size_t end = bytes_.find('\n', at_);
      if (end == std::string_view::npos) return fail("a name without an end");
      part = bytes_.substr(at_, end - at_);
      at_ = end + 1;
    }
    return push_global(parts[0], parts[1]);
  }

  bool stack_global() {
    PickleValue module, name;
    if (!pop(name) || !pop(module)) return false;
    if (!module.is(Kind::kText) || !name.is(Kind::kText)) return fail("a name that is no text");
    return push_global(module.text, name.text);
  }

  bool push_global(std::string_view module, std::string_view name) {
    std::string full = std::string(module.substr(0, 200)) + "." + std::string(name.substr(0, 200));
    PickleValue value{Kind::kGlobal};
    if (full == kOrderedDict) {
      value.text = kOrderedDict;
      return push(value);
    }
    auto found = std::find(allowed_.begin(), allowed_.end(), full);
    if (found == allowed_.end()) {
      fail("names " + full + ", which is neither a tensor nor plain data; nothing of it was run",
           "save the state dict alone: torch.save(model.state_dict(), ...)");
      problem_.code = ErrorCode::kUnsupported;
      return false;
    }
    value.text = *found;
    return push(value);
  }

  bool reduce() {
    PickleValue arguments, called;
    if (!pop(arguments) || !pop(called)) return false;
    if (!called.is(Kind::kGlobal) || !arguments.is(Kind::kTuple)) return fail("a call of what is no function");
    if (called.text != kOrderedDict) {
      called.kind = Kind::kCall;
      called.items = arguments.items;
      return push(called);
    }
    if (!pickle_.lists_[arguments.items].empty()) return fail("an OrderedDict with arguments");
    return push_list(Kind::kDict, {});
  }

  // The attributes of an object. A state dict has some (versions of its layers), which say nothing of its tensors.
  bool build() {
    PickleValue state;
    if (!pop(state)) return false;
    if (stack_.size() <= floor() || !stack_.back().is(Kind::kDict)) return fail("attributes of what is no dict");
    return true;
  }

  bool push_persistent() {
    PickleValue id;
    if (!pop(id)) return false;
    if (!id.is(Kind::kTuple)) return fail("a persistent name that is no tuple");
    id.kind = Kind::kPersistent;
    return push(id);
  }

  bool duplicate() {
    PickleValue value;
    return pop(value) && push(value) && push(value);
  }

  bool memoize(uint32_t index) {
    if (stack_.size() <= floor()) return fail("no value to remember");
    memo_[index] = stack_.back();
    return true;
  }

  template <typename Index>
  bool put() {
    Index index;
    return read(index) && memoize(index);
  }

  template <typename Index>
  bool get() {
    Index index;
    if (!read(index)) return false;
    auto found = memo_.find(index);
    if (found == memo_.end()) return fail("remembered value " + std::to_string(index) + " is not there");
    return push(found->second);
  }

  bool check_protocol() {
    uint8_t protocol;
    if (!read(protocol)) return false;
    return protocol <= kLastProtocol || fail("protocol " + std::to_string(protocol));
  }

  bool skip_frame() {
    uint64_t size;  // a hint for buffered readers
    return read(size);
  }

  bool stop() {
    stopped_ = true;
    return marks_.empty() && stack_.size() == 1 ? pop(pickle_.root_) : fail("it does not end with one value");
  }

  bool step(PickleOpcode opcode) {
    using enum PickleOpcode;
    switch (opcode) {
      case kProto: return check_protocol();
      case kFrame: return skip_frame();
      case kStop: return stop();
      case kNone: return push({});
      case kNewTrue: return push_bool(true);
      case kNewFalse: return push_bool(false);
      case kBinInt: return push_integer<int32_t>();
      case kBinInt1: return push_integer<uint8_t>();
      case kBinInt2: return push_integer<uint16_t>();
      case kLong1: return push_long();
      case kBinFloat: return push_float();
      case kShortBinUnicode: return push_text<uint8_t>(Kind::kText);
      case kBinUnicode: return push_text<uint32_t>(Kind::kText);
      case kBinUnicode8: return push_text<uint64_t>(Kind::kText);
      case kShortBinBytes: return push_text<uint8_t>(Kind::kBytes);
      case kBinBytes: return push_text<uint32_t>(Kind::kBytes);
      case kMark: marks_.push_back(stack_.size()); return true;
      case kPop: {
        PickleValue ignored;
        return pop(ignored);
      }
      case kPopMark: {
        std::vector<PickleValue> ignored;
        return pop_mark(ignored);
      }
      case kDup: return duplicate();
      case kEmptyTuple: return push_tuple(0);
      case kTuple1: return push_tuple(1);
      case kTuple2: return push_tuple(2);
      case kTuple3: return push_tuple(3);
      case kTuple: return push_marked_tuple();
      case kEmptyList: return push_list(Kind::kList, {});
      case kAppend: return append_one();
      case kAppends: return extend_marked(Kind::kList);
      case kEmptyDict: return push_list(Kind::kDict, {});
      case kSetItem: return set_one();
      case kSetItems: return extend_marked(Kind::kDict);
      case kGlobal: return read_global();
      case kStackGlobal: return stack_global();
      case kReduce: return reduce();
      case kBuild: return build();
      case kBinPersId: return push_persistent();
      case kMemoize: return memoize(static_cast<uint32_t>(memo_.size()));
      case kBinPut: return put<uint8_t>();
      case kLongBinPut: return put<uint32_t>();
      case kBinGet: return get<uint8_t>();
      case kLongBinGet: return get<uint32_t>();
      default: return fail("operation " + std::to_string(static_cast<int>(opcode)) + ", which data does not need");
    }
  }

  std::string_view bytes_;
  std::span<const std::string_view> allowed_;
  size_t at_ = 0, operation_ = 0;
  bool stopped_ = false;
  Error problem_;
  std::vector<PickleValue> stack_;
  std::vector<size_t> marks_;  // sizes of the stack when each was set
  std::unordered_map<uint32_t, PickleValue> memo_;
  Pickle pickle_;
};

Result<Pickle> Pickle::parse(std::string_view bytes, std::span<const std::string_view> allowed,
                             const std::string& where) {
  return PickleMachine(bytes, allowed).run(where);
}

std::span<const PickleValue> Pickle::items(const PickleValue& value) const {
  switch (value.kind) {
    case Kind::kTuple:
    case Kind::kList:
    case Kind::kDict:
    case Kind::kCall:
    case Kind::kPersistent: return lists_[value.items];
    default: return {};
  }
}

const PickleValue* Pickle::find(const PickleValue& dict, std::string_view key) const {
  const PickleValue* found = nullptr;
  if (!dict.is(Kind::kDict)) return found;
  std::span<const PickleValue> pairs = items(dict);
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
    if (pairs[i].is_text(key)) found = &pairs[i + 1];
  }
  return found;
}

}  // namespace malmoi::formats

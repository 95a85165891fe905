// Python pickles, read and never run: values, and calls as data, of the names that the caller allows.
//
// A pickle is a program for a stack machine (pickletools.py documents each opcode). It is followed for the opcodes that
// data needs, protocols 2 to 5; what it would import must be on the caller's list, and a call of it is kept as a value.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace malmoi::formats {

/// One value. Texts are views of the pickle. Containers are numbers of lists in their Pickle, so that what a pickle
/// refers to twice is shared, and what contains itself does no harm to a reader of bounded depth.
struct PickleValue {
  enum class Kind {
    kNone,
    kBool,
    kInteger,
    kNumber,
    kText,
    kBytes,
    kTuple,
    kList,
    kDict,        // items: key, value, key, value ... as they were set; a later one replaces an earlier one of its key
    kGlobal,      // text: "module.name" as the caller's list has it
    kCall,        // text: what would be called; items: its arguments
    kPersistent,  // items: of the tuple by which the writer knows an object outside of the pickle
  };
  Kind kind = Kind::kNone;
  uint32_t items = 0;   // of the last kinds: see Pickle::items
  int64_t integer = 0;  // of kBool too
  double number = 0;
  std::string_view text;  // of kBytes too

  bool is(Kind other) const { return kind == other; }
  bool is_text(std::string_view other) const { return kind == Kind::kText && text == other; }
};

/// What a pickle holds. Lives as long as the bytes that it was read from.
class Pickle {
 public:
  /// Follows the program. `allowed` are the names that may stand in it besides collections.OrderedDict, which becomes a
  /// dict. Errors give the byte: any other name (unsupported), opcodes of objects, a stack that lacks what an opcode
  /// takes, text or memo entries that are not there, more operations than `kMaxOperations`.
  static Result<Pickle> parse(std::string_view bytes, std::span<const std::string_view> allowed,
                              const std::string& where);

  /// About 45 operations describe a tensor: more than a hundred thousand tensors. Each takes at most some 100 bytes.
  static constexpr size_t kMaxOperations = 8'000'000;

  const PickleValue& root() const { return root_; }
  /// Of a tuple, list, dict, call or persistent value; empty for others.
  std::span<const PickleValue> items(const PickleValue& value) const;
  /// The value last set under a key of a dict; null if there is none, or it is no dict.
  const PickleValue* find(const PickleValue& dict, std::string_view key) const;

 private:
  friend class PickleMachine;
  Pickle() = default;
  PickleValue root_;
  std::vector<std::vector<PickleValue>> lists_;
};

}  // namespace malmoi::formats

#include "chat/jinja/format.h"
#include "chat/jinja/methods.h"

namespace malmoi::chat::jinja {

#define X(receiver, name, function) Result<Value> method_##function(Run& run, const Value& self, const Args& args);
#define REFUSED(receiver, name)
#include "chat/jinja/methods.inc"
#undef X
#undef REFUSED

namespace {

constexpr MethodEntry kMethods[] = {
#define X(receiver, name, function) {Receiver::receiver, name, method_##function},
#define REFUSED(receiver, name) {Receiver::receiver, name, nullptr},
#include "chat/jinja/methods.inc"
#undef X
#undef REFUSED
};

// A method with its value, as Python's `'a'.upper`.
class BoundMethod : public Object {
 public:
  BoundMethod(Value self, const MethodEntry& entry) : self_(std::move(self)), entry_(&entry) {}
  const char* type_name() const override { return "builtin_function_or_method"; }
  bool callable() const override { return true; }
  int depth() const override { return extent_of(self_).depth + 1; }
  Status print(std::string& out, int) const override {
    out += "<built-in method " + std::string(entry_->name) + " of " + self_.type_name() + " object>";
    return {};
  }
  Result<Value> call(Run& run, const Args& args) override { return entry_->function(run, self_, args); }

 private:
  Value self_;
  const MethodEntry* entry_;
};

bool is_of(const Value& value, Receiver receiver) {
  switch (receiver) {
    case Receiver::kText: return value.text() != nullptr;
    case Receiver::kList: return value.list() && value.list()->kind == ListKind::kList;
    case Receiver::kTuple: return value.list() && value.list()->is_tuple();
    case Receiver::kDict: return value.dict() != nullptr;
    case Receiver::kInt: return value.is_integer();
    case Receiver::kFloat: return value.is_float();
    case Receiver::kRange: return dynamic_cast<Range*>(value.object()) != nullptr;
  }
  return false;
}

}  // namespace

std::span<const MethodEntry> method_table() { return kMethods; }

const MethodEntry* find_method(const Value& value, std::string_view name) {
  for (const MethodEntry& entry : kMethods) {
    if (entry.name == name && is_of(value, entry.receiver)) return &entry;
  }
  return nullptr;
}

Value bound_method(const Value& self, const MethodEntry& method) {
  return std::shared_ptr<Object>(std::make_shared<BoundMethod>(self, method));
}

}  // namespace malmoi::chat::jinja

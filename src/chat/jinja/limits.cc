#include "chat/jinja/limits.h"

namespace malmoi::chat::jinja {
namespace {

constexpr const char* kRemedy = "use a template that does less";

Error over(const std::string& what) { return unsupported("the template " + what, "", kRemedy); }

std::string mebibytes(size_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

}  // namespace

Error Budget::exceeded() const {
  if (too_deep_) return over("nests values more than " + std::to_string(limits_.depth) + " deep");
  if (too_many_) return over("makes a list of more than " + std::to_string(limits_.values) + " values");
  if (bytes_ > limits_.memory) return over("needs more than " + mebibytes(limits_.memory) + " of memory");
  return over("takes more than " + std::to_string(limits_.steps) + " steps");
}

Status Budget::room(size_t bytes, size_t count) const {
  size_t left = limits_.memory > bytes_ ? limits_.memory - bytes_ : 0;
  if (bytes == 0 || count <= left / bytes) return {};
  return over("needs more than " + mebibytes(limits_.memory) + " of memory");
}

Status Budget::stack() const {
  uintptr_t now = stack_position();
  size_t used = base_ > now ? base_ - now : now - base_;
  if (used <= limits_.stack) return {};
  return over("calls itself too deep");
}

}  // namespace malmoi::chat::jinja

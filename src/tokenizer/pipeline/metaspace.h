// Metaspace: a visible character for the space, shared by the pre-tokenizer and the decoder of that name.
#pragma once

#include <string>
#include <string_view>

namespace malmoi::tokenizer {

struct Metaspace {
  enum class Prepend { kFirst, kNever, kAlways };
  static constexpr std::string_view kPrependNames[] = {"first", "never", "always"};
  std::string replacement = "▁";
  Prepend scheme = Prepend::kAlways;
  bool split = true;
};

inline void metaspace_fields(auto& metaspace, auto& in) {
  in.character("replacement", metaspace.replacement);
  in.named("prepend_scheme", metaspace.scheme, Metaspace::kPrependNames);
  in.field("split", metaspace.split);
  // What stood in files instead of prepend_scheme.
  in.read_alone("add_prefix_space", true, metaspace, [](Metaspace& read, bool wanted) {
    if (!wanted) read.scheme = Metaspace::Prepend::kNever;
  });
}

}  // namespace malmoi::tokenizer

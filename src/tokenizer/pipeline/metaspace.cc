#include "tokenizer/pipeline/metaspace.h"

#include "tokenizer/json/json_text.h"

namespace malmoi::tokenizer {
namespace {

constexpr std::string_view kSchemes[] = {"first", "never", "always"};

}  // namespace

Result<Metaspace> metaspace_from_json(const JsonNode& node) {
  Metaspace out;
  MALMOI_ASSIGN(out.replacement, node.character_at("replacement"));
  MALMOI_ASSIGN(std::string scheme, node.string_or("prepend_scheme", "always"));
  size_t i = 0;
  while (i < std::size(kSchemes) && kSchemes[i] != scheme) ++i;
  if (i == std::size(kSchemes)) return node.error("unknown prepend_scheme " + scheme, "use first, never or always");
  out.scheme = static_cast<Metaspace::Prepend>(i);
  // Files of before prepend_scheme.
  MALMOI_ASSIGN(bool prefix, node.boolean_or("add_prefix_space", true));
  if (!prefix) out.scheme = Metaspace::Prepend::kNever;
  return out;
}

void append_metaspace_json(std::string& out, const Metaspace& metaspace, bool split) {
  out += R"({"type":"Metaspace")";
  append_json_member(out, "replacement", std::string_view(metaspace.replacement));
  append_json_member(out, "prepend_scheme", kSchemes[static_cast<size_t>(metaspace.scheme)]);
  append_json_member(out, "split", split);
  out += '}';
}

}  // namespace malmoi::tokenizer

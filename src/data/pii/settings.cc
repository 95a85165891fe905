#include "data/pii/settings.h"

namespace malmoi::data {

Result<PiiOptions> pii_options(const std::vector<std::string>& types, const std::string& where) {
  PiiOptions options;
  if (types.empty()) return options;
  options.enabled.fill(false);
  for (const std::string& name : types) {
    std::optional<PiiType> type = pii_type(name);
    if (!type) return usage_error("unknown type of personal data '" + name + "'", where, "see malmoi data pii --help");
    options.enabled[static_cast<size_t>(*type)] = true;
  }
  return options;
}

std::optional<PiiAction> pii_action(std::string_view name) {
  if (name == "placeholder") return PiiAction::kPlaceholder;
  if (name == "pseudonym") return PiiAction::kPseudonym;
  if (name == "remove") return PiiAction::kRemove;
  return std::nullopt;
}

Result<std::string> read_pii_key(const Path& file) {
  constexpr uint64_t kLongest = 1 << 16;
  constexpr size_t kShortest = 16;  // bytes: 128 bits
  MALMOI_ASSIGN(std::string key, read_file(file, kLongest));
  while (key.ends_with('\n') || key.ends_with('\r')) key.pop_back();
  if (key.size() < kShortest)
    return usage_error("the key is shorter than 16 bytes", file.string(), "make one: openssl rand -hex 32");
  return key;
}

}  // namespace malmoi::data

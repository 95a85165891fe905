// What recipes and command lines say of personal data: which types, what becomes of them, the key of pseudonyms.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "data/pii/pii.h"

namespace malmoi::data {

/// The types by name; no name: all. Errors: an unknown one.
Result<PiiOptions> pii_options(const std::vector<std::string>& types, const std::string& where);

/// "placeholder", "pseudonym" or "remove".
std::optional<PiiAction> pii_action(std::string_view name);

/// The key of pseudonyms in a file, without the line ends behind it, which editors add. Errors: fewer than 16 bytes.
Result<std::string> read_pii_key(const Path& file);

}  // namespace malmoi::data

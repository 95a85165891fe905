// Numbers in groups of three digits from the right, in time linear in the text.
#pragma once

#include <memory>
#include <string_view>

#include "tokenizer/pattern/pattern.h"

namespace malmoi::tokenizer {

/// \P{N}*\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N})): what stands before a number belongs to its first group. An engine of regular
/// expressions would look to the end of a number again for each of its groups.
std::shared_ptr<const Pattern> digit_groups(std::string_view source);

}  // namespace malmoi::tokenizer

// Secrets that the server makes, and what is kept of them.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace malmoi::serve {

/// 256 bits from the system's generator, as 43 characters of base64url (RFC 4648, 5). Errors: the system has none.
Result<std::string> new_secret();

/// SHA-256, 32 bytes. What is drawn from 2^256 cannot be guessed, so a fast hash without salt keeps it: slow ones are for the
/// words that people choose, and would cost each request their time.
std::string sha256(std::string_view text);

/// Whether two digests are the same, in a time that says nothing of where they differ.
bool same_digest(std::string_view one, std::string_view other);

/// 64 digits of a digest, and back; empty where the text is not one.
std::string to_hex(std::string_view digest);
std::string digest_of_hex(std::string_view text);

}  // namespace malmoi::serve

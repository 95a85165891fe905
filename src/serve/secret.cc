#include "serve/secret.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "base/base64.h"

namespace malmoi::serve {
namespace {

constexpr size_t kDigestBytes = 32;
constexpr std::string_view kHexDigits = "0123456789abcdef";

}  // namespace

Result<std::string> new_secret() {
  std::array<unsigned char, kDigestBytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    return Error{ErrorCode::kIo, "the system gives no random bytes", "getrandom", "try again once it has started up"};
  std::string text = encode_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

std::string sha256(std::string_view text) {
  std::string digest(kDigestBytes, '\0');
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), &size, EVP_sha256(), nullptr);
  return digest;
}

bool same_digest(std::string_view one, std::string_view other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

std::string to_hex(std::string_view digest) {
  std::string text;
  for (char byte : digest) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

std::string digest_of_hex(std::string_view text) {
  if (text.size() != 2 * kDigestBytes || text.find_first_not_of(kHexDigits) != text.npos) return {};
  std::string digest;
  for (size_t at = 0; at < text.size(); at += 2)
    digest += static_cast<char>(kHexDigits.find(text[at]) * 16 + kHexDigits.find(text[at + 1]));
  return digest;
}

}  // namespace malmoi::serve

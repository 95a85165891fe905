#include "app/store/digest.h"

#include <openssl/evp.h>

namespace malmoi::app {

bool is_hex(std::string_view text, size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

struct Digest::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Digest::Digest(std::unique_ptr<State> state) : state_(std::move(state)) {}
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

Digest Digest::sha256() {
  Digest digest(std::make_unique<State>());
  EVP_DigestInit_ex(digest.state_->context, EVP_sha256(), nullptr);
  return digest;
}

Digest Digest::git_blob(uint64_t size) {
  Digest digest(std::make_unique<State>());
  EVP_DigestInit_ex(digest.state_->context, EVP_sha1(), nullptr);
  digest.add("blob " + std::to_string(size));
  digest.add(std::string_view("\0", 1));
  return digest;
}

void Digest::add(std::string_view bytes) { EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()); }

std::string Digest::hex() {
  constexpr char kDigits[] = "0123456789abcdef";
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context, bytes, &size);
  std::string out;
  for (unsigned int i = 0; i < size; ++i) (out += kDigits[bytes[i] >> 4]) += kDigits[bytes[i] & 15];
  return out;
}

}  // namespace malmoi::app

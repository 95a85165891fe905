// Checksums of what is fetched: SHA-256 of any file, and git's name of one (SHA-1 over its size and bytes).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace malmoi::app {

inline constexpr size_t kSha256Digits = 64;  // hexadecimal
inline constexpr size_t kGitDigits = 40;     // of blobs and commits

/// Whether a text is so many hexadecimal digits, in lower case.
bool is_hex(std::string_view text, size_t digits);

/// Bytes in, hexadecimal out. One thread.
class Digest {
 public:
  static Digest sha256();
  /// git's name of a blob: SHA-1 of "blob SIZE\0" and the bytes.
  static Digest git_blob(uint64_t size);

  void add(std::string_view bytes);
  /// Lower case; ends the digest.
  std::string hex();

  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  ~Digest();

 private:
  struct State;
  explicit Digest(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace malmoi::app

// What the server asks whoever reads documents: the bytes of a file in, its text out.
#pragma once

#include <string>

#include "protocol/call.h"

namespace malmoi::serve {

/// Reads documents that clients send. Any worker thread, two at a time.
class Extractor {
 public:
  virtual ~Extractor() = default;
  /// `name`: the last part of the file's path, in UTF-8, by which its format is found where the bytes do not tell it; may be empty.
  virtual protocol::Reply extract(const std::string& name, const std::string& bytes) const = 0;
};

}  // namespace malmoi::serve

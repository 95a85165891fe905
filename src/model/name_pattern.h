// Regular expressions over names of modules, as adapters' configs have them.
#pragma once

#include <memory>
#include <regex>
#include <string>

#include "base/error.h"

namespace malmoi::model {

/// A pattern of Python's, as far as ECMAScript has it, too. Immutable; safe from many threads.
class NamePattern {
 public:
  /// What a name must be of.
  enum class Part : uint8_t {
    kWhole,
    kEnd,  // all of it, or what stands behind one of its dots
  };
  /// Errors: a pattern that cannot be read, or is longer than anybody writes.
  static Result<NamePattern> make(const std::string& pattern, Part part);

  /// In time polynomial in both lengths; a name longer than anybody writes matches nothing.
  bool matches(const std::string& name) const;

 private:
  NamePattern(std::string plain, std::shared_ptr<const std::regex> regex)
      : plain_(std::move(plain)), regex_(std::move(regex)) {}

  std::string plain_;  // instead: of letters, and dots that stand for any character; matches ends
  std::shared_ptr<const std::regex> regex_;
};

}  // namespace malmoi::model

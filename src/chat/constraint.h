// What an answer must be, by a rule that is enforced while it is drawn.
#pragma once

#include <string>

namespace malmoi::chat {

/// A rule over the whole text of an answer.
struct Constraint {
  enum class Kind {
    kJsonObject,  // any JSON object; `text` is empty
    kJsonSchema,  // JSON that holds to the schema `text`
    kRegex,       // what the regular expression `text` matches from beginning to end
    kGbnf,        // what the rule `root` of the grammar `text` (GBNF, as llama.cpp reads it) makes
  };
  Kind kind = Kind::kJsonObject;
  std::string text;

  bool operator==(const Constraint&) const = default;
};

}  // namespace malmoi::chat

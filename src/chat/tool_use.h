// The functions that answers to a conversation may call.
#pragma once

#include <string>

#include "base/error.h"

namespace malmoi::chat {

struct CallForm;

struct ToolUse {
  enum class Choice {
    kAuto,      // as the model likes
    kNone,      // none is called
    kRequired,  // an answer is a call
  };
  /// A JSON list of {"type": "function", "function": {"name", "description", "parameters"}}, with names of letters, digits,
  /// `_` and `-`; empty: none.
  std::string functions;
  Choice choice = Choice::kAuto;
  std::string name;      // with kRequired: of the one to call; empty: any of them
  bool parallel = true;  // an answer may be several calls

  bool are_allowed() const { return !functions.empty() && choice != Choice::kNone; }
};

/// The beginning of an answer that must be a call, and a JSON schema for what follows it.
struct ForcedCall {
  std::string begun, schema;
};

/// A call of one of the functions, in the form of a family of models. Errors: a form that is no JSON; several functions where
/// the name stands before the JSON. Requires `functions` as they are described above.
Result<ForcedCall> force_call(const ToolUse& use, const CallForm& form);

}  // namespace malmoi::chat

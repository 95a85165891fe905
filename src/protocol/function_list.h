// The functions that a request offers, whatever its protocol calls their parts.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace malmoi::protocol {

constexpr size_t kMaxFunctions = 128;  // of one request, as in OpenAI's API

/// Collects them as chat::ToolUse has them.
class FunctionList {
 public:
  /// Adds {"name", "parameters" and what else templates print}, in this order. Without parameters a function has none.
  /// `place` stands before the names of fields in errors (`tools[0].`), and `schema` is what the protocol calls the
  /// parameters. Errors: a name that is not 1 to 64 letters, digits, '_' and '-', or that is there already; parameters that
  /// are no schema of an object.
  Status add(Json function, const std::string& place, const std::string& schema);
  /// Takes out the functions that `names` does not have.
  void keep(const std::vector<std::string>& names);
  bool contains(const std::string& name) const { return names_.contains(name); }
  bool empty() const { return names_.empty(); }
  size_t size() const { return names_.size(); }
  /// As JSON; empty where there are none.
  std::string text() const { return empty() ? std::string() : dump_json(functions_); }

 private:
  Json functions_ = Json::array();
  std::set<std::string> names_;
};

}  // namespace malmoi::protocol

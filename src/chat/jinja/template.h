// A chat template: read once, rendered for each conversation.
//
// The language is Jinja 3.1 as transformers 5 sets it up for chat templates: trim_blocks, lstrip_blocks, break and continue,
// {% generation %}, json.dumps as `tojson`, raise_exception, strftime_now, and a sandbox that changes nothing and loads
// nothing. Source: jinja.palletsprojects.com/en/3.1.x/templates, transformers/utils/chat_template_utils.py.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "chat/jinja/limits.h"
#include "chat/jinja/run.h"

namespace malmoi::chat::jinja {

struct Rendered {
  std::string text;
  std::vector<std::pair<size_t, size_t>> spans;  // bytes [begin, end) that {% generation %} blocks wrote
};

/// The moment that strftime_now() tells: `2025-07-26T09:05:03`, with a blank for T, without seconds or without time. Errors:
/// another form, a day that is none.
Result<Run::Moment> parse_moment(std::string_view text);
Run::Moment local_moment();

/// Immutable: many threads may render one at once. A copy is a handle to the same template.
class Template {
 public:
  /// `name`: what errors call it, a file mostly. Errors: name, line and column of what is no template.
  static Result<Template> parse(std::string_view source, std::string name);

  /// `variables`: an object; its keys are the template's variables, null is None. Errors: what the template raises or does
  /// wrong, with name, line and column; what is over `limits`.
  Result<Rendered> render(const Json& variables, const Run::Moment& now, const Limits& limits = {}) const;
  /// As it was read, newlines as LF.
  const std::string& source() const;

 private:
  struct Parts;
  explicit Template(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

}  // namespace malmoi::chat::jinja

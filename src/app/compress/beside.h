// What stands beside a model's weights and goes along where a folder is made of another one.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::app {

/// Copies the tokenizer, the template of chats, settings of generation and licences of a folder, but config.json, and what `leave_out`
/// names. Errors: what the system refuses.
Status copy_beside(const Path& from, const Path& to, const std::function<bool(std::string_view name)>& leave_out = {});

/// Error: `out` is the model's own folder, whose files are read while those of `out` are written.
Status check_other_folder(const Path& model, const Path& out);

/// The chat template of a folder: chat_template.jinja, or that of tokenizer_config.json; empty where it has none.
Result<std::string> template_of_folder(const Path& folder);
/// Gives that of a folder to another one that has none, as it is.
Status keep_template(const Path& from, const Path& to);
/// Makes it that of a folder, whichever way it had one. Errors: one that cannot be read as a template.
Status set_template(const Path& folder, const std::string& text);

}  // namespace malmoi::app

// Self-contained pages: a template with its data, and the style and drawing that all pages share.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace malmoi::app {

/// `page` with `{{STYLE}}`, `{{DRAW}}` (report/style.css, report/draw.js) and `{{DATA}}` filled in, each once; and `{{SCRIPT}}`, where
/// the page has a script beside it.
Result<std::string> fill_page(std::string_view page, const Json& data, std::string_view script = {});

}  // namespace malmoi::app

// Documents that are zips of XML: DOCX (ECMA-376), ODT (OASIS OpenDocument), EPUB 2 and 3; and flat ODT (.fodt).
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "data/html/html.h"
#include "data/readers/reader.h"

namespace malmoi::data {

struct OfficeText {
  std::string text, title, language;
};

Result<OfficeText> read_docx(std::string_view bytes, const ReaderLimits& limits, TextFormat format,
                             const std::string& where);
Result<OfficeText> read_odt(std::string_view bytes, const ReaderLimits& limits, TextFormat format,
                            const std::string& where);
Result<OfficeText> read_epub(std::string_view bytes, const ReaderLimits& limits, TextFormat format,
                             const std::string& where);

}  // namespace malmoi::data

// The kinds of documents that read_office (office.h) tells apart, one file each.
#pragma once

#include "data/readers/office/office.h"
#include "data/readers/office/package.h"

namespace malmoi::data::office {

/// What every kind is read from.
struct Source {
  Package& package;
  const ReaderLimits& limits;
  TextFormat format;
  uint64_t packed;  // bytes of the file
  const std::string& where;
};

/// `main`: the part that the package's relationships name, with its root element's name as kind.
Result<OfficeText> read_word(const Source& source, const std::string& main);
Result<OfficeText> read_workbook(const Source& source, const std::string& main);
Result<OfficeText> read_presentation(const Source& source, const std::string& main);
/// `content`: content.xml, or a flat file; `meta`: meta.xml, or null.
Result<OfficeText> read_open_document(const Source& source, const std::string& content, const std::string* meta);
Result<OfficeText> read_hwpx(const Source& source);
Result<OfficeText> read_epub(const Source& source);
/// HWP 5, in a compound file.
Result<OfficeText> read_hwp(std::string_view bytes, const ReaderLimits& limits, TextFormat format,
                            const std::string& where);

/// The title that a package declares (docProps/core.xml); empty without one.
std::string declared_title(const Package& package);

}  // namespace malmoi::data::office

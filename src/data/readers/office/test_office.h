// Office documents written for tests, and what is read from them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "data/readers/office/office.h"
#include "data/readers/test_zip.h"

namespace malmoi::data::office {

/// The text, or what the error says.
inline std::string text_of(const std::string& bytes, TextFormat format = TextFormat::kMarkdown) {
  Result<OfficeText> read = read_office(bytes, {}, format, "test");
  return read.ok() ? read->text : "error: " + read.error().what;
}
inline std::string plain_of(const std::string& bytes) { return text_of(bytes, TextFormat::kPlain); }

/// A document of Word's whose body holds `body`, with more parts beside it.
inline std::string docx(const std::string& body, std::vector<TestEntry> more = {}) {
  more.insert(more.begin(),
              {"word/document.xml", "<w:document xmlns:w='w'><w:body>" + body + "</w:body></w:document>"});
  return test_zip(more);
}

/// A paragraph of Word's with that text.
inline std::string p(const std::string& text) { return "<w:p><w:r><w:t>" + text + "</w:t></w:r></w:p>"; }

/// A part that names others: {id, type, target}...
inline std::string relationships(const std::vector<std::vector<std::string>>& all) {
  std::string out = "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>";
  for (const auto& one : all)
    out += "<Relationship Id='" + one[0] +
           "' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/" + one[1] + "' Target='" +
           one[2] + "'/>";
  return out + "</Relationships>";
}

}  // namespace malmoi::data::office

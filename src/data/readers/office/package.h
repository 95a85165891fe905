// The parts of a document that is a zip: found by name however the name is spelt, the damaged ones told of.
#pragma once

#include <pugixml.hpp>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/readers/office/office.h"
#include "data/readers/reader.h"

namespace malmoi::data::office {

/// A reference from one part to another (ECMA-376 part 2).
struct Relationship {
  std::string id, type;  // of the type the last segment: "officeDocument", "styles" ...
  std::string target;    // the name of a part
};

class Package {
 public:
  /// Unpacks every part but pictures, sounds and fonts. Errors: no zip, a bomb, more text than limits.document_bytes. A
  /// damaged entry is none: it is told of when it is asked for.
  static Result<Package> open(std::string_view bytes, const ReaderLimits& limits, const std::string& where);

  /// Names compare without case and composed, percent escapes undone, `\` as `/`, a `/` before them left out. Null: none,
  /// or damaged.
  const std::string* find(std::string_view name) const;
  /// The same of a part that the document needs: what is missing or damaged goes to problems().
  const std::string* require(std::string_view name);
  /// A part that the document needs, parsed; what is missing, damaged or malformed goes to problems(). Returns the root
  /// element: of a malformed part with what stands before the fault, of none a null node.
  pugi::xml_node load(std::string_view name, pugi::xml_document& document);
  /// The names of all parts as they are spelt, in their order in the zip.
  const std::vector<std::string>& names() const { return names_; }

  /// Of a part, "word/document.xml"; of the package itself, "". Targets that are no parts are left out.
  std::vector<Relationship> relationships(const std::string& part) const;
  /// The target of the first of that type; empty without one.
  std::string related(const std::string& part, std::string_view type) const;

  std::vector<PartProblem> take_problems() { return std::move(problems_); }

 private:
  std::map<std::string, std::string> parts_;    // by folded name
  std::map<std::string, std::string> damaged_;  // by folded name: what is wrong
  std::set<std::string> told_;
  std::vector<std::string> names_;
  std::vector<PartProblem> problems_;
};

/// A reference from `part` as the name of a part: percent escapes undone, `..` resolved, a fragment cut off.
std::string resolve(const std::string& part, std::string_view reference);

/// A name as names are compared.
std::string folded(std::string_view name);

}  // namespace malmoi::data::office

// The corpora of a folder, for the server: `malmoi serve --data FOLDER`.
#pragma once

#include <memory>
#include <string>

#include "base/open_folder.h"
#include "serve/runs.h"

namespace malmoi::app {

/// Each folder that stands in FOLDER itself and holds a corpus as `malmoi data build` writes it. Nothing is written.
class ShownCorpora : public serve::Corpora {
 public:
  static Result<std::unique_ptr<ShownCorpora>> open(const Path& folder);

  protocol::Reply list() const override;
  protocol::Reply show(const std::string& name) const override;
  protocol::Reply documents(const std::string& name, const serve::DocumentQuery& query) const override;

 private:
  explicit ShownCorpora(OpenFolder folder) : folder_(std::move(folder)) {}
  Result<OpenFolder> corpus(const std::string& name) const;

  OpenFolder folder_;
};

}  // namespace malmoi::app

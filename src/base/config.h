// Configurations: YAML (or JSON) with environment variables, read key by key; an unknown key names the nearest known.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace malmoi {

/// Replaces `${NAME}` and `${NAME:-text}` from the environment. Errors: a name that is not set and has no default.
Result<std::string> expand_environment(std::string_view text, std::string_view where);

/// A parsed configuration and the line of each key, for messages. Keys of `lines` are dotted paths (`train.steps`).
struct ConfigDocument {
  Json root;
  std::string file;
  std::map<std::string, int> lines;

  /// `file:line: path` as far as it is known.
  std::string where(const std::string& path) const;
};

/// Parses YAML. Plain scalars become null, bool, integer or number as YAML 1.2's core schema has it (`1e-3` and `1_000`
/// are numbers, `no` is text); quoted ones stay text. Values are expanded from the environment.
Result<ConfigDocument> parse_config(std::string_view yaml, std::string file);
Result<ConfigDocument> read_config(const Path& path);

/// Sets `a.b.c=value` (value read as YAML) over a document; makes the objects on the way.
Status override_config(ConfigDocument& document, std::string_view assignment);

/// The candidate closest to `word` by edit distance; empty if none is near.
std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates);

/// Reads the keys of one object of a document. The first error is kept: read everything, then check `finish()`,
/// which also reports keys that nobody asked for. Getters return the fallback after an error.
class ConfigReader {
 public:
  ConfigReader(const ConfigDocument& document, const Json& object, std::string path);
  explicit ConfigReader(const ConfigDocument& document) : ConfigReader(document, document.root, "") {}

  bool has(std::string_view key);
  /// Whether the key stands there at all, null included.
  bool present(std::string_view key) { return known_.emplace(key), object_->contains(key); }
  /// Whether a value was refused so far.
  bool failed() const { return error_.has_value(); }
  std::string text(std::string_view key, std::string fallback);
  int64_t integer(std::string_view key, int64_t fallback, int64_t low = INT64_MIN, int64_t high = INT64_MAX);
  double number(std::string_view key, double fallback, double low = -1e300, double high = 1e300);
  bool boolean(std::string_view key, bool fallback);
  /// A list of texts; one text counts as a list of one.
  std::vector<std::string> texts(std::string_view key, std::vector<std::string> fallback = {});
  std::vector<double> numbers(std::string_view key, std::vector<double> fallback = {});
  /// One of `names`; returns its index.
  size_t choice(std::string_view key, const std::vector<std::string>& names, size_t fallback);
  /// The raw value (null Json if absent); counts the key as known.
  const Json& raw(std::string_view key);
  /// A reader of the object under `key` (an empty object if absent). Its errors must be finished by the caller.
  ConfigReader object(std::string_view key);

  /// Adds an error about `key` found by the caller.
  void fail(std::string_view key, std::string what, std::string remedy = {});
  /// The first error, or one about an unknown key.
  Status finish();
  std::string path_of(std::string_view key) const;
  std::string where(std::string_view key) const;
  const ConfigDocument& document() const { return *document_; }

 private:
  const Json* find(std::string_view key);
  const ConfigDocument* document_;
  const Json* object_;
  std::string path_;
  std::set<std::string, std::less<>> known_;
  std::optional<Error> error_;
};

}  // namespace malmoi

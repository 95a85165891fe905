#include "app/store/pypi.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

#include "app/store/address.h"
#include "app/store/digest.h"
#include "app/store/name.h"
#include "base/ascii.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/json_read.h"
#include "base/percent.h"

namespace malmoi::app {
namespace {

constexpr const char* kIndex = "https://pypi.org/simple";
constexpr uint64_t kLargestPage = uint64_t{32} << 20;

std::vector<std::string> split(std::string_view text, char mark) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(mark, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// DISTRIBUTION-VERSION[-BUILD]-PYTHON-none-any.whl; the version where it is of this package and for any machine.
std::string version_of(std::string_view file_name, const std::string& package) {
  constexpr std::string_view kEnding = ".whl";
  if (!file_name.ends_with(kEnding) || !is_safe_path(file_name)) return {};
  const std::vector<std::string> parts = split(file_name.substr(0, file_name.size() - kEnding.size()), '-');
  if (parts.size() != 5 && parts.size() != 6) return {};
  const size_t last = parts.size() - 1;
  if (parts[last] != "any" || parts[last - 1] != "none" || parts[last - 2].find("py3") == std::string::npos) return {};
  auto name = parse_model_name("pypi:" + parts[0]);
  return name.ok() && name->id == package ? parts[1] : std::string();
}

// The numbers of "1.2.0.post3", 0 for what is not said; nothing for a pre-release, or what has another form.
std::optional<std::vector<int>> release_numbers(const std::string& version) {
  constexpr size_t kMostNumbers = 8;
  std::vector<int> numbers(kMostNumbers + 1, 0);
  std::vector<std::string> parts = split(version, '.');
  if (parts.back().starts_with("post")) {
    std::string& post = parts.back();
    auto [end, error] = std::from_chars(post.data() + 4, post.data() + post.size(), numbers[kMostNumbers]);
    if (error != std::errc() || *end != '\0') return {};
    ++numbers[kMostNumbers];  // 1.0.post0 is newer than 1.0
    parts.pop_back();
  }
  if (parts.empty() || parts.size() > kMostNumbers) return {};
  for (size_t i = 0; i < parts.size(); ++i) {
    auto [end, error] = std::from_chars(parts[i].data(), parts[i].data() + parts[i].size(), numbers[i]);
    if (error != std::errc() || *end != '\0') return {};
  }
  return numbers;
}

void add_wheel(std::vector<Wheel>& wheels, const std::string& package, std::string_view file_name, Wheel wheel) {
  wheel.version = version_of(file_name, package);
  wheel.file.path = file_name;
  const bool is_whole = !wheel.version.empty() && !wheel.file.url.empty() && is_hex(wheel.file.sha256, kSha256Digits);
  if (is_whole) wheels.push_back(std::move(wheel));
}

std::vector<Wheel> parse_json_page(std::string_view page, const std::string& url, const std::string& package) {
  std::vector<Wheel> wheels;
  Result<Json> json = parse_json(page, url, 32);
  if (!json.ok()) return wheels;
  for (const Json& file : json_list(*json, "files")) {
    Wheel wheel;
    wheel.file.url = follow(url, json_string(file, "url"));
    wheel.file.sha256 = ascii_lower(json_string(json_object(file, "hashes"), "sha256"));
    if (auto size = json_count(file, "size")) wheel.file.size = static_cast<uint64_t>(*size);
    // A string gives the reason; false: it is not.
    auto yanked = file.is_object() ? file.find("yanked") : file.end();
    wheel.yanked = file.is_object() && yanked != file.end() && *yanked != Json(false);
    add_wheel(wheels, package, json_string(file, "filename"), std::move(wheel));
  }
  return wheels;
}

// The value of an attribute within the text of a tag; `&amp;` is what addresses have of entities.
std::string attribute(std::string_view tag, std::string_view name) {
  const size_t at = tag.find(std::string(name) + "=");
  if (at == std::string_view::npos || at + name.size() + 2 > tag.size()) return {};
  const size_t begin = at + name.size() + 1;
  const char quote = tag[begin];
  if (quote != '"' && quote != '\'') return {};
  const size_t end = tag.find(quote, begin + 1);
  if (end == std::string_view::npos) return {};
  std::string value(tag.substr(begin + 1, end - begin - 1));
  for (size_t entity = value.find("&amp;"); entity != std::string::npos; entity = value.find("&amp;", entity + 1))
    value.replace(entity, 5, "&");
  return value;
}

// <a href="ADDRESS/NAME.whl#sha256=...">NAME.whl</a>
std::vector<Wheel> parse_html_page(std::string_view page, const std::string& url, const std::string& package) {
  constexpr std::string_view kHash = "#sha256=";
  std::vector<Wheel> wheels;
  for (size_t at = page.find("<a "); at != std::string_view::npos; at = page.find("<a ", at + 1)) {
    std::string_view tag = page.substr(at, page.find('>', at) - at);
    const std::string link = attribute(tag, "href");
    const size_t hash = link.find(kHash);
    if (hash == std::string::npos) continue;
    Wheel wheel;
    wheel.file.url = follow(url, link);
    wheel.file.sha256 = ascii_lower(link.substr(hash + kHash.size()));
    wheel.yanked = tag.find("data-yanked") != std::string_view::npos;
    const std::string path = link.substr(0, link.find_first_of("?#"));
    add_wheel(wheels, package, percent_decode(base_name(path)), std::move(wheel));
  }
  return wheels;
}

Error explain_index_status(const net::Headers& headers, const std::string& where) {
  if (headers.status == 404) return not_found("there is no such package", where, "check the name");
  if (headers.status == 401 || headers.status == 403)
    return usage_error("the index wants to know who asks", where, "put user:password@ into MALMOI_PYPI");
  return {ErrorCode::kIo, fmt::format("the server answers with status {}", headers.status), where,
          "run it again later"};
}

std::string some_versions(const std::vector<Wheel>& wheels) {
  constexpr size_t kShown = 10;
  std::string out;
  const size_t first = wheels.size() - std::min(wheels.size(), kShown);
  for (size_t i = first; i < wheels.size(); ++i) (out += i > first ? ", " : "") += wheels[i].version;
  return out;
}

}  // namespace

std::vector<Wheel> parse_index_page(std::string_view page, bool is_json, const std::string& url,
                                    const std::string& package) {
  return is_json ? parse_json_page(page, url, package) : parse_html_page(page, url, package);
}

const Wheel* choose_wheel(const std::vector<Wheel>& wheels, const std::string& version) {
  const Wheel* best = nullptr;
  std::optional<std::vector<int>> newest;
  for (const Wheel& wheel : wheels) {
    if (!version.empty()) {
      if (ascii_lower(wheel.version) == ascii_lower(version)) return &wheel;
      continue;
    }
    auto numbers = release_numbers(wheel.version);
    if (wheel.yanked || !numbers || (newest && *numbers < *newest)) continue;
    newest = numbers;
    best = &wheel;
  }
  return best;
}

Result<PackageIndex> PackageIndex::from_environment(const StopToken& stop) {
  const char* variable = "MALMOI_PYPI";
  const char* given = std::getenv(variable);
  if (!given || !*given) given = std::getenv(variable = "PIP_INDEX_URL");
  std::string url = given && *given ? given : kIndex;
  while (url.ends_with('/')) url.pop_back();
  RemoteServer server{.origin = origin_of(url),
                      .remedy = "check the network, or set MALMOI_PYPI to a mirror",
                      .explain = explain_index_status,
                      .stop = stop};
  if (server.origin.empty())
    return usage_error("is no http or https address", variable, std::string("set MALMOI_PYPI to one like ") + kIndex);
  if (const std::string user = credentials_of(url); !user.empty())
    server.authorization = "Basic " + encode_base64(percent_decode(user));
  return PackageIndex(without_credentials(url), Remote(std::move(server)));
}

std::string PackageIndex::page_of(const std::string& package) const {
  constexpr std::string_view kSimple = "/simple";
  if (!url_.ends_with(kSimple)) return url_ + "/" + package + "/";
  return url_.substr(0, url_.size() - kSimple.size()) + "/project/" + package + "/";
}

Result<Wheel> PackageIndex::find(const std::string& package, const std::string& version) const {
  const std::string url = url_ + "/" + package + "/";
  MALMOI_ASSIGN(RemoteAnswer answer,
                remote_.get(url, kLargestPage, {"Accept: application/vnd.pypi.simple.v1+json, text/html;q=0.1"}));
  const bool is_json = net::media_type(answer.headers.get("content-type")).ends_with("json");
  const std::vector<Wheel> wheels = parse_index_page(answer.body, is_json, answer.url, package);
  const std::string where = "pypi:" + package;
  if (wheels.empty())
    return not_found("has no wheel for any Python (py3-none-any) with a SHA-256", where, "pull another package");
  if (const Wheel* wheel = choose_wheel(wheels, version)) return *wheel;
  return not_found(
      version.empty() ? "has no release that is neither yanked nor a pre-release" : "has no version " + version, where,
      "ask for one of them: " + where + "==VERSION, with " + some_versions(wheels));
}

}  // namespace malmoi::app

#include "app/store/hub.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "app/store/address.h"
#include "app/store/digest.h"
#include "base/json.h"
#include "base/json_read.h"

namespace malmoi::app {
namespace {

constexpr const char* kHub = "https://huggingface.co";
constexpr uint64_t kLargestAnswer = uint64_t{32} << 20;
constexpr size_t kMostFiles = 100'000;

const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? value : nullptr;
}

// The repository that an address of the Hub is about, for messages: what stands before /resolve/ or behind /api/models/.
std::string repository_of(const std::string& where, const std::string& endpoint) {
  std::string path = where.starts_with(endpoint) ? where.substr(endpoint.size() + 1) : where;
  if (path.starts_with("api/models/")) path.erase(0, 11);
  for (const char* end : {"/resolve/", "/tree/", "/revision/"}) path = path.substr(0, path.find(end));
  return path;
}

// What the Hub means by a status; it says the kind in X-Error-Code, and 401 for a repository that is not there.
Error explain(const net::Headers& headers, const std::string& where, const std::string& endpoint, bool has_token) {
  const std::string code = headers.get("x-error-code"), repository = repository_of(where, endpoint);
  const int status = headers.status;
  if (!where.starts_with(endpoint + "/"))  // where a redirect led
    return {ErrorCode::kIo, fmt::format("the server answers with status {}", status), where, "run it again"};
  const std::string give_token = has_token
                                     ? "check that the token of HF_TOKEN is of an account that may read it"
                                     : "set HF_TOKEN to a token of your account (" + endpoint + "/settings/tokens)";
  if (code == "GatedRepo" || status == 403)
    return {ErrorCode::kNotFound, "is gated: its owner asks that terms are accepted first", repository,
            "accept them at " + endpoint + "/" + repository + ", then " + give_token};
  if (status == 401 && has_token && code != "RepoNotFound")
    return usage_error("the server does not accept the token", "HF_TOKEN", "make a new one, or unset it");
  if (code == "RevisionNotFound")
    return not_found("has no such revision", repository,
                     "give a branch, tag or commit of " + endpoint + "/" + repository);
  if (code == "EntryNotFound") return not_found("the file is not there any more", where, "run it again");
  if (status == 401 || status == 404)
    return not_found("there is no such model, or it is private", repository,
                     "check the name at " + endpoint + "; for a private one " + give_token);
  if (status == 429) return {ErrorCode::kIo, "the server has had too many requests", where, "wait, and run it again"};
  return {ErrorCode::kIo, fmt::format("the server answers with status {}", status), where, "run it again later"};
}

// The address behind rel="next" of a Link header; empty where there is none.
std::string next_link(const std::string& link) {
  for (size_t at = link.find('<'); at != std::string::npos; at = link.find('<', at + 1)) {
    const size_t end = link.find('>', at);
    if (end == std::string::npos) return {};
    const size_t stop = std::min(link.find(", <", end), link.size());
    const std::string parameters = link.substr(end, stop - end);
    if (parameters.find("rel=\"next\"") != std::string::npos || parameters.find("rel=next") != std::string::npos)
      return link.substr(at + 1, end - at - 1);
  }
  return {};
}

// A branch's name may have '/', which is no part of the path then.
std::string escape_revision(const std::string& revision) {
  std::string out = escape_path(revision);
  for (size_t at = out.find('/'); at != std::string::npos; at = out.find('/', at)) out.replace(at, 1, "%2F");
  return out;
}

Result<RemoteFile> parse_file(const Json& entry, const std::string& where) {
  RemoteFile file{.path = json_string(entry, "path")};
  if (!is_safe_path(file.path))
    return invalid_data("the server names a file that may not be written: '" + file.path.substr(0, 200) + "'", where,
                        "do not use this model");
  const auto size = json_count(entry, "size");
  if (!size) return invalid_data("the server tells no size of " + file.path, where, "check HF_ENDPOINT");
  file.size = static_cast<uint64_t>(*size);
  const Json& large = json_object(entry, "lfs");
  const std::string sha256 = json_string(large, "oid"), blob = json_string(entry, "oid");
  if (auto bytes = json_count(large, "size")) file.size = static_cast<uint64_t>(*bytes);
  if (is_hex(sha256, kSha256Digits)) file.sha256 = sha256;
  else if (is_hex(blob, kGitDigits) && large.empty()) file.git_blob = blob;
  if (file.sha256.empty() && file.git_blob.empty())
    return invalid_data("the server tells no checksum of " + file.path, where, "check HF_ENDPOINT");
  return file;
}

std::string licence_of(const Json& information) {
  constexpr std::string_view kTag = "license:";
  for (const Json& tag : json_list(information, "tags")) {
    if (!tag.is_string()) continue;
    const std::string& text = tag.get_ref<const std::string&>();
    if (text.starts_with(kTag)) return text.substr(kTag.size());
  }
  return {};
}

}  // namespace

Result<Hub> Hub::from_environment(const StopToken& stop) {
  const char* given = environment("HF_ENDPOINT");
  std::string endpoint = given ? given : kHub;
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const std::string origin = origin_of(endpoint);
  if (origin.empty() || !credentials_of(endpoint).empty())
    return usage_error("is no address of a server", "HF_ENDPOINT", std::string("give one like ") + kHub);
  RemoteServer server{.origin = origin, .remedy = "check the network, or set HF_ENDPOINT to a mirror", .stop = stop};
  const char* token = environment("HF_TOKEN");
  if (token) {
    const std::string_view text = token;
    const bool is_token = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
    if (!is_token) return usage_error("has characters that no token has", "HF_TOKEN", "give the token alone");
    server.authorization = "Bearer " + std::string(text);
  }
  server.explain = [endpoint, has_token = token != nullptr](const net::Headers& headers, const std::string& where) {
    return explain(headers, where, endpoint, has_token);
  };
  return Hub(std::move(endpoint), Remote(std::move(server)));
}

Result<std::vector<RemoteFile>> Hub::list(const ModelName& name, const std::string& revision) const {
  std::string url = fmt::format("{}/api/models/{}/tree/{}?recursive=true", endpoint_, escape_path(name.id),
                                escape_revision(revision));
  std::vector<RemoteFile> files;
  size_t entries = 0;
  while (!url.empty()) {
    MALMOI_ASSIGN(RemoteAnswer answer, remote_.get(url, kLargestAnswer));
    MALMOI_ASSIGN(Json page, parse_json(answer.body, shown_url(url), 32));
    if (!page.is_array()) return invalid_data("is no list of files", shown_url(url), "check HF_ENDPOINT");
    for (const Json& entry : page) {
      if (json_string(entry, "type") != "file") continue;
      MALMOI_ASSIGN(RemoteFile file, parse_file(entry, name.id));
      files.push_back(std::move(file));
    }
    entries += std::max<size_t>(page.size(), 1);  // an empty page counts, too: pages end some time
    if (entries > kMostFiles)
      return invalid_data(fmt::format("has more than {} files", kMostFiles), name.id, "pull another one");
    const std::string next = next_link(answer.headers.list("link"));
    if (next.empty()) return files;
    const std::string there = follow(answer.url, next);
    if (origin_of(there) != origin_of(endpoint_))
      return invalid_data("the list of files goes on at another server", shown_url(there), "check HF_ENDPOINT");
    url = there;
  }
  return files;
}

Result<Snapshot> Hub::look_up(const ModelName& name) const {
  Snapshot found{.url = endpoint_ + "/" + name.id, .revision = name.revision.empty() ? "main" : name.revision};
  // The commit first: list and files are then of one moment. A mirror may not know this question.
  const std::string about =
      fmt::format("{}/api/models/{}/revision/{}", endpoint_, escape_path(name.id), escape_revision(found.revision));
  Result<RemoteAnswer> answer = remote_.get(about, kLargestAnswer);
  if (!answer.ok() && answer.error().code != ErrorCode::kNotFound) return answer.error();
  if (answer.ok()) {
    MALMOI_ASSIGN(Json information, parse_json(answer->body, about, 64));
    if (const std::string commit = json_string(information, "sha"); is_hex(commit, kGitDigits)) found.revision = commit;
    found.licence = licence_of(information);
  }
  MALMOI_ASSIGN(std::vector<RemoteFile> all, list(name, found.revision));
  MALMOI_ASSIGN(found.files, choose_files(all, name.choice, name.id));
  for (RemoteFile& file : found.files) {
    file.url = fmt::format("{}/{}/resolve/{}/{}", endpoint_, escape_path(name.id), escape_revision(found.revision),
                           escape_path(file.path));
    file.path = base_name(file.path);  // GGUF files stand in folders at times
  }
  return found;
}

}  // namespace malmoi::app

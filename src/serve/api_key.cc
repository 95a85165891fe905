#include "serve/api_key.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/json_read.h"
#include "base/utc.h"
#include "serve/secret.h"

namespace malmoi::serve {
namespace {

constexpr size_t kLongestName = 64;
constexpr const char* kRemedy = "write it with `malmoi key`";

// The whole numbers of a key, by the names that files give them.
struct LimitField {
  const char* name;
  int64_t KeyLimits::*value;
};
constexpr LimitField kLimitFields[] = {{"requests_per_minute", &KeyLimits::requests_per_minute},
                                       {"tokens_per_minute", &KeyLimits::tokens_per_minute},
                                       {"concurrency", &KeyLimits::concurrency}};
constexpr std::string_view kOtherFields[] = {"name", "sha256", "scopes", "created", "expires"};

bool is_known(std::string_view field) {
  return std::ranges::find(kOtherFields, field) != std::end(kOtherFields) ||
         std::ranges::any_of(kLimitFields, [&](const LimitField& limit) { return limit.name == field; });
}

Result<Scopes> read_scopes(const Json& json, const std::string& where) {
  Scopes scopes;
  for (const Json& name : json_list(json, "scopes")) {
    const std::optional<Scope> scope = name.is_string() ? scope_of(name.get<std::string>()) : std::nullopt;
    if (!scope) return invalid_data("there is no scope " + dump_json(name), where, kRemedy);
    scopes.add(*scope);
  }
  if (scopes.empty()) return invalid_data("a key without scopes is good for nothing", where, kRemedy);
  return scopes;
}

// 0 where the field is not there.
Result<int64_t> read_moment(const Json& json, const char* field, const std::string& where) {
  if (!json.contains(field)) return int64_t{0};
  const std::optional<int64_t> moment = parse_utc(json_string(json, field));
  if (!moment) return invalid_data(std::string("'") + field + "' is not a moment", where, kRemedy);
  return *moment;
}

Result<ApiKey> read_key(const Json& json, std::string where) {
  if (!json.is_object()) return invalid_data("a key is not an object", where, kRemedy);
  ApiKey key;
  key.name = json_string(json, "name");
  if (!is_key_name(key.name)) return invalid_data("a key without a name", where, kRemedy);
  where += " (" + key.name + ")";
  for (const auto& [field, value] : json.items()) {
    if (!is_known(field)) return invalid_data("unknown field " + dump_json(Json(field)), where, kRemedy);
  }
  key.digest = digest_of_hex(json_string(json, "sha256"));
  if (key.digest.empty()) return invalid_data("'sha256' is not 64 lower-case hexadecimal digits", where, kRemedy);
  MALMOI_ASSIGN(key.scopes, read_scopes(json, where));
  for (const LimitField& limit : kLimitFields) {
    if (!json.contains(limit.name)) continue;
    const std::optional<int64_t> value = json_count(json, limit.name, kMostOfLimit);
    if (!value || *value == 0)
      return invalid_data(
          std::string("'") + limit.name + "' is not a whole number from 1 to " + std::to_string(kMostOfLimit), where,
          kRemedy);
    key.limits.*limit.value = *value;
  }
  MALMOI_ASSIGN(key.created, read_moment(json, "created", where));
  MALMOI_ASSIGN(const int64_t expires, read_moment(json, "expires", where));
  if (json.contains("expires")) key.expires = std::max<int64_t>(expires, 1);  // 0 would be never
  return key;
}

}  // namespace

ApiKey plain_key(std::string_view key) {
  constexpr size_t kShownDigits = 8;
  ApiKey made{.digest = sha256(key), .scopes = Scopes::all()};
  made.name = "key-" + to_hex(made.digest).substr(0, kShownDigits);
  return made;
}

bool is_key_name(std::string_view name) {
  constexpr std::string_view kCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-";
  return !name.empty() && name.size() <= kLongestName && name.find_first_not_of(kCharacters) == name.npos;
}

std::vector<std::string> scope_names(Scopes scopes) {
  std::vector<std::string> names;
  for (const ScopeName& known : kScopeNames) {
    if (scopes.has(known.scope)) names.emplace_back(known.name);
  }
  return names;
}

Json to_json(const ApiKey& key) {
  Json json{{"name", key.name}, {"scopes", scope_names(key.scopes)}};
  for (const LimitField& limit : kLimitFields) {
    if (key.limits.*limit.value > 0) json[limit.name] = key.limits.*limit.value;
  }
  if (key.created > 0) json["created"] = utc_text(key.created);
  if (key.expires > 0) json["expires"] = utc_text(key.expires);
  return json;
}

Result<std::vector<ApiKey>> read_keys(std::string_view text, const std::string& where) {
  MALMOI_ASSIGN(const Json json, parse_json(text, where));
  if (!json.is_object() || !json.contains("keys") || !json["keys"].is_array())
    return invalid_data("is no file of keys: it has no list 'keys'", where, kRemedy);
  std::vector<ApiKey> keys;
  std::set<std::string> names, digests;
  for (const Json& entry : json["keys"]) {
    MALMOI_ASSIGN(ApiKey key, read_key(entry, where + ": keys[" + std::to_string(keys.size()) + "]"));
    if (!names.insert(key.name).second) return invalid_data("two keys are called '" + key.name + "'", where, kRemedy);
    if (!digests.insert(key.digest).second)
      return invalid_data("'" + key.name + "' is a key that stands under another name, too", where, kRemedy);
    keys.push_back(std::move(key));
  }
  return keys;
}

std::string print_keys(const std::vector<ApiKey>& keys) {
  Json list = Json::array();
  for (const ApiKey& key : keys) {
    Json entry{{"name", key.name}, {"sha256", to_hex(key.digest)}};
    entry.update(to_json(key));
    list.push_back(std::move(entry));
  }
  return dump_json(Json{{"keys", std::move(list)}}, 2) + "\n";
}

}  // namespace malmoi::serve

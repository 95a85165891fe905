// `malmoi key`: the API keys of a server.
#include "app/serve/key_file.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/log.h"
#include "base/utc.h"
#include "cli/command.h"

namespace malmoi::cli {
namespace {

using serve::ApiKey;

struct KeyOptions {
  Path file = app::default_key_file();
  ApiKey key;
  std::vector<std::string> scopes;
  std::string expires;
  bool json = false;
};

Status create(const KeyOptions& o) {
  ApiKey wanted = o.key;
  for (const std::string& name : o.scopes) wanted.scopes.add(*serve::scope_of(name));
  if (wanted.scopes.empty()) wanted.scopes = serve::Scopes::of_clients();
  if (!o.expires.empty()) {
    const std::optional<int64_t> moment = parse_utc(o.expires);
    if (!moment)
      return usage_error("'" + o.expires + "' is no date", "--expires",
                         "write it as 2027-01-31 or 2027-01-31T12:00:00Z (UTC)");
    wanted.expires = std::max<int64_t>(*moment, 1);  // 0 would be never
  }
  MALMOI_ASSIGN(const app::CreatedKey created, app::create_key(o.file, wanted));
  if (o.json) {
    Json told = to_json(created.key);
    told["key"] = created.secret;
    print_json(told);
    return {};
  }
  log_info(fmt::format("the key '{}' is in {}; it is shown here once, and nobody can find it out again:",
                       created.key.name, o.file.string()));
  fmt::print("{}\n", created.secret);
  return {};
}

std::string limits_text(const ApiKey& key) {
  std::vector<std::string> parts;
  if (key.limits.requests_per_minute > 0)
    parts.push_back(fmt::format("{} requests/min", key.limits.requests_per_minute));
  if (key.limits.tokens_per_minute > 0) parts.push_back(fmt::format("{} tokens/min", key.limits.tokens_per_minute));
  if (key.limits.concurrency > 0) parts.push_back(fmt::format("{} at once", key.limits.concurrency));
  return parts.empty() ? "no limits" : fmt::format("{}", fmt::join(parts, ", "));
}

Status list(const KeyOptions& o) {
  MALMOI_ASSIGN(const std::vector<ApiKey> keys, app::load_keys(o.file));
  if (o.json) {
    Json all = Json::array();
    for (const ApiKey& key : keys) all.push_back(to_json(key));
    print_json({{"file", o.file.string()}, {"keys", std::move(all)}});
    return {};
  }
  if (keys.empty()) log_info("no keys in " + o.file.string() + "; make one: malmoi key create NAME");
  size_t width = 0;
  for (const ApiKey& key : keys) width = std::max(width, key.name.size());
  for (const ApiKey& key : keys)
    fmt::print("{:<{}}  {}  {}  {}\n", key.name, width, fmt::join(serve::scope_names(key.scopes), ","),
               limits_text(key), key.expires > 0 ? "until " + utc_text(key.expires) : "no end");
  return {};
}

Status remove(const KeyOptions& o) {
  MALMOI_ASSIGN(const ApiKey removed, app::remove_key(o.file, o.key.name));
  if (o.json) print_json(to_json(removed));
  else log_info("the key '" + removed.name + "' is removed; servers that read this file refuse it within a second");
  return {};
}

using KeyWork = Status (*)(const KeyOptions& options);

std::shared_ptr<KeyOptions> add_command(CLI::App* command, Invocation& invocation, KeyWork work) {
  auto o = std::make_shared<KeyOptions>();
  command->add_option("--keys", o->file, "file of the keys (default: keys.json in $MALMOI_HOME)");
  add_json_flag(*command, o->json);
  command->callback([&invocation, o, work] { invocation.run = [o, work] { return work(*o); }; });
  return o;
}

void add_create(CLI::App& group, Invocation& invocation) {
  CLI::App* command = group.add_subcommand("create", "make a key, and show it this once");
  command->footer("Example: malmoi key create ci --scope generate --requests-per-minute 60 --expires 2027-01-31");
  auto o = add_command(command, invocation, create);
  command->add_option("name", o->key.name, "what lists and logs call it")->required();
  std::vector<std::string> names;
  for (const serve::ScopeName& known : serve::kScopeNames) names.emplace_back(known.name);
  command->add_option("--scope", o->scopes, "what it is good for (default: generate, embed, tokenize; may be repeated)")
      ->allow_extra_args(false)
      ->check(CLI::IsMember(names));
  const CLI::Range limit(int64_t{1}, serve::kMostOfLimit);
  command->add_option("--requests-per-minute", o->key.limits.requests_per_minute, "requests that it may send")
      ->check(limit);
  command
      ->add_option("--tokens-per-minute", o->key.limits.tokens_per_minute,
                   "tokens that it may use, of prompts and answers together")
      ->check(limit);
  command->add_option("--concurrency", o->key.limits.concurrency, "requests that it may have under way at once")
      ->check(limit);
  command->add_option("--expires", o->expires, "from when on it is refused: a date or a moment, UTC (default: never)");
}

}  // namespace

void add_key(CLI::App& root, Invocation& invocation) {
  CLI::App* group = root.add_subcommand("key", "make, list and remove the API keys of a server");
  group->require_subcommand(1);
  group->footer(
      "Example: malmoi key create ci\n"
      "Example: malmoi serve --model runs/first/model --keys ~/.cache/malmoi/keys.json");
  add_create(*group, invocation);
  CLI::App* listing = group->add_subcommand("list", "the keys by name, with their scopes and limits");
  listing->footer("Example: malmoi key list");
  add_command(listing, invocation, list);
  CLI::App* removal = group->add_subcommand("remove", "take a key back");
  removal->footer("Example: malmoi key remove ci");
  auto o = add_command(removal, invocation, remove);
  removal->add_option("name", o->key.name, "a name that `malmoi key list` shows")->required();
}

}  // namespace malmoi::cli

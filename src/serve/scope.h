// What a key is good for: every path of the server asks for one of these.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace malmoi::serve {

enum class Scope : uint8_t {
  kNone,      // no key is asked for
  kAny,       // any key will do: which models there are
  kGenerate,  // text
  kEmbed,     // vectors and rankings
  kTokenize,  // tokens, counts of them, prompts as they would be read
  kMetrics,
  kAdmin,  // what changes the server
};

/// The scopes that a key can have, by the names that files and the command line use.
struct ScopeName {
  std::string_view name;
  Scope scope;
};
inline constexpr ScopeName kScopeNames[] = {
    {"generate", Scope::kGenerate}, {"embed", Scope::kEmbed}, {"tokenize", Scope::kTokenize},
    {"metrics", Scope::kMetrics},   {"admin", Scope::kAdmin},
};

/// Empty: of kNone and kAny, which no key has by name.
constexpr std::string_view name_of(Scope scope) {
  for (const ScopeName& known : kScopeNames) {
    if (known.scope == scope) return known.name;
  }
  return {};
}

constexpr std::optional<Scope> scope_of(std::string_view name) {
  for (const ScopeName& known : kScopeNames) {
    if (known.name == name) return known.scope;
  }
  return {};
}

/// Those of one key.
class Scopes {
 public:
  static constexpr Scopes all() {
    Scopes scopes;
    for (const ScopeName& known : kScopeNames) scopes.add(known.scope);
    return scopes;
  }
  /// What the clients of a model need: neither numbers of the whole server nor changes of it.
  static constexpr Scopes of_clients() {
    Scopes scopes;
    for (Scope scope : {Scope::kGenerate, Scope::kEmbed, Scope::kTokenize}) scopes.add(scope);
    return scopes;
  }
  constexpr void add(Scope scope) { bits_ |= bit(scope); }
  constexpr bool has(Scope scope) const {
    return scope == Scope::kNone || scope == Scope::kAny || (bits_ & bit(scope)) != 0;
  }
  constexpr bool empty() const { return bits_ == 0; }
  friend constexpr bool operator==(Scopes, Scopes) = default;

 private:
  static constexpr uint32_t bit(Scope scope) { return uint32_t{1} << static_cast<uint32_t>(scope); }
  uint32_t bits_ = 0;
};

}  // namespace malmoi::serve

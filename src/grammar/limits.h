// What a grammar and its use may cost. Far above what people write, far below what harms.
#pragma once

#include <cstddef>
#include <cstdint>

namespace malmoi::grammar {

constexpr size_t kMaxText = size_t{1} << 20;   // bytes of a grammar, an expression or a schema
constexpr int kMaxNesting = 200;               // groups within each other: parsers and the compiler recurse so deep
constexpr int32_t kMaxRepeat = 1'000'000'000;  // of {m,n}; repeats are counted, so they take no room
constexpr size_t kMaxExpressions = 2'000'000;  // that a schema makes: about 250 MB
constexpr size_t kMaxPatternNodes = 20'000;    // characters, classes and groups of a pattern in a schema
constexpr int32_t kMaxLanguageStates = 8192;   // of patterns and lengths that must hold of one text
constexpr size_t kMaxLanguageBytes = size_t{128} << 20;  // of sets of readings while they are made
constexpr int64_t kMaxLanguageSteps = 10'000'000;  // of their making, and of reading listed values: about a second
constexpr int64_t kMaxCountedWays = 50'000;   // to go on, of an array or object whose items or properties are counted
constexpr int32_t kMaxStates = 2'000'000;     // of the compiled automaton: about 64 MB
constexpr int32_t kMaxDepth = 256;            // rules within each other in one answer: as deep as parse_json() reads
constexpr size_t kMaxThreads = 4096;          // readings of one text at once: ways in which it is ambiguous
constexpr int64_t kMaxTokenWork = 4'000'000;  // steps of readings for the mask of one token: a fifth of a second
constexpr int64_t kMaxTokenVisits = 16'000'000;      // nodes of the vocabulary's tree, likewise
constexpr size_t kMaxCacheBytes = size_t{64} << 20;  // of masks and sets of one grammar; then they are made anew

}  // namespace malmoi::grammar

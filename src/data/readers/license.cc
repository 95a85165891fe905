#include "data/readers/license.h"

#include <cctype>
#include <filesystem>
#include <mutex>
#include <unordered_map>

#include "base/file.h"

namespace malmoi::data {
namespace {

// Lower case, runs of anything but letters, digits and dots as one space: comments and wrapped lines read as one.
std::string flatten(std::string_view text) {
  std::string out;
  for (char c : text) {
    auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) || c == '.') out += static_cast<char>(std::tolower(u));
    else if (!out.empty() && out.back() != ' ') out += ' ';
  }
  return out;
}

bool has(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

std::string gnu_version(const std::string& text, const std::string& family, std::string_view newest) {
  bool later = has(text, "or at your option any later version") || has(text, "or later");
  std::string version(newest);
  if (has(text, "version 2.1")) version = "2.1";
  else if (has(text, "version 2") || has(text, "gplv2")) version = "2.0";
  else if (has(text, "version 3") || has(text, "gplv3")) version = "3.0";
  return family + "-" + version + (later ? "-or-later" : "-only");
}

std::string by_words(const std::string& text) {
  if (has(text, "gnu affero general public license")) return gnu_version(text, "AGPL", "3.0");
  if (has(text, "gnu lesser general public license") || has(text, "gnu library general public license"))
    return gnu_version(text, "LGPL", "2.1");
  if (has(text, "gnu general public license")) return gnu_version(text, "GPL", "3.0");
  if (has(text, "apache license") && has(text, "2.0")) return "Apache-2.0";
  if (has(text, "mozilla public license") && has(text, "2.0")) return "MPL-2.0";
  if (has(text, "permission is hereby granted free of charge to any person obtaining a copy")) return "MIT";
  if (has(text, "permission to use copy modify and or distribute this software for any purpose"))
    return has(text, "provided that the above copyright notice") ? "ISC" : "0BSD";
  if (has(text, "redistribution and use in source and binary forms"))
    return has(text, "neither the name") || has(text, "may not be used to endorse") ? "BSD-3-Clause" : "BSD-2-Clause";
  if (has(text, "boost software license")) return "BSL-1.0";
  if (has(text, "this is free and unencumbered software released into the public domain")) return "Unlicense";
  if (has(text, "cc0 1.0") || has(text, "creative commons zero")) return "CC0-1.0";
  if (has(text, "attribution sharealike 4.0")) return "CC-BY-SA-4.0";
  if (has(text, "attribution 4.0 international")) return "CC-BY-4.0";
  if (has(text, "eclipse public license") && has(text, "2.0")) return "EPL-2.0";
  return {};
}

}  // namespace

std::string license_of_header(std::string_view text) {
  text = text.substr(0, 8192);
  constexpr std::string_view kTag = "SPDX-License-Identifier:";
  if (size_t at = text.find(kTag); at != std::string_view::npos) {
    std::string_view line = text.substr(at + kTag.size(), 200);
    line = line.substr(0, line.find('\n'));
    std::string out;
    for (char c : line) {
      auto u = static_cast<unsigned char>(c);
      if (!std::isalnum(u) && c != '-' && c != '.' && c != '+' && c != '(' && c != ')' && c != ' ') break;
      out += c;
    }
    size_t begin = out.find_first_not_of(' ');
    if (begin != std::string::npos) {
      out = out.substr(begin, out.find_last_not_of(" -") - begin + 1);
      if (!out.empty()) return out;
    }
  }
  std::string flat = flatten(text);
  std::string found = by_words(flat);
  if (!found.empty()) return found;
  if (has(flat, "under the mit license") || has(flat, "mit licensed") || has(flat, "licensed under mit")) return "MIT";
  if (has(flat, "bsd style license") || has(flat, "bsd 3 clause")) return "BSD-3-Clause";
  if (has(flat, "apache 2.0")) return "Apache-2.0";
  return {};
}

std::string license_of_file(std::string_view text) {
  std::string flat = flatten(text.substr(0, 65536));
  // The GNU licences name one another; the first words tell which one this is.
  std::string head = flat.substr(0, 300);
  for (auto [name, family] : {std::pair{"gnu affero general public license", "AGPL"},
                              {"gnu lesser general public license", "LGPL"},
                              {"gnu general public license", "GPL"}})
    if (head.find(name) != std::string::npos) {
      std::string version = has(head, "version 3") ? "3.0" : has(head, "version 2.1") ? "2.1" : "2.0";
      return std::string(family) + "-" + version;
    }
  return by_words(flat);
}

std::string license_of_tree(const std::string& path) {
  static std::mutex mutex;
  static std::unordered_map<std::string, std::string> cache;
  constexpr const char* kNames[] = {"LICENSE", "LICENSE.txt", "LICENSE.md",     "LICENCE",     "LICENCE.txt",
                                    "COPYING", "COPYING.txt", "LICENSE-APACHE", "LICENSE-MIT", "UNLICENSE"};
  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  for (int up = 0; up < 32; ++up) {
    std::string key = folder.string();
    {
      std::lock_guard lock(mutex);
      if (auto found = cache.find(key); found != cache.end()) {
        if (!found->second.empty()) return found->second;
        if (folder.empty() || folder == folder.parent_path()) return {};
        folder = folder.parent_path();
        continue;
      }
    }
    std::string license;
    for (const char* name : kNames) {
      auto text = read_file(folder / name, 1 << 20);
      if (text.ok() && !(license = license_of_file(*text)).empty()) break;
    }
    {
      std::lock_guard lock(mutex);
      cache[key] = license;
    }
    if (!license.empty()) return license;
    if (folder.empty() || folder == folder.parent_path()) break;
    folder = folder.parent_path();
  }
  return {};
}

}  // namespace malmoi::data

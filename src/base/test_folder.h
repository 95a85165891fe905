// Folders for tests: of this process alone, since other runs of the same tests may be under way, and gone with it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/file.h"

namespace malmoi {

/// A new, empty folder.
inline Path test_folder(const std::string& name) {
  struct Root {
    Path path = Path(testing::TempDir()) / ("malmoi_test_" + std::to_string(::getpid()));
    ~Root() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  };
  static const Root root;
  Path folder = root.path / name;
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  std::filesystem::create_directories(folder, ignored);
  return folder;
}

}  // namespace malmoi

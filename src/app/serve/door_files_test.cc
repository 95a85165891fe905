#include "app/serve/door_files.h"

#include <gtest/gtest.h>

#include "app/serve/key_file.h"
#include "base/test_folder.h"

namespace malmoi::app {
namespace {

TEST(FileChange, SeesWhatWasReplacedWrittenToOrTakenAway) {
  const Path file = test_folder("changes") / "file";
  FileChange change({file});
  EXPECT_FALSE(change.look());
  ASSERT_TRUE(write_file(file, "one").ok());
  EXPECT_TRUE(change.look());
  EXPECT_FALSE(change.look());
  ASSERT_TRUE(write_file(file, "two").ok());  // of the same size, perhaps within one tick of the clock: another file
  EXPECT_TRUE(change.look());
  std::filesystem::remove(file);
  EXPECT_TRUE(change.look());
  EXPECT_FALSE(change.look());
}

TEST(DoorFiles, KeysOfAFileAreReadAndItsErrorsTold) {
  const Path file = test_folder("door") / "keys.json";
  serve::ServerOptions options;
  EXPECT_FALSE(DoorFiles::open(file, options).ok());
  ASSERT_TRUE(create_key(file, {.name = "a", .scopes = serve::Scopes::of_clients()}).ok());
  ASSERT_TRUE(DoorFiles::open(file, options).ok());
  ASSERT_TRUE(options.keys);
  EXPECT_EQ(options.keys->size(), 1u);
  ASSERT_TRUE(remove_key(file, "a").ok());
  ASSERT_TRUE(DoorFiles::open(file, options).ok());
  EXPECT_TRUE(serve::asks_for_keys(options)) << "a file without keys lets nobody in";
  ASSERT_TRUE(DoorFiles::open({}, options).ok());
}

}  // namespace
}  // namespace malmoi::app

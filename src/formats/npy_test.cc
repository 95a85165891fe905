// Tests of .npy: what was written reads back, NumPy's own headers are read, and headers that lie are refused.
#include "formats/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace malmoi::formats {
namespace {

std::string npy(const std::string& dict, size_t data_bytes, int version = 1) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  size_t length = dict.size();
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) file += static_cast<char>(length >> (8 * i) & 0xff);
  return file + dict + std::string(data_bytes, '\1');
}

std::string npy_error(const std::string& file) {
  auto parsed = parse_npy(file, "f");
  return parsed.ok() ? "" : parsed.error().to_string();
}

TEST(Npy, ReadsBackWhatWasWritten) {
  Path path = Path(testing::TempDir()) / "malmoi.npy";
  std::vector<int32_t> ids = {1, -2, 3, 4, 5, 70000};
  ASSERT_TRUE(write_npy(path, {2, 3}, std::span<const int32_t>(ids)).ok());
  auto array = NpyArray::open(path);
  ASSERT_TRUE(array.ok()) << array.error().to_string();
  EXPECT_EQ(array->shape(), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(*array->values<int32_t>(), ids);
  EXPECT_EQ(array->values<int64_t>()->at(1), -2);
  EXPECT_THAT(array->values<uint16_t>().error().to_string(), testing::HasSubstr("value -2 at index 1"));
  EXPECT_FALSE(array->values<float>().ok());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(array->bytes().data()) % 64, 0u);
}

TEST(Npy, ScalarsVectorsAndFloats) {
  Path path = Path(testing::TempDir()) / "malmoi_scalar.npy";
  double x = 0.1;
  ASSERT_TRUE(write_npy(path, ElementType::kF64, {}, &x).ok());
  EXPECT_THAT(*NpyArray::open(path)->values<double>(), testing::ElementsAre(0.1));
  std::vector<float> v = {1.5f, -2.0f};
  ASSERT_TRUE(write_npy(path, {2}, std::span<const float>(v)).ok());
  EXPECT_THAT(*NpyArray::open(path)->values<double>(), testing::ElementsAre(1.5, -2.0));
  EXPECT_THAT(*read_file(path), testing::HasSubstr("'shape': (2,), }"));
}

TEST(Npy, TheWriterCountsElements) {
  Path path = Path(testing::TempDir()) / "malmoi_short.npy";
  std::filesystem::remove(path);
  auto writer = NpyWriter::create(path, ElementType::kF32, {4});
  ASSERT_TRUE(writer.ok());
  float values[5] = {};
  EXPECT_TRUE(writer->append(values, 12).ok());
  EXPECT_FALSE(writer->commit().ok());
  EXPECT_FALSE(writer->append(values, 8).ok());
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(NpyWriter::create(path, ElementType::kBF16, {4}).ok());
}

TEST(Npy, ReadsTheHeadersThatExist) {
  EXPECT_EQ(npy_error(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }  \n", 24)), "");
  EXPECT_EQ(npy_error(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (), }\n", 1, 2)), "");
  EXPECT_EQ(npy_error(npy("{\"shape\": (2L,), 'descr': '<u2', 'fortran_order': False}", 4, 3)), "");
  EXPECT_EQ(npy_error(npy("{'descr': '<i4', 'fortran_order': True, 'shape': (1, 3), }\n", 12)), "")
      << "a vector either way";
  EXPECT_EQ(npy_error(npy("{'descr': '|b1', 'fortran_order': False, 'shape': (0, 7), }\n", 0)), "");
}

TEST(Npy, RefusesWhatItCannotHold) {
  using testing::HasSubstr;
  EXPECT_THAT(npy_error("abc"), HasSubstr("no .npy file"));
  EXPECT_THAT(npy_error(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 24)),
              HasSubstr("Fortran order"));
  EXPECT_THAT(npy_error(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", 8)), HasSubstr("'>f4'"));
  EXPECT_THAT(npy_error(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", 8)),
              HasSubstr("malformed"));
  EXPECT_THAT(npy_error(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 23)),
              HasSubstr("needs 24 bytes, 23"));
  EXPECT_THAT(npy_error(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 8), }", 0)),
              HasSubstr("too many"));
  EXPECT_THAT(npy_error(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", 8)), HasSubstr("malformed"));
  EXPECT_THAT(npy_error(npy("{'descr': '<f4', 'shape': (2,), }", 8)), HasSubstr("malformed"));
  EXPECT_THAT(npy_error(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } x", 8)), HasSubstr("malformed"));
  EXPECT_THAT(npy_error(npy("{", 0, 7)), HasSubstr("version 7"));
  EXPECT_THAT(npy_error(npy("{", 0).substr(0, 9)), HasSubstr("no .npy file"));
  EXPECT_THAT(npy_error(std::string("\x93NUMPY\x02\0\xff\xff\xff\xff", 12)), HasSubstr("header of 4294967295"));
}

}  // namespace
}  // namespace malmoi::formats

// Tests of opening a folder of weights, whichever format they are in.
#include "formats/tensor_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "formats/safetensors.h"
#include "formats/torch_checkpoint.h"

namespace malmoi::formats {
namespace {

const Path kTorch = Path(MALMOI_TEST_DATA) / "torch";

// A folder with one tensor in `model.safetensors`.
void write_one(const Path& folder) {
  std::vector<TensorSpec> specs = {{"only", ElementType::kU8, {1}}};
  auto source = [](size_t, const TensorSink& sink) {
    std::byte value{7};
    return sink({&value, 1});
  };
  ASSERT_TRUE(write_safetensors_folder(folder, specs, source).ok());
}

TEST(OpenWeights, PrefersSafetensorsAndReadsTheOthers) {
  Path folder = test_folder("malmoi_open_weights");
  auto none = open_weights(folder);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(none.error().to_string(), testing::HasSubstr("no model.safetensors, no pytorch_model.bin"));

  std::filesystem::copy_file(kTorch / "module.pt", folder / TorchCheckpoint::kFileName);
  auto torch = open_weights(folder);
  ASSERT_TRUE(torch.ok()) << torch.error().to_string();
  EXPECT_EQ((*torch)->path().filename(), "pytorch_model.bin");
  EXPECT_NE((*torch)->find("0.weight"), nullptr);
  EXPECT_EQ((*torch)->find("only"), nullptr);

  write_one(folder);
  auto safetensors = open_weights(folder);
  ASSERT_TRUE(safetensors.ok()) << safetensors.error().to_string();
  EXPECT_EQ((*safetensors)->path().filename(), "model.safetensors");
  ASSERT_EQ((*safetensors)->tensors().size(), 1u);
  EXPECT_EQ((*safetensors)->find("only")->bytes[0], std::byte{7});
}

TEST(OpenWeights, ReadsShardsOfPyTorch) {
  auto opened = open_weights(kTorch / "sharded");
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  EXPECT_EQ((*opened)->tensors().size(), 2u);
  EXPECT_THAT((*opened)->find("b")->shape, testing::ElementsAre(2, 3));
}

TEST(OpenWeights, GivesTheErrorOfWhatIsThere) {
  Path folder = Path(testing::TempDir()) / "malmoi_open_weights_broken";
  ASSERT_TRUE(make_folder(folder).ok());
  ASSERT_TRUE(write_file(folder / "pytorch_model.bin", "version https://git-lfs").ok());
  EXPECT_THAT(open_weights(folder).error().to_string(), testing::HasSubstr("is no PyTorch checkpoint"));
}

}  // namespace
}  // namespace malmoi::formats

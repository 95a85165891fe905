// Tests of PyTorch's checkpoints: files that PyTorch wrote (tests/data/torch), and files that lie.
#include "formats/torch_checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "formats/test_zip.h"

namespace malmoi::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Path kData = Path(MALMOI_TEST_DATA) / "torch";

template <typename T>
std::vector<T> values(const StoredTensor& tensor) {
  std::vector<T> numbers(tensor.bytes.size() / sizeof(T));
  std::memcpy(numbers.data(), tensor.bytes.data(), tensor.bytes.size());
  return numbers;
}

std::string open_error(const std::string& name) {
  auto opened = TorchCheckpoint::open(kData / name);
  return opened.ok() ? "" : opened.error().to_string();
}

TEST(TorchCheckpoint, ReadsEveryElementTypeAndProtocol) {
  for (const char* name : {"types_protocol2.pt", "types_protocol4.pt", "types_protocol5.pt"}) {
    auto opened = TorchCheckpoint::open(kData / name);
    ASSERT_TRUE(opened.ok()) << opened.error().to_string();
    EXPECT_EQ(opened->tensors().size(), 17u);
    std::vector<std::pair<const char*, ElementType>> types = {{"float64", ElementType::kF64},
                                                              {"float32", ElementType::kF32},
                                                              {"float16", ElementType::kF16},
                                                              {"bfloat16", ElementType::kBF16},
                                                              {"float8_e4m3fn", ElementType::kF8E4M3},
                                                              {"float8_e5m2", ElementType::kF8E5M2},
                                                              {"int64", ElementType::kI64},
                                                              {"int32", ElementType::kI32},
                                                              {"int16", ElementType::kI16},
                                                              {"int8", ElementType::kI8},
                                                              {"uint64", ElementType::kU64},
                                                              {"uint32", ElementType::kU32},
                                                              {"uint16", ElementType::kU16},
                                                              {"uint8", ElementType::kU8},
                                                              {"bool", ElementType::kBool}};
    for (const auto& [key, type] : types) {
      const StoredTensor* tensor = opened->find(key);
      ASSERT_NE(tensor, nullptr) << key;
      EXPECT_EQ(tensor->type, type) << key;
      EXPECT_THAT(tensor->shape, ElementsAre(3)) << key;
      EXPECT_EQ(tensor->bytes.size(), 3 * element_size(type)) << key;
    }
    EXPECT_THAT(values<float>(*opened->find("float32")), ElementsAre(0, 1, 2));
    EXPECT_THAT(values<double>(*opened->find("float64")), ElementsAre(0, 1, 2));
    EXPECT_THAT(values<uint16_t>(*opened->find("bfloat16")), ElementsAre(0, 0x3f80, 0x4000));
    EXPECT_THAT(values<uint16_t>(*opened->find("float16")), ElementsAre(0, 0x3c00, 0x4000));
    EXPECT_THAT(values<uint8_t>(*opened->find("float8_e4m3fn")), ElementsAre(0, 0x38, 0x40));
    EXPECT_THAT(values<uint8_t>(*opened->find("float8_e5m2")), ElementsAre(0, 0x3c, 0x40));
    EXPECT_THAT(values<int64_t>(*opened->find("int64")), ElementsAre(0, 1, 2));
    EXPECT_THAT(values<uint32_t>(*opened->find("uint32")), ElementsAre(0, 1, 2));
    EXPECT_THAT(values<uint8_t>(*opened->find("bool")), ElementsAre(0, 1, 1));
    EXPECT_TRUE(opened->find("scalar")->shape.empty());
    EXPECT_THAT(values<float>(*opened->find("scalar")), ElementsAre(7));
    EXPECT_THAT(opened->find("empty")->shape, ElementsAre(0, 4));
    EXPECT_TRUE(opened->find("empty")->bytes.empty());
  }
}

TEST(TorchCheckpoint, ReadsViewsTiedWeightsAndParametersUnderStateDict) {
  auto opened = TorchCheckpoint::open(kData / "views.pt");
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  TorchCheckpoint checkpoint = *std::move(opened);  // bytes stay where they are
  EXPECT_EQ(checkpoint.tensors().size(), 10u) << "the epoch and others beside the state dict are no tensors";
  auto tensor = [&](const char* name) -> const StoredTensor& { return *checkpoint.find(name); };
  EXPECT_THAT(values<float>(tensor("matrix")), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(tensor("matrix").bytes.data(), tensor("tied").bytes.data());
  EXPECT_THAT(tensor("transposed").shape, ElementsAre(3, 2));
  EXPECT_THAT(values<float>(tensor("transposed")), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_EQ(tensor("transposed").bytes.data(), tensor("transposed_tied").bytes.data()) << "copied once";
  EXPECT_THAT(values<float>(tensor("second_row")), ElementsAre(3, 4, 5));
  EXPECT_EQ(tensor("second_row").bytes.data(), tensor("matrix").bytes.data() + 12) << "not copied";
  EXPECT_THAT(values<float>(tensor("columns")), ElementsAre(1, 2, 4, 5));
  EXPECT_THAT(values<float>(tensor("single_column")), ElementsAre(1, 4));
  EXPECT_THAT(tensor("permuted").shape, ElementsAre(4, 2, 3));
  std::vector<int16_t> permuted;
  for (int16_t last = 0; last < 4; ++last) {
    for (int16_t row = 0; row < 6; ++row) permuted.push_back(static_cast<int16_t>(row * 4 + last));
  }
  EXPECT_EQ(values<int16_t>(tensor("permuted")), permuted);
  EXPECT_THAT(values<float>(tensor("parameter")), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(values<float>(tensor("marked")), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(TorchCheckpoint, ReadsTheStateDictOfAModule) {
  auto opened = TorchCheckpoint::open(kData / "module.pt");
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  std::vector<std::string> names;
  for (const StoredTensor& tensor : opened->tensors()) names.push_back(tensor.name);
  EXPECT_THAT(names, ElementsAre("0.bias", "0.weight", "1.bias", "1.weight"));
  EXPECT_THAT(values<float>(*opened->find("1.weight")), ElementsAre(1, 1));
}

TEST(TorchCheckpoint, ReadsAFolderOfShards) {
  auto opened = TorchCheckpoint::open_folder(kData / "sharded");
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  EXPECT_EQ(opened->tensors().size(), 2u);
  EXPECT_EQ(opened->find("b")->type, ElementType::kBF16);
  EXPECT_EQ(opened->path().filename(), "pytorch_model.bin.index.json");
  EXPECT_EQ(TorchCheckpoint::open_folder(kData).error().code, ErrorCode::kNotFound);
}

TEST(TorchCheckpoint, RefusesWithARemedyWhatItCannotRead) {
  EXPECT_THAT(open_error("whole_module.pt"), HasSubstr("names torch.nn.modules.container.Sequential"));
  EXPECT_THAT(open_error("whole_module.pt"), HasSubstr("save the state dict alone"));
  EXPECT_THAT(open_error("before_1_6.pt"), HasSubstr("before 1.6; open it with PyTorch and save"));
  EXPECT_THAT(open_error("expanded.pt"), HasSubstr("'expanded': is a view that shows elements twice"));
  EXPECT_THAT(open_error("complex.pt"), HasSubstr("names torch.ComplexFloatStorage"));
  EXPECT_THAT(open_error("no_tensor.pt"), HasSubstr("holds no tensor"));
  EXPECT_THAT(open_error("make_torch.py"), HasSubstr("is no PyTorch checkpoint"));
  EXPECT_THAT(open_error("missing.pt"), HasSubstr("missing.pt"));
}

TEST(TorchCheckpoint, EveryCutIsAnErrorAndNoChangedByteIsACrash) {
  std::string file = *read_file(kData / "views.pt");
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_FALSE(parse_torch_checkpoint(std::string_view(file).substr(0, size), "f").ok()) << size;
  for (size_t at = 0; at < file.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = file;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      (void)parse_torch_checkpoint(changed, "f").ok();
    }
  }
}

// A tensor of a hand-made file; each field can be made to lie.
struct Lie {
  std::string rebuild = "_rebuild_tensor_v2", storage = "FloatStorage", member = "0", word = "storage";
  int64_t stored = 6, offset = 0;
  std::vector<int64_t> shape = {2, 3}, strides = {3, 1};
  std::string after;  // more arguments
  std::string byte_order = "little";
  std::string top = "t";  // the key of the tensor
};

std::string tuple_of(const std::vector<int64_t>& numbers) {
  std::string program = "(";
  for (int64_t number : numbers) program += pickle_integer(number);
  return program + "t";
}

std::string tensor_call(const Lie& lie) {
  return "ctorch._utils\n" + lie.rebuild + "\n((" + pickle_text(lie.word) + "ctorch\n" + lie.storage + "\n" +
         pickle_text(lie.member) + pickle_text("cpu") + pickle_integer(lie.stored) + "tQ" + pickle_integer(lie.offset) +
         tuple_of(lie.shape) + tuple_of(lie.strides) + "\x89" + "ccollections\nOrderedDict\n)R" + lie.after + "tR";
}

std::string checkpoint_of(const std::string& program, const std::string& byte_order = "little", size_t storage = 24) {
  return zip_of({{"x/data.pkl", "\x80\x02" + program + "."},
                 {"x/byteorder", byte_order},
                 {"x/data/0", std::string(storage, 'x')}});
}

std::string lie_error(const Lie& lie) {
  std::string file = checkpoint_of("}" + pickle_text(lie.top) + tensor_call(lie) + "s", lie.byte_order);
  auto parsed = parse_torch_checkpoint(file, "f");
  return parsed.ok() ? "" : parsed.error().to_string();
}

TEST(TorchCheckpoint, RefusesTensorsThatLie) {
  EXPECT_EQ(lie_error({}), "");
  EXPECT_EQ(lie_error({.after = "N"}), "");
  EXPECT_EQ(lie_error({.offset = 3, .shape = {3}, .strides = {1}}), "");
  EXPECT_THAT(lie_error({.offset = 4, .shape = {3}, .strides = {1}}),
              HasSubstr("f: tensor 't': shape [3] with strides"));
  EXPECT_THAT(lie_error({.offset = INT64_MAX}), HasSubstr("beyond its storage of 6 elements"));
  EXPECT_THAT(lie_error({.offset = -1}), HasSubstr("malformed"));
  EXPECT_THAT(lie_error({.shape = {2, 4}, .strides = {4, 1}}), HasSubstr("beyond its storage"));
  EXPECT_THAT(lie_error({.shape = {2, 2}, .strides = {INT64_MAX, 1}}), HasSubstr("beyond its storage"));
  EXPECT_THAT(lie_error({.shape = {INT64_MAX, 3}}), HasSubstr("too large"));
  EXPECT_THAT(lie_error({.shape = {-1, 3}}), HasSubstr("malformed"));
  EXPECT_THAT(lie_error({.strides = {-3, 1}}), HasSubstr("malformed"));
  EXPECT_THAT(lie_error({.strides = {1}}), HasSubstr("malformed"));
  EXPECT_THAT(lie_error({.shape = std::vector<int64_t>(65, 1), .strides = std::vector<int64_t>(65, 1)}),
              HasSubstr("malformed"));
  EXPECT_THAT(lie_error({.shape = {1LL << 40}, .strides = {0}}), HasSubstr("shows elements twice"));
  EXPECT_THAT(lie_error({.stored = 7}), HasSubstr("storage of 7 elements has 24 bytes"));
  EXPECT_THAT(lie_error({.stored = INT64_MAX}), HasSubstr("has 24 bytes"));
  EXPECT_THAT(lie_error({.stored = -1}), HasSubstr("malformed"));
  EXPECT_THAT(lie_error({.storage = "DoubleStorage"}), HasSubstr("has 24 bytes"));
  EXPECT_THAT(lie_error({.storage = "QInt8Storage"}), HasSubstr("names torch.QInt8Storage"));
  EXPECT_THAT(lie_error({.member = "1"}), HasSubstr("no member 'x/data/1'"));
  EXPECT_THAT(lie_error({.word = "module"}), HasSubstr("its storage is malformed"));
  EXPECT_THAT(lie_error({.rebuild = "_rebuild_qtensor"}), HasSubstr("names torch._utils._rebuild_qtensor"));
  EXPECT_THAT(lie_error({.rebuild = "_rebuild_tensor"}), HasSubstr("of 6 values"));
  EXPECT_THAT(lie_error({.rebuild = "_rebuild_tensor_v3"}), HasSubstr("of 6 values"));
  EXPECT_THAT(lie_error({.rebuild = "_rebuild_tensor_v3", .after = "N"}), HasSubstr("no element type"));
  EXPECT_THAT(lie_error({.rebuild = "_rebuild_parameter"}), HasSubstr("a parameter of no tensor"));
  EXPECT_THAT(lie_error({.after = "}" + pickle_text("conj") + "\x88s"}), HasSubstr("conjugate"));
  EXPECT_THAT(lie_error({.after = "NN"}), HasSubstr("of 8 values"));
  EXPECT_THAT(lie_error({.byte_order = "big"}), HasSubstr("byte order is 'big'"));
}

TEST(TorchCheckpoint, RefusesProgramsThatAreNoStateDict) {
  auto error = [](const std::string& program) {
    std::string file = checkpoint_of(program);
    auto parsed = parse_torch_checkpoint(file, "f");
    return parsed.ok() ? "" : parsed.error().to_string();
  };
  EXPECT_THAT(error("cos\nsystem\n" + pickle_text("true") + "\x85R"),
              HasSubstr("f: x/data.pkl: byte 2: names os.system"));
  EXPECT_THAT(error("cposix\nsystem\n" + pickle_text("true") + "\x85R"), HasSubstr("names posix.system"));
  EXPECT_THAT(error("N"), HasSubstr("holds no dict"));
  EXPECT_THAT(error(tensor_call({})), HasSubstr("holds no dict"));
  EXPECT_THAT(error(std::string("}q\0", 3) + pickle_text("state_dict") + std::string("h\0s", 3)),
              HasSubstr("no tensor"))
      << "a dict within itself";
  EXPECT_THAT(error("}K\x01" + tensor_call({}) + "s"), HasSubstr("no tensor")) << "under a key that is no name";
  EXPECT_THAT(parse_torch_checkpoint(zip_of({{"x", "1"}}), "f").error().to_string(), HasSubstr("without a data.pkl"));
}

TEST(TorchCheckpoint, RefusesNamesThatStandTwiceAndCopiesWithoutBound) {
  Path file = Path(testing::TempDir()) / "malmoi_torch_checkpoint.pt";
  auto error = [&](const std::string& program) {
    EXPECT_TRUE(write_file(file, checkpoint_of(program, "little", 4000)).ok());
    auto opened = TorchCheckpoint::open(file);
    return opened.ok() ? "" : opened.error().to_string();
  };
  std::string pair = pickle_text("t") + tensor_call({});
  EXPECT_THAT(error("}(" + pair + pair + "u"), HasSubstr("'t' stands twice"));
  // Transposed views of one storage: the same one is copied once, but each other one again.
  auto views_of = [](int64_t different) {
    std::string program = "}(";
    for (int64_t i = 0; i < 9; ++i)
      program += pickle_text(std::to_string(i)) +
                 tensor_call({.stored = 1000, .shape = {2, 400 + i % different}, .strides = {1, 2}});
    return program + "u";
  };
  EXPECT_EQ(error(views_of(1)), "");
  EXPECT_THAT(error(views_of(9)), HasSubstr("more than the file has"));
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace malmoi::formats

// The tables of kernels are whole, and what a backend cannot do is an error by name.
#include "kernels/kernels.h"
#include "kernels/test_support.h"

namespace malmoi::kernels {
namespace {

TEST(Kernels, TablesAreComplete) {
  ASSERT_FALSE(testable_tables().empty());
  std::vector<const Backend*> all = testable_tables();
  all.push_back(&reference_backend());
  all.push_back(&cuda_backend());
  for (const Backend* t : all) {
    EXPECT_NE(t->multiplies, nullptr) << t->name;
#define KERNEL(kernel, Args) EXPECT_NE(t->kernel, nullptr) << t->name;
#include "kernels/list.inc"
#undef KERNEL
  }
  EXPECT_STREQ(cpu_backend().name, isa_backend(active_isa())->name);
  for (Isa isa : kIsas) {
    const Backend* own = isa_backend(isa);
    EXPECT_TRUE(!own || own->name == isa_name(isa)) << isa_name(isa);
  }
}

TEST(Kernels, AMissingDeviceFailsTheStreamByName) {
  Stream cuda(Device::kCuda);
#define KERNEL(kernel, Args)                                       \
  cuda_backend().kernel(cuda, Args{});                             \
  if (Status done = cuda.sync(); done.ok()) {                      \
    ADD_FAILURE() << #kernel;                                      \
  } else {                                                         \
    EXPECT_NE(done.error().what.find(#kernel), std::string::npos); \
  }
#include "kernels/list.inc"
#undef KERNEL
  EXPECT_TRUE(cuda.sync().ok()) << "a failure is told once";
}

TEST(Kernels, AProductOfUnknownTypesIsAnErrorBeforeItRuns) {
  GemmArgs mixed{.m = 2, .n = 2, .k = 2, .a_type = DType::kF32, .b_type = DType::kF16};
  std::vector<const Backend*> all = testable_tables();
  all.push_back(&reference_backend());
  for (const Backend* t : all) {
    Status said = supports(*t, mixed);
    ASSERT_FALSE(said.ok()) << t->name;
    EXPECT_NE(said.error().what.find("f16"), std::string::npos) << said.error().to_string();
    Stream s;
    t->gemm(s, mixed);
    EXPECT_FALSE(s.sync().ok()) << t->name << ": never a silent fall-through";
  }
}

}  // namespace
}  // namespace malmoi::kernels

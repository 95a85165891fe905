// Products by oneDNN's matmul primitive. Making a primitive costs up to 2 ms, so each is kept, keyed by all that
// shapes it; a call only sets three or four pointers and allocates nothing.
#include <array>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <unordered_map>

#include <oneapi/dnnl/dnnl.hpp>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "base/cpu.h"
#include "base/parallel.h"
#include "kernels/gemm_internal.h"

namespace malmoi::kernels {
namespace {

using dnnl::memory;

/// All that decides which primitive runs.
struct Key {
  int64_t m, n, k, lda, ldb, ldc;
  uint8_t a_type, c_type;
  bool transpose_a, transpose_b, accumulate, bias;
  int threads;
  bool operator==(const Key&) const = default;
};

struct KeyHash {
  size_t operator()(const Key& key) const {
    uint64_t h = 0x9E3779B97F4A7C15u;
    auto mix = [&h](int64_t x) { h = (h ^ static_cast<uint64_t>(x)) * 0xBF58476D1CE4E5B9u, h ^= h >> 29; };
    for (int64_t x : {key.m, key.n, key.k, key.lda, key.ldb, key.ldc}) mix(x);
    mix(key.a_type | key.c_type << 8 | key.transpose_a << 16 | key.transpose_b << 17 | key.accumulate << 18 |
        key.bias << 19 | static_cast<int64_t>(key.threads) << 32);
    return h;
  }
};

struct Product {
  dnnl::matmul primitive;
  memory a, b, c, bias, scratch;
  std::array<dnnl_exec_arg_t, 5> arguments;  // the C interface's: the C++ one makes a list of them at every call
  int count = 4;
};

struct Library {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  std::mutex door;
  std::unordered_map<Key, Product, KeyHash> products;
  std::unique_ptr<std::byte, void (*)(void*)> scratch{nullptr, std::free};
  size_t scratch_bytes = 0;
};

Library& library() {
  static Library* instance = new Library;  // never destroyed: threads may still compute at exit
  return *instance;
}

memory::data_type type_of(DType type) {
  return type == DType::kBF16 ? memory::data_type::bf16 : memory::data_type::f32;
}

memory::desc matrix(int64_t rows, int64_t cols, DType type, int64_t stride, bool transposed) {
  memory::dims strides = transposed ? memory::dims{1, stride} : memory::dims{stride, 1};
  return memory::desc({rows, cols}, type_of(type), strides);
}

Product make(Library& lib, const GemmArgs& g) {
  memory::desc a = matrix(g.m, g.k, g.a_type, g.lda, g.transpose_a);
  memory::desc b = matrix(g.k, g.n, g.b_type, g.ldb, g.transpose_b);
  memory::desc c = matrix(g.m, g.n, g.c_type, g.ldc, false);
  memory::desc bias({1, g.n}, memory::data_type::f32, memory::format_tag::ab);
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (g.accumulate) {
    dnnl::post_ops sum;
    sum.append_sum(1.0f);
    attributes.set_post_ops(sum);
  }
  dnnl::matmul::desc what = g.bias ? dnnl::matmul::desc(a, b, bias, c) : dnnl::matmul::desc(a, b, c);
  dnnl::matmul::primitive_desc how(what, attributes, lib.engine);
  if (size_t bytes = how.scratchpad_desc().get_size(); bytes > lib.scratch_bytes) {
    lib.scratch.reset(static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 63) & ~size_t{63})));
    lib.scratch_bytes = bytes;
  }
  Product p;
  p.primitive = dnnl::matmul(how);
  p.a = memory(a, lib.engine, nullptr);
  p.b = memory(b, lib.engine, nullptr);
  p.c = memory(c, lib.engine, nullptr);
  p.scratch = memory(how.scratchpad_desc(), lib.engine, nullptr);
  p.arguments = {{{DNNL_ARG_SRC, p.a.get()},
                  {DNNL_ARG_WEIGHTS, p.b.get()},
                  {DNNL_ARG_DST, p.c.get()},
                  {DNNL_ARG_SCRATCHPAD, p.scratch.get()}}};
  if (g.bias) {
    p.bias = memory(bias, lib.engine, nullptr);
    p.arguments[static_cast<size_t>(p.count++)] = {DNNL_ARG_BIAS, p.bias.get()};
  }
  return p;
}

void run_onednn(const GemmArgs& g) {
  Library& lib = library();
  std::lock_guard lock(lib.door);
#ifdef _OPENMP
  if (omp_get_max_threads() != num_threads()) omp_set_num_threads(num_threads());
#endif
  Key key{g.m,
          g.n,
          g.k,
          g.lda,
          g.ldb,
          g.ldc,
          static_cast<uint8_t>(g.a_type),
          static_cast<uint8_t>(g.c_type),
          g.transpose_a,
          g.transpose_b,
          g.accumulate,
          g.bias != nullptr,
          num_threads()};
  auto found = lib.products.find(key);
  if (found == lib.products.end()) found = lib.products.emplace(key, make(lib, g)).first;
  Product& p = found->second;
  p.a.set_data_handle(const_cast<void*>(g.a));
  p.b.set_data_handle(const_cast<void*>(g.b));
  p.c.set_data_handle(g.c);
  if (g.bias) p.bias.set_data_handle(const_cast<float*>(g.bias));
  p.scratch.set_data_handle(lib.scratch.get());
  dnnl::error::wrap_c_api(dnnl_primitive_execute(p.primitive.get(), lib.stream.get(), p.count, p.arguments.data()),
                          "could not execute a product");
}

bool supports_onednn(const GemmArgs& g) {
#ifdef _OPENMP
  if (g.m <= 0 || g.n <= 0 || g.k <= 0 || g.a_type != g.b_type) return false;
  if (g.c_type != DType::kF32 && g.c_type != DType::kBF16) return false;
  if (g.a_type == DType::kF32) return g.c_type == DType::kF32;
  return g.a_type == DType::kBF16 && active_isa() == Isa::kAvx512Bf16 &&
         dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core_bf16;
#else
  (void)g;
  return false;  // Debian's oneDNN computes on the OpenMP team only
#endif
}

}  // namespace

const GemmProvider& onednn_provider() {
  static const GemmProvider provider = {"oneDNN", supports_onednn, run_onednn};
  return provider;
}

}  // namespace malmoi::kernels

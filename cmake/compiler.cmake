# Language level, warnings, sanitizers, and the compiler cache.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
if(MALMOI_SANITIZE)
  # Asserts on. With AddressSanitizer optimising takes more of the compiler than tests win by it, but for the kernels.
  set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
  if(MALMOI_SANITIZE STREQUAL "thread")
    set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
  endif()
  add_compile_definitions(MALMOI_SANITIZED)  # for tests of time and memory, whose limits mean nothing there
endif()

add_compile_options(-Wall -Wextra -Wno-missing-field-initializers -fno-math-errno)
# The same sums on every machine and in every build: a product and a sum are contracted only where the code says fma.
add_compile_options(-ffp-contract=off)

# The instruction sets that kernels are compiled for, each with its flags (base/cpu.h chooses at run time). What sanitizers look at is
# the same in each but for the number of lanes: for them one beside the baseline is enough, which alone would be too slow.
set(MALMOI_ISAS baseline)
set(MALMOI_ISA_FLAGS_baseline)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND MALMOI_ISAS avx2)
  set(MALMOI_ISA_FLAGS_avx2 -mavx2 -mfma -mf16c)
  if(NOT MALMOI_SANITIZE)
    list(APPEND MALMOI_ISAS avx512 avx512_bf16)
    set(MALMOI_ISA_FLAGS_avx512 ${MALMOI_ISA_FLAGS_avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni
        -mprefer-vector-width=512)
    set(MALMOI_ISA_FLAGS_avx512_bf16 ${MALMOI_ISA_FLAGS_avx512} -mavx512bf16)
  endif()
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Files that use a precompiled header are remembered as well, which ccache does only when told to.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

if(MALMOI_SANITIZE)
  add_compile_options(-fsanitize=${MALMOI_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${MALMOI_SANITIZE} $<$<CXX_COMPILER_ID:Clang>:-fuse-ld=lld>)  # a tenth of the time of GNU ld
  if(MALMOI_SANITIZE MATCHES "undefined")
    # AddressSanitizer stops at null by itself, and no class is cast to one that it may not be: these checks cost an eighth of a build.
    add_compile_options(-fno-sanitize-recover=undefined -fno-sanitize=null,vptr)
  endif()
endif()
if(MALMOI_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

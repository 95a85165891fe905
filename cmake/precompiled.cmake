# Precompiled headers, where parsing them is a third of the work: googletest and JSON for all tests together, CLI11 for the
# command line, simdjson for the tokenizer, whose many small components each took a second for it, JSON for libraries of many
# files. No header of ours is precompiled: each file names what it needs, and the layers stay what they are.
set(MALMOI_JSON_HEADERS <nlohmann/json.hpp> <algorithm> <filesystem> <functional> <map> <memory> <optional> <span> <string>
                        <string_view> <vector>)

# malmoi_remember_precompiled(TARGET): what ccache asks for of a target that uses precompiled headers.
function(malmoi_remember_precompiled target)
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
                         "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endfunction()

# malmoi_precompile(TARGET HEADER...): gives the target headers of its own.
function(malmoi_precompile target)
  if(NOT MALMOI_PCH)
    return()
  endif()
  target_precompile_headers(${target} PRIVATE ${ARGN})
  malmoi_remember_precompiled(${target})
endfunction()

# malmoi_test_program(TARGET): gives a test program the headers that all tests share, once compiled. Tests of a release are
# optimised less than what they test, where most of their time goes: the compiler takes a third less.
function(malmoi_test_program target)
  set(level $<$<CONFIG:Release>:-O1>)
  target_compile_options(${target} PRIVATE ${level})
  if(NOT MALMOI_PCH)
    return()
  endif()
  if(NOT TARGET malmoi_test_headers)
    set(empty ${CMAKE_BINARY_DIR}/test_headers.cc)
    file(CONFIGURE OUTPUT ${empty} CONTENT "// Nothing: beside the precompiled headers.\n")
    add_library(malmoi_test_headers OBJECT EXCLUDE_FROM_ALL ${empty})
    target_link_libraries(malmoi_test_headers PRIVATE malmoi_base GTest::gmock)
    # As in the programs that use them: another kind of code makes them useless.
    set_target_properties(malmoi_test_headers PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(malmoi_test_headers PRIVATE -fPIE ${level})
    malmoi_precompile(malmoi_test_headers <gmock/gmock.h> <gtest/gtest.h> <nlohmann/json.hpp> <filesystem> <functional> <map>
                      <memory> <optional> <set> <string> <variant> <vector>)
  endif()
  target_precompile_headers(${target} REUSE_FROM malmoi_test_headers)
  malmoi_remember_precompiled(${target})
endfunction()

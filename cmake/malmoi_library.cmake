# malmoi_library(NAME [LINK lib...] [EXCLUDE regex...] [TEST_EACH_ISA]): the library of one folder of src/, made
# of every .cc in it and below, but those that EXCLUDE matches; those that ALONE matches share no batch (batches.cmake).
# What it may use of the others stands in src/layers.txt. Beside it: NAME_test from *_test.cc, and each *_bench.cc.
# TEST_EACH_ISA: the tests walk kernels' tables (kernels/test_support.h) and run once for each instruction set.
file(STRINGS ${CMAKE_SOURCE_DIR}/src/layers.txt MALMOI_LAYERS REGEX "^[a-z]+:")
file(STRINGS ${CMAKE_SOURCE_DIR}/src/layers.txt MALMOI_TEST_LAYERS REGEX "^[a-z]+_test:")
set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/layers.txt)

# malmoi_layers_of(NAME OUT): the libraries that NAME's line in the table allows. Tests need no line of their own.
function(malmoi_layers_of name out)
  foreach(line IN LISTS MALMOI_LAYERS MALMOI_TEST_LAYERS)
    if(line MATCHES "^${name}:(.*)$")
      string(REGEX MATCHALL "[a-z]+" used "${CMAKE_MATCH_1}")
      list(TRANSFORM used PREPEND "malmoi_")
      set(${out} ${used} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  if(NOT name MATCHES "_test$")
    message(FATAL_ERROR "src/layers.txt does not name the folder ${name}")
  endif()
endfunction()

# After which a test counts as hanging: sanitizers take a few times as long.
set(MALMOI_TEST_SECONDS 600)
if(MALMOI_SANITIZE)
  set(MALMOI_TEST_SECONDS 1500)
endif()

# malmoi_unit_test(NAME FOLDER [VARIABLE=VALUE...]): an entry of ctest that runs FOLDER_test in an environment.
function(malmoi_unit_test name folder)
  add_test(NAME unit.${name} COMMAND ${folder}_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  # Tests of one build never meet those of another, or of another entry, in a shared temporary folder.
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/test_tmp/${name})
  set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT ${MALMOI_TEST_SECONDS}
                       ENVIRONMENT "TEST_TMPDIR=${CMAKE_BINARY_DIR}/test_tmp/${name}/;${ARGN}")
endfunction()

function(malmoi_library name)
  cmake_parse_arguments(arg "TEST_EACH_ISA" "" "LINK;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  set(benches ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|bench)\\.cc$")
  foreach(excluded IN LISTS arg_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "${excluded}")
  endforeach()
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  malmoi_layers_of(${name} used)

  if(sources)
    set(scope PUBLIC)
    add_library(malmoi_${name} STATIC ${sources})
    malmoi_batches(malmoi_${name})
  else()  # headers alone
    set(scope INTERFACE)
    add_library(malmoi_${name} INTERFACE)
  endif()
  target_include_directories(malmoi_${name} ${scope} ${CMAKE_SOURCE_DIR}/src)
  foreach(library IN LISTS used)
    if(TARGET ${library})
      target_link_libraries(malmoi_${name} ${scope} ${library})
    endif()
  endforeach()
  target_link_libraries(malmoi_${name} ${scope} ${arg_LINK})

  if(BUILD_TESTING AND tests)
    add_executable(${name}_test ${tests})
    malmoi_layers_of(${name}_test used_by_tests)
    target_link_libraries(${name}_test PRIVATE malmoi_${name} ${used_by_tests} GTest::gmock GTest::gtest_main)
    # From the root of the tree, where tests run: an object is then the same in every checkout, and ccache knows it.
    target_compile_definitions(${name}_test PRIVATE MALMOI_TEST_DATA="tests/data")
    malmoi_batches(${name}_test)
    malmoi_test_program(${name}_test)
    add_dependencies(unit_tests ${name}_test)
    if(arg_TEST_EACH_ISA)
      foreach(isa IN LISTS MALMOI_ISAS)
        malmoi_unit_test(${name}.${isa} ${name} MALMOI_ISA=${isa})
        # What kernels/test_support.h says of an instruction set that this CPU has not.
        set_tests_properties(unit.${name}.${isa} PROPERTIES SKIP_REGULAR_EXPRESSION "this CPU has no ${isa}")
      endforeach()
    else()
      malmoi_unit_test(${name} ${name})
    endif()
  endif()
  if(MALMOI_BENCH AND benches)
    add_executable(${name}_bench ${benches})
    target_link_libraries(${name}_bench PRIVATE malmoi_${name} benchmark::benchmark_main)
  endif()
endfunction()

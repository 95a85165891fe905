# Unity builds: the files of a folder are compiled in batches. Most of a file's time goes to headers that its neighbours name as
# well: ten together took a quarter to three fifths of what they took one by one (bench/RESULTS.md). Names in unnamed namespaces
# are therefore unique in a library; files of a table (an op, an objective) that share names on purpose are compiled alone.
# With MALMOI_UNITY off every file is compiled alone, and shows that it names what it needs.
set(MALMOI_BATCH_FILES 25)

# malmoi_batches(TARGET [REGEX...]): compiles the target's files in batches, but those whose path matches one of REGEX alone.
function(malmoi_batches target)
  if(NOT MALMOI_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${MALMOI_BATCH_FILES})
  # What a file keeps for itself counts as included, so that GCC takes its coroutines and members for shared ones.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  get_target_property(sources ${target} SOURCES)
  foreach(alone IN LISTS ARGN)
    set(matching ${sources})
    list(FILTER matching INCLUDE REGEX "${alone}")
    set_source_files_properties(${matching} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endforeach()
endfunction()

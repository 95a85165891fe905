# Unity builds: the files of a folder are compiled in batches. Most of a file's time goes to headers that its neighbours name as
# well: ten together took a quarter to three fifths of what they took one by one (bench/RESULTS.md). Names in unnamed namespaces
# are therefore unique in a library; files of a table (families, objectives) have a namespace each, in which those may be alike.
# With MALMOI_UNITY off every file is compiled alone, and shows that it names what it needs.
set(MALMOI_BATCH_FILES 25)

# malmoi_batches(TARGET): compiles the target's files in batches.
function(malmoi_batches target)
  if(NOT MALMOI_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${MALMOI_BATCH_FILES})
  # What a file keeps for itself counts as included, so that GCC takes its coroutines and members for shared ones.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()

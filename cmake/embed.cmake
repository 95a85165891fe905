# malmoi_embed(LIBRARY FILE SYMBOL): puts the text of FILE into LIBRARY as `extern const std::string_view SYMBOL` of
# namespace malmoi::embedded. The file must not hold the sequence `)embedded"`.
function(malmoi_embed library file symbol)
  get_filename_component(path ${file} ABSOLUTE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  file(READ ${path} EMBEDDED_TEXT)
  set(EMBEDDED_SYMBOL ${symbol})
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.cc)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/embed.cc.in ${generated} @ONLY)
  target_sources(${library} PRIVATE ${generated})
endfunction()

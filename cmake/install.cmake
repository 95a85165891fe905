# What `cmake --install build/release` puts in place beside the program, and `--target uninstall` that takes it away.
include(GNUInstallDirs)
install(FILES LICENSE README.md README.ko.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/malmoi OPTIONAL)
install(DIRECTORY recipes/ DESTINATION ${CMAKE_INSTALL_DATADIR}/malmoi/recipes OPTIONAL)
add_custom_target(uninstall COMMAND ${CMAKE_COMMAND} -DMANIFEST=${CMAKE_BINARY_DIR}/install_manifest.txt
                  -P ${CMAKE_SOURCE_DIR}/cmake/uninstall.cmake)

# For CMakeLists.txt: installs what `make install` does, without the command line.
include(GNUInstallDirs)
set(_tga_package "${CMAKE_INSTALL_FULL_LIBDIR}/cmake/tigergraph_auth")
set(_tga_pkgconfig "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig")

install(PROGRAMS "${_tga_folder}/${_tga_real}" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES "${_tga_folder}/${_tga_soname}" "${_tga_folder}/${_tga_plain}" "${_tga_folder}/libtigergraph_auth.a"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY include/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")

# Each finds the others from where it is, so that what was installed may be moved.
file(RELATIVE_PATH prefix "${_tga_pkgconfig}" "${CMAKE_INSTALL_PREFIX}")
file(RELATIVE_PATH libdir "${CMAKE_INSTALL_PREFIX}" "${CMAKE_INSTALL_FULL_LIBDIR}")
file(RELATIVE_PATH includedir "${CMAKE_INSTALL_PREFIX}" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
set(prefix "\${pcfiledir}/${prefix}")
set(libdir "\${prefix}/${libdir}")
set(includedir "\${prefix}/${includedir}")
set(version "${PROJECT_VERSION}")
string(REPLACE ";" " " static_needs "${_tga_static_needs}")
configure_file(packaging/tigergraph_auth.pc.in tigergraph_auth.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/tigergraph_auth.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

file(RELATIVE_PATH _tga_up "${_tga_package}" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
file(READ packaging/cmake/tigergraph_auth-config.cmake _tga_config)
string(REGEX REPLACE "\nset\\(_tga_include [^\n]*" "\nset(_tga_include \"\${_tga_here}/${_tga_up}\")" _tga_config "${_tga_config}")
string(REGEX REPLACE "\nset\\(_tga_libdirs [^\n]*" "\nset(_tga_libdirs \"\${_tga_here}/../..\")" _tga_config "${_tga_config}")
string(REGEX REPLACE "\nset\\(_tga_static_needs [^\n]*" "\nset(_tga_static_needs \"${_tga_static_needs}\")" _tga_config "${_tga_config}")
file(GENERATE OUTPUT tigergraph_auth-config.cmake CONTENT "${_tga_config}")
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/tigergraph_auth-config.cmake"
  packaging/cmake/tigergraph_auth-config-version.cmake DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/tigergraph_auth")

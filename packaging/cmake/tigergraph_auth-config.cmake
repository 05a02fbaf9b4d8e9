# The installed library as targets, each of which exists if its file does:
#     tigergraph_auth::tigergraph_auth    shared
#     tigergraph_auth::static             static
# Everything is found from where this file is, so what was installed may be moved as a whole.

# Through symbolic links, because / may lead to /usr.
get_filename_component(_tga_here "${CMAKE_CURRENT_LIST_DIR}" REALPATH)
set(_tga_prefix "${_tga_here}/../../..")
# `make install` knows better and rewrites these three; `cargo cinstall` copies them as they are.
set(_tga_include "${_tga_prefix}/include")
set(_tga_libdirs "${_tga_prefix}/lib/${CMAKE_LIBRARY_ARCHITECTURE}" "${_tga_prefix}/lib64" "${_tga_prefix}/lib")
set(_tga_static_needs -lutil -lrt -lpthread -lm -ldl -lc)

get_filename_component(_tga_include "${_tga_include}" ABSOLUTE)
foreach(_tga_libdir IN LISTS _tga_libdirs)
  get_filename_component(_tga_libdir "${_tga_libdir}" ABSOLUTE)
  set(_tga_file "${_tga_libdir}/libtigergraph_auth${CMAKE_SHARED_LIBRARY_SUFFIX}")
  if(EXISTS "${_tga_file}" AND NOT TARGET tigergraph_auth::tigergraph_auth)
    add_library(tigergraph_auth::tigergraph_auth SHARED IMPORTED)
    set_target_properties(tigergraph_auth::tigergraph_auth PROPERTIES
      IMPORTED_LOCATION "${_tga_file}"
      INTERFACE_INCLUDE_DIRECTORIES "${_tga_include}")
  endif()
  set(_tga_file "${_tga_libdir}/libtigergraph_auth.a")
  if(EXISTS "${_tga_file}" AND NOT TARGET tigergraph_auth::static)
    add_library(tigergraph_auth::static STATIC IMPORTED)
    set_target_properties(tigergraph_auth::static PROPERTIES
      IMPORTED_LOCATION "${_tga_file}"
      INTERFACE_INCLUDE_DIRECTORIES "${_tga_include}"
      INTERFACE_LINK_LIBRARIES "${_tga_static_needs}")
  endif()
endforeach()

if(NOT TARGET tigergraph_auth::tigergraph_auth AND NOT TARGET tigergraph_auth::static)
  set(tigergraph_auth_FOUND FALSE)
  set(tigergraph_auth_NOT_FOUND_MESSAGE "there is no libtigergraph_auth in ${_tga_libdirs}")
endif()
# There are no components. Whoever needs one gets no package, and whoever can do without goes on.
foreach(_tga_component IN LISTS tigergraph_auth_FIND_COMPONENTS)
  set(tigergraph_auth_${_tga_component}_FOUND FALSE)
  if(tigergraph_auth_FIND_REQUIRED_${_tga_component})
    set(tigergraph_auth_FOUND FALSE)
    set(tigergraph_auth_NOT_FOUND_MESSAGE "tigergraph_auth has no component \"${_tga_component}\"")
  endif()
endforeach()
unset(_tga_component)
unset(_tga_here)
unset(_tga_prefix)
unset(_tga_include)
unset(_tga_libdirs)
unset(_tga_libdir)
unset(_tga_file)
unset(_tga_static_needs)

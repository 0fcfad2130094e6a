# The library for a core, as a target `quell`. For projects whose build is CMake's: include this file, then link with quell.
#
#   set(QUELL_CORE cortex-m33)   # a folder of build/firmware, made by `make firmware`
#   include(path/to/quell.cmake)
#   target_link_libraries(app quell)
get_filename_component(QUELL_ROOT "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(QUELL_LIBRARY "${QUELL_ROOT}/build/firmware/${QUELL_CORE}/libquell.a")
if(NOT EXISTS "${QUELL_LIBRARY}")
  message(FATAL_ERROR "There is no ${QUELL_LIBRARY}: set QUELL_CORE to a core that `make firmware` builds for, and run it")
endif()
add_library(quell STATIC IMPORTED GLOBAL)
set_target_properties(quell PROPERTIES IMPORTED_LOCATION "${QUELL_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${QUELL_ROOT}/include")

# Puts a model file among a target's constants: model_bytes and model_size of model.h.
function(quell_add_model target file)
  get_filename_component(file "${file}" ABSOLUTE)
  target_sources(${target} PRIVATE "${QUELL_ROOT}/Examples/Firmware/model.c")
  target_include_directories(${target} PRIVATE "${QUELL_ROOT}/Examples/Firmware")
  set_source_files_properties("${QUELL_ROOT}/Examples/Firmware/model.c" PROPERTIES
    COMPILE_DEFINITIONS "MODEL_FILE=\"${file}\"" OBJECT_DEPENDS "${file}")
endfunction()

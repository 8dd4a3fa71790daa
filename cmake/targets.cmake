# One function for each kind of target. A folder's CMakeLists.txt only lists sources and what they use.

# fl_library(NAME SOURCES a.cpp ... [PROTOS a.proto ...] [USES other libraries ...])
# A static library of the folder's sources; generated messages go into <NAME>_pb, without our warnings.
function(fl_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PROTOS;USES" ${ARGN})
  if(ARG_PROTOS)
    set(generated)
    foreach(proto IN LISTS ARG_PROTOS)
      # The name of a message file is its path from the root, as in every import and include.
      file(RELATIVE_PATH path ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${proto})
      string(REGEX REPLACE "[.]proto$" ".pb" out ${CMAKE_BINARY_DIR}/${path})
      add_custom_command(
        OUTPUT ${out}.cc ${out}.h
        COMMAND protobuf::protoc --proto_path=${CMAKE_SOURCE_DIR} --cpp_out=${CMAKE_BINARY_DIR} ${path}
        DEPENDS ${proto} protobuf::protoc
        COMMENT "Generating ${path}"
        VERBATIM)
      list(APPEND generated ${out}.cc ${out}.h)
    endforeach()
    add_library(${name}_pb STATIC ${generated})
    target_link_libraries(${name}_pb PUBLIC protobuf::libprotobuf)
    target_include_directories(${name}_pb SYSTEM PUBLIC ${CMAKE_BINARY_DIR})
    list(APPEND ARG_USES ${name}_pb)
  endif()
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    set_target_properties(${name} PROPERTIES UNITY_BUILD ${FL_UNITY} UNITY_BUILD_BATCH_SIZE 6)
    target_link_libraries(${name} PUBLIC fl_flags ${ARG_USES})
    set_property(GLOBAL APPEND PROPERTY FL_LIBRARIES $<TARGET_FILE:${name}>)
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE fl_flags ${ARG_USES})
  endif()
endfunction()

# fl_tests(TOP SOURCES a_test.cpp ... USES libraries ...)
# Adds Boost.Test sources to the test program of a top-level folder (TOP_test).
function(fl_tests top)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
  string(REPLACE "${CMAKE_SOURCE_DIR}/" "" folder ${CMAKE_CURRENT_SOURCE_DIR})
  string(REPLACE "/" "_" objects "${folder}_test_objects")
  add_library(${objects} OBJECT ${ARG_SOURCES})
  target_link_libraries(${objects} PUBLIC fl_flags ${ARG_USES} Boost::unit_test_framework fmt::fmt)
  target_compile_options(${objects} PRIVATE ${FL_TEST_OPTIONS})
  target_compile_definitions(${objects} PRIVATE FL_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                             FL_BINARY_DIR="${CMAKE_BINARY_DIR}")
  set_property(GLOBAL APPEND PROPERTY FL_TEST_TOPS ${top})
  set_property(GLOBAL APPEND PROPERTY FL_TEST_OBJECTS_${top} ${objects})
  list(TRANSFORM ARG_SOURCES PREPEND "${folder}/")
  set_property(GLOBAL APPEND PROPERTY FL_TEST_SOURCES ${ARG_SOURCES})
endfunction()

function(fl_test_program name objects label)
  add_executable(${name} ${CMAKE_SOURCE_DIR}/core/testing/test_main.cpp)
  target_link_libraries(${name} PRIVATE ${objects} Boost::unit_test_framework)
  add_test(NAME ${name} COMMAND ${name} --catch_system_errors=no --color_output=no
           WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 900)
  if(label STREQUAL "property")
    # The same cases on every machine; other seeds by hand or in campaigns.
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "RC_PARAMS=seed=20")
  endif()
endfunction()

function(fl_finish_tests)
  get_property(tops GLOBAL PROPERTY FL_TEST_TOPS)
  list(REMOVE_DUPLICATES tops)
  foreach(top IN LISTS tops)
    get_property(objects GLOBAL PROPERTY FL_TEST_OBJECTS_${top})
    set(label unit)
    if(top STREQUAL "scenarios")
      set(label scenario)
    elseif(top STREQUAL "proptests")
      set(label property)
    endif()
    if(FL_SPLIT_TESTS)
      foreach(object IN LISTS objects)
        string(REPLACE "_test_objects" "_test" program ${object})
        fl_test_program(${program} ${object} ${label})
      endforeach()
    else()
      fl_test_program(${top}_test "${objects}" ${label})
    endif()
  endforeach()
  get_property(sources GLOBAL PROPERTY FL_TEST_SOURCES)
  list(JOIN sources "\n" lines)
  file(WRITE ${CMAKE_BINARY_DIR}/test_sources.txt "${lines}\n")

  # The parts of the source rules that no text search finds.
  get_property(libraries GLOBAL PROPERTY FL_LIBRARIES)
  add_test(NAME no_mutable_globals COMMAND ${CMAKE_SOURCE_DIR}/scripts/check_globals ${libraries})
  # The planted leak by a surviving static is what this check must find.
  add_test(NAME mutable_global_is_found
           COMMAND ${CMAKE_SOURCE_DIR}/scripts/check_globals $<TARGET_OBJECTS:sim_leaks>
           COMMAND_EXPAND_LISTS)
  set_tests_properties(mutable_global_is_found PROPERTIES PASS_REGULAR_EXPRESSION "g_runs_seen")
  set_tests_properties(no_mutable_globals mutable_global_is_found PROPERTIES LABELS rules)
  find_program(FL_CLANG_FORMAT NAMES clang-format-14 clang-format)
  if(FL_CLANG_FORMAT)
    add_test(NAME format COMMAND ${CMAKE_SOURCE_DIR}/scripts/check_format ${FL_CLANG_FORMAT})
    set_tests_properties(format PROPERTIES LABELS rules)
  endif()
endfunction()

# Compiles every header of ours on its own (CONTRIBUTING, shape), unless its source does so anyway.
function(fl_finish_header_check)
  if(NOT FL_HEADER_CHECK)
    return()
  endif()
  file(GLOB_RECURSE headers RELATIVE ${CMAKE_SOURCE_DIR} CONFIGURE_DEPENDS core/*.h sim/*.h faults/*.h
       reports/*.h scenarios/*.h cli/*.h proptests/*.h bench/*.h)
  set(units)
  foreach(header IN LISTS headers)
    # A source begins with its own header, so says the source-rules test: that compiles it alone.
    string(REGEX REPLACE "[.]h$" ".cpp" source ${header})
    if(EXISTS ${CMAKE_SOURCE_DIR}/${source})
      continue()
    endif()
    set(unit ${CMAKE_BINARY_DIR}/header_check/${header}.cpp)
    file(CONFIGURE OUTPUT ${unit} CONTENT "#include \"${header}\"\n")
    list(APPEND units ${unit})
  endforeach()
  add_library(header_check OBJECT ${units})
  target_link_libraries(header_check PRIVATE fl_flags scenarios_harness Boost::fiber Boost::context
                        Boost::unit_test_framework rapidcheck benchmark::benchmark fmt::fmt)
endfunction()

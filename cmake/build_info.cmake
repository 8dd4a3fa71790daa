# cmake -DSOURCE=... -DOUTPUT=... -DPRESET=... -P build_info.cmake: who this build is, for replay files.
execute_process(COMMAND git describe --always --dirty --abbrev=10 WORKING_DIRECTORY ${SOURCE}
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT commit)
  set(commit "unknown")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT
"// Written by the build.
#pragma once
#define FL_BUILD_COMMIT \"${commit}\"
#define FL_BUILD_PRESET \"${PRESET}\"
")

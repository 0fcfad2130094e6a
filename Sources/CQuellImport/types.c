/* The types are all in the header; a target of C must have something to compile. */
#include "quell_import_types.h"

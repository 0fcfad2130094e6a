/* All that Swift sees of C. Every header is named: the compiler does not notice a new file in a folder that it has
 * read. */
#ifndef CQUELL_H
#define CQUELL_H
#include "build_information.h"
#include "kernels.h"
#include "platform.h"
#include "quell_types.h"
#include "unicode_classes.h"
#include "unicode_normalization.h"
#include "workers.h"
#endif

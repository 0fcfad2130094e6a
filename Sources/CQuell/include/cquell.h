#ifndef CQUELL_H
#define CQUELL_H
#include "platform.h"
#include "quell_types.h"
#include "unicode_classes.h"
#include "unicode_normalization.h"
#endif

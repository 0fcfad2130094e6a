/* What the library was built of. */
#ifndef QUELL_BUILD_INFORMATION_H
#define QUELL_BUILD_INFORMATION_H

/* A line of text: version, commit, machine, instructions, compilers. */
const char *quell_build_text(void);

#endif

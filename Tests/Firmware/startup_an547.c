/* Where the emulated AN547 looks for the first two vectors, at 0, there is too little memory for a model: the program
 * lies elsewhere. */
extern char __stack[];
void _start(void);

__attribute__((section(".startup"))) const void *const startup_vectors[] = {__stack, (const void *)_start};
